import { z } from "zod";
import type { GitHub } from "./client.ts";
import { GitHubError } from "./errors.ts";
import { headCheckRun, headCheckRunOf, headCommitsSchema } from "./own-check-run.ts";
import type { Installation } from "./installations.ts";
import { query } from "./query.ts";

/** An open pull request as a search shows it. `repo` is `owner/name`. */
export type FoundPull = {
  readonly repo: string;
  readonly number: number;
  readonly headSha: string;
  readonly base: string;
  /** GitHub's words for when it changed last: compare them, do not reckon with them. */
  readonly updatedAt: string;
  /** Whether our check run stands on its head, completed. */
  readonly checked: boolean;
};

export type Found = {
  readonly pulls: readonly FoundPull[];
  /** GitHub shows no more than the first 1,000 results of a search. */
  readonly complete: boolean;
  /** GraphQL points left for this hour, and how many there are. */
  readonly quota: { readonly remaining: number; readonly limit: number };
};

const text = `query($search: String!, $appId: Int!, $after: String) {
  rateLimit { remaining limit }
  search(query: $search, type: ISSUE, first: 100, after: $after) {
    issueCount
    pageInfo { hasNextPage endCursor }
    nodes { ... on PullRequest {
      number headRefOid baseRefName updatedAt
      repository { nameWithOwner }
      ${headCheckRunOf("status")}
    } }
  }
}`;

const schema = z.object({
  rateLimit: z.object({ remaining: z.number(), limit: z.number() }),
  search: z.object({
    issueCount: z.number(),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
    nodes: z.array(
      z.object({
        number: z.number(),
        headRefOid: z.string(),
        baseRefName: z.string(),
        updatedAt: z.string(),
        repository: z.object({ nameWithOwner: z.string() }),
        commits: headCommitsSchema(z.object({ status: z.string() })),
      }),
    ),
  }),
});

/** The open pull requests of an installation: one request for each hundred, those that changed last first. @throws GitHubError */
export async function searchOpenPulls(
  github: GitHub,
  { owner, kind }: Installation,
  { appId, now }: { readonly appId: number; readonly now: number },
): Promise<Found> {
  const scope = kind === "User" ? "user" : "org";
  const search = `is:pr is:open archived:false sort:updated-desc ${scope}:${owner}`;
  const pulls: FoundPull[] = [];
  let after: string | null = null;
  for (;;) {
    const variables: Record<string, unknown> = { search, appId, after };
    const { data, problems } = await query(github, { text, variables, schema, now });
    const [problem] = problems;
    if (problem !== undefined)
      throw new GitHubError(`Open pull requests cannot be searched: ${problem.message}`);
    pulls.push(...data.search.nodes.map(foundPull));
    const { hasNextPage, endCursor } = data.search.pageInfo;
    if (!hasNextPage)
      return { pulls, complete: pulls.length >= data.search.issueCount, quota: data.rateLimit };
    after = endCursor;
  }
}

function foundPull(node: z.infer<typeof schema>["search"]["nodes"][number]): FoundPull {
  return {
    repo: node.repository.nameWithOwner,
    number: node.number,
    headSha: node.headRefOid,
    base: node.baseRefName,
    updatedAt: node.updatedAt,
    checked: headCheckRun(node.commits, node.headRefOid)?.status === "COMPLETED",
  };
}
