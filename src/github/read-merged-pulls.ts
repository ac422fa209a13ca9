import { z } from "zod";
import type { GitHub } from "./client.ts";
import { GitHubError } from "./errors.ts";
import { query } from "./query.ts";

/** A pull request that was merged, in short. Times are ms since epoch. */
export type MergedPull = {
  readonly number: number;
  readonly createdAt: number;
  readonly mergedAt: number;
  /** What the base branch was before the merge; null where GitHub does not show the merge commit. */
  readonly baseSha: string | null;
};

/** Each costs a query of its own later, and GitHub gives a person 5,000 points an hour. */
export const mergedPullsMax = 5_000;

const text = `
query MergedPulls($owner: String!, $repo: String!, $after: String) {
  repository(owner: $owner, name: $repo) {
    pullRequests(states: [MERGED], orderBy: { field: UPDATED_AT, direction: DESC }, first: 100, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { number createdAt mergedAt updatedAt mergeCommit { parents(first: 1) { nodes { oid } } } }
    }
  }
}`;

const time = z.string().transform((at) => Date.parse(at));
const schema = z.object({
  repository: z
    .object({
      pullRequests: z.object({
        pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
        nodes: z.array(
          z.object({
            number: z.number(),
            createdAt: time,
            mergedAt: time,
            updatedAt: time,
            mergeCommit: z
              .object({ parents: z.object({ nodes: z.array(z.object({ oid: z.string() })) }) })
              .nullable(),
          }),
        ),
      }),
    })
    .nullable(),
});

/** Asks GitHub, and again where that helps. */
type Ask = <Answer>(request: () => Promise<Answer>) => Promise<Answer>;

/** What the pages are read with, and for. `now` and `since` are ms since epoch. */
type Reading = { readonly since: number; readonly now: number; readonly ask: Ask };

/**
 * The pull requests of a repository that were merged at `since` or later, oldest merge first: one request for each hundred that
 * changed since then. One that changes meanwhile jumps to the front of GitHub's list, past the page that is read, so the list is
 * begun again until its front holds nothing new.
 * @returns `complete` is false past `mergedPullsMax`: then some of those that changed longest ago are missing.
 * @throws GitHubError; `gone` when the repository cannot be seen.
 */
export async function readMergedPulls(
  github: GitHub,
  repository: { readonly owner: string; readonly repo: string },
  reading: Reading,
): Promise<{ pulls: readonly MergedPull[]; complete: boolean }> {
  const found = new Map<number, MergedPull>();
  const isFull = () => found.size >= mergedPullsMax;
  for (let known = -1; known < found.size && !isFull(); ) {
    const isFirst = known === -1;
    known = found.size;
    for (let after: string | null = null; !isFull(); ) {
      const before = found.size;
      const { nodes, pageInfo } = await readPage(github, { ...repository, after }, reading);
      const changed = nodes.filter(({ updatedAt }) => updatedAt >= reading.since);
      for (const pull of changed) if (pull.mergedAt >= reading.since) found.set(pull.number, inShort(pull));
      const isOld = changed.length < nodes.length || !pageInfo.hasNextPage;
      if (isOld || (!isFirst && found.size === before)) break;
      after = pageInfo.endCursor;
    }
  }
  const pulls = [...found.values()].toSorted((one, other) => one.mergedAt - other.mergedAt);
  return { pulls, complete: !isFull() };
}

type Page = NonNullable<z.infer<typeof schema>["repository"]>["pullRequests"];

async function readPage(
  github: GitHub,
  variables: { readonly owner: string; readonly repo: string; readonly after: string | null },
  { now, ask }: Reading,
): Promise<Page> {
  const { data, problems } = await ask(async () => query(github, { text, variables, schema, now }));
  const name = `${variables.owner}/${variables.repo}`;
  if (data.repository === null)
    throw new GitHubError(`${name} does not exist, or may not be seen.`, { gone: true });
  if (problems[0] !== undefined)
    throw new GitHubError(`The merged pull requests of ${name} cannot be listed: ${problems[0].message}`);
  return data.repository.pullRequests;
}

function inShort({ number, createdAt, mergedAt, mergeCommit }: Page["nodes"][number]): MergedPull {
  return { number, createdAt, mergedAt, baseSha: mergeCommit?.parents.nodes[0]?.oid ?? null };
}
