import type { Read } from "../gate/accounts.ts";
import type { GitHub } from "./client.ts";
import { GitHubError } from "./errors.ts";
import { groupQuery } from "./facts-query.ts";
import { groupSchema } from "./facts-schema.ts";
import { query, unanswered } from "./query.ts";
import { type OwnCheckRun, ownCheckRun, readerOf } from "./read-pull.ts";
import type { RefOf } from "./targets.ts";

/** A merge group as its delivery named it. `base` is a branch name, `headRef` a full one: `refs/heads/gh-readonly-queue/…`. */
export type GroupRef = RefOf<"group"> & { readonly headRef: string; readonly base: string };

type GroupRead = {
  /** The pull requests that land with the group: the one it was made for and those ahead of it, first to land first. */
  readonly pulls: Read<readonly number[]>;
  readonly checkRun: OwnCheckRun | null;
};

/**
 * Reads which pull requests a merge group would land, and our check run on its commit, in one request. Those ahead count
 * because where the queue does not ask every entry for passing checks, a failing one rides along with the last.
 * @returns null when the group is gone: its branch was deleted, or is at another commit.
 * @throws GitHubError, also while GitHub does not list a pull request whose group it asks about: to be asked again.
 */
export async function readGroup(
  github: GitHub,
  ref: GroupRef,
  { appId, now }: { appId: number | null; now: number },
): Promise<GroupRead | null> {
  const { owner, repo, sha, headRef, base } = ref;
  const variables = { owner, repo, sha, headRef, base, ...readerOf(appId), associated: null };
  const { data, problems } = await query(github, { text: groupQuery, variables, schema: groupSchema, now });
  const name = `the merge group ${sha.slice(0, 7)} of ${owner}/${repo}`;
  const { repository } = data;
  if (repository === null || problems.length > 0) throw unanswered(ref, problems, name);
  if (repository.ref?.target?.oid !== sha) return null;
  if (repository.object === null) throw new GitHubError(`GitHub does not show the commit of ${name}.`);
  return {
    pulls: pullsOf(ref, repository.mergeQueue),
    checkRun: ownCheckRun(repository.object, "checkRuns"),
  };
}

type Queue = { entries: { totalCount: number; nodes: { position: number; number: number | null }[] } };

function pullsOf({ headRef, base, sha }: GroupRef, queue: Queue | null): GroupRead["pulls"] {
  const named = pullOfGroup(headRef, base);
  if (named === null)
    return { kind: "unreadable", why: `${headRef} does not say for which pull request it is` };
  if (queue === null) return { kind: "unreadable", why: `GitHub shows no merge queue for ${base}` };
  const { nodes, totalCount } = queue.entries;
  const entries = nodes.toSorted((one, other) => one.position - other.position);
  const last = entries.findIndex(({ number }) => number === named);
  if (last === -1 && totalCount > nodes.length)
    return { kind: "unreadable", why: `#${named} is not among the first ${nodes.length} of the merge queue` };
  if (last === -1)
    throw new GitHubError(`GitHub does not list #${named} of the merge group ${sha.slice(0, 7)}.`);
  const pulls = entries.slice(0, last + 1).flatMap(({ number }) => number ?? []);
  if (pulls.length <= last)
    return { kind: "unreadable", why: `GitHub does not show every pull request ahead of #${named}` };
  return { kind: "read", value: pulls };
}

/**
 * The pull request a merge group was made for, from the name GitHub gives its branch,
 * `refs/heads/gh-readonly-queue/BASE/pr-NUMBER-SHA`; null for any other name. A base may have slashes in its own.
 */
export function pullOfGroup(headRef: string, base: string): number | null {
  const prefix = `refs/heads/gh-readonly-queue/${base}/`;
  if (!headRef.startsWith(prefix)) return null;
  const [, number] = /^pr-([1-9]\d{0,9})-[0-9a-f]{40}$/u.exec(headRef.slice(prefix.length)) ?? [];
  return number === undefined ? null : Number(number);
}
