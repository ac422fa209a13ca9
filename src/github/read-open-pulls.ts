import { z } from "zod";
import type { Read } from "../gate/accounts.ts";
import type { GitHub } from "./client.ts";
import { type ConfigFiles, configFilesOf, organisationFilesOf } from "./config-files.ts";
import { configFiles } from "./facts-query.ts";
import { checkRun, configFilesSchema } from "./facts-schema.ts";
import { headCheckRun, headCheckRunOf, headCommitsSchema } from "./own-check-run.ts";
import { query, unanswered } from "./query.ts";
import type { RepositoryRef } from "./targets.ts";

/** An open pull request in short: enough to tell whether what is known of it still holds. */
export type OpenPull = {
  readonly number: number;
  readonly headSha: string;
  readonly base: string;
  /** GitHub's words for when it changed last: compare them, do not reckon with them. */
  readonly updatedAt: string;
  /** Our check run on its head; null where none stands there, completed. */
  readonly shown: { readonly conclusion: string; readonly title: string } | null;
};

/** GraphQL points left, how many there are in an hour, and when (ms since epoch) the next hour begins. */
export type Quota = { readonly remaining: number; readonly limit: number; readonly resetAt: number };

const filesQuery = `
query ConfigFiles($owner: String!, $repo: String!, $configRepo: String!) {
  repository(owner: $owner, name: $repo, followRenames: false) { ${configFiles} }
  config: repository(owner: $owner, name: $configRepo, followRenames: false) { ${configFiles} }
}
fragment blob on Blob { oid byteSize isTruncated text }`;

const filesSchema = z.object({
  repository: configFilesSchema.nullable(),
  config: configFilesSchema.nullable(),
});

/** Three points for a hundred pull requests: by GitHub's reckoning 301 requests. */
const pullsQuery = `
query OpenPulls($owner: String!, $repo: String!, $appId: Int!, $after: String) {
  rateLimit { remaining limit resetAt }
  repository(owner: $owner, name: $repo) { pullRequests(states: [OPEN], first: 100, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes {
      number headRefOid baseRefName updatedAt
      ${headCheckRunOf("status conclusion title")}
    }
  } }
}`;

const pull = z.object({
  number: z.number(),
  headRefOid: z.string(),
  baseRefName: z.string(),
  updatedAt: z.string(),
  commits: headCommitsSchema(checkRun.pick({ status: true, conclusion: true, title: true })),
});
const pullsSchema = z.object({
  rateLimit: z.object({
    remaining: z.number(),
    limit: z.number(),
    resetAt: z.string().transform((at) => Date.parse(at)),
  }),
  repository: z
    .object({
      pullRequests: z.object({
        pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
        nodes: z.array(pull),
      }),
    })
    .nullable(),
});

/**
 * The roster and policy files of a repository and of its organisation, as a look reads them with a pull request: one request.
 * @throws GitHubError; `gone` when the repository cannot be seen any more.
 */
export async function readConfigFiles(
  github: GitHub,
  ref: RepositoryRef,
  { configRepo, now }: { readonly configRepo: string; readonly now: number },
): Promise<{ organisation: Read<ConfigFiles>; repository: ConfigFiles }> {
  const variables = { ...ref, configRepo };
  const { data, problems } = await query(github, { text: filesQuery, variables, schema: filesSchema, now });
  const { repository, config } = data;
  const others = problems.filter(({ path = [] }) => path[0] !== "config");
  if (repository === null || others.length > 0) throw unanswered(ref, others);
  const why = problems.find(({ type, path = [] }) => type !== "NOT_FOUND" || path.length > 1)?.message;
  return { organisation: organisationFilesOf(config, why), repository: configFilesOf(repository) };
}

/**
 * The open pull requests of a repository, a hundred for a request, oldest first, and what is left to ask with after each.
 * @throws GitHubError; `gone` when the repository cannot be seen any more.
 */
export async function* readOpenPulls(
  github: GitHub,
  ref: RepositoryRef,
  { appId, now }: { readonly appId: number; readonly now: number },
): AsyncGenerator<{ readonly pulls: readonly OpenPull[]; readonly quota: Quota }> {
  let after: string | null = null;
  do {
    const variables: Record<string, unknown> = { ...ref, appId, after };
    const { data, problems } = await query(github, { text: pullsQuery, variables, schema: pullsSchema, now });
    if (data.repository === null || problems.length > 0) throw unanswered(ref, problems);
    const { nodes: found, pageInfo } = data.repository.pullRequests;
    yield { pulls: found.map(openPull), quota: data.rateLimit };
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after !== null);
}

function openPull({ commits, ...found }: z.infer<typeof pull>): OpenPull {
  const run = headCheckRun(commits, found.headRefOid);
  const { number, headRefOid: headSha, baseRefName: base, updatedAt } = found;
  const completed = run?.status === "COMPLETED" ? run : null;
  const shown =
    completed === null
      ? null
      : { conclusion: (completed.conclusion ?? "").toLowerCase(), title: completed.title ?? "" };
  return { number, headSha, base, updatedAt, shown };
}
