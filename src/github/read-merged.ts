import { z } from "zod";
import type { Facts } from "../gate/facts.ts";
import type { How } from "../gate/landing.ts";
import type { GitHub } from "./client.ts";
import { GitHubError, toGitHubError } from "./errors.ts";
import { query } from "./query.ts";

/** What the base branch got with a merged pull request. */
export type Merged = {
  readonly how: How;
  /** The commits, in any order. */
  readonly shas: readonly string[];
  /** The merge commit among them, where GitHub did not make it: somebody may have put more into it. */
  readonly byHand: string | null;
};

/** Copies that a rebase made are walked through in one query; past that they are not known. */
const copiesMax = 100;

/** The account that lands what a merge queue lets through. */
const mergeQueue = /^github-merge-queue(?:\[bot\])?$/u;

/**
 * Which commits came to the base branch with a merged pull request.
 * - The head itself is there: its commits, and the commit that merged it. GitHub calls a pull request merged as well when its
 *   commits arrived by another way, a push or another pull request; what came on top of them then is not its own.
 * - The head is not there: GitHub, and nobody else, has squashed or rebased it, because nothing else makes it merged.
 * @param before what the base branch was before the push that brought the merge, where that was seen.
 * @returns null where GitHub does not show the commit. At most two requests. @throws GitHubError
 * https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request/about-pull-request-merges
 */
export async function readMerged(
  github: GitHub,
  facts: Facts,
  { before, now }: { readonly before: string | null; readonly now: number },
): Promise<Merged | null> {
  const { merge, headSha } = facts;
  const commit = merge?.commit ?? null;
  if (merge === null || commit === null || facts.commits.kind !== "read") return null;
  const own = facts.commits.value.map(({ sha }) => sha);
  const queued = merge.by !== null && merge.by.kind !== "User" && mergeQueue.test(merge.by.login);
  const say = (how: How, shas: readonly string[], byHand: string | null = null): Merged => ({
    how: queued ? "queue" : how,
    shas: [...new Set(shas)],
    byHand,
  });
  if (own.includes(commit.sha)) return say("merge", own);
  if (commit.parents.length > 1 && commit.parents.includes(headSha)) {
    return say("merge", [...own, commit.sha], commit.signedByGitHub ? null : commit.sha);
  }
  if (await contains(github, facts, commit.sha, now)) return say("merge", own);
  const copied = facts.commits.value.filter(({ parents }) => parents.length === 1);
  const [only] = copied;
  if (only === undefined || copied.length === 1) {
    const same = only?.message === commit.message && !commit.signedByGitHub;
    return say(same ? "rebase" : "squash", [commit.sha]);
  }
  const copies = await readCopies(github, facts, { commit: commit.sha, before, max: copied.length, now });
  return say(copies.length > 1 ? "rebase" : "squash", copies);
}

/** Whether a commit has the head of the pull request in its history. */
async function contains(
  github: GitHub,
  { owner, repo, headSha }: Facts,
  sha: string,
  now: number,
): Promise<boolean> {
  try {
    const basehead = `${sha}...${headSha}`;
    const asked = { owner, repo, basehead, per_page: 1 };
    const { data } = await github.rest.repos.compareCommitsWithBasehead(asked);
    return data.ahead_by === 0;
  } catch (error) {
    throw toGitHubError(error, now);
  }
}

const copiesQuery = `
query Copies($owner: String!, $repo: String!, $sha: GitObjectID!, $count: Int!) {
  repository(owner: $owner, name: $repo) { object(oid: $sha) { ... on Commit { history(first: $count) { nodes {
    oid parents(first: 2) { nodes { oid } } associatedPullRequests(first: 10) { nodes { number } }
  } } } } }
}`;

const copiesSchema = z.object({
  repository: z.object({
    object: z.object({
      history: z.object({
        nodes: z.array(
          z.object({
            oid: z.string(),
            parents: z.object({ nodes: z.array(z.object({ oid: z.string() })) }),
            associatedPullRequests: z.object({ nodes: z.array(z.object({ number: z.number() })) }).nullable(),
          }),
        ),
      }),
    }),
  }),
});

/** The line of commits that ends with this one and came with it: as far back as the push did, or as GitHub says. */
async function readCopies(
  github: GitHub,
  { owner, repo, number }: Facts,
  wanted: {
    readonly commit: string;
    readonly before: string | null;
    readonly max: number;
    readonly now: number;
  },
): Promise<string[]> {
  const { commit, before, max, now } = wanted;
  const variables = { owner, repo, sha: commit, count: Math.min(max, copiesMax) };
  const asked = { text: copiesQuery, variables, schema: copiesSchema, now };
  const { data, problems } = await query(github, asked);
  if (problems.length > 0)
    throw new GitHubError(`GitHub does not show what #${number} was merged as: ${problems[0]?.message}`);
  const nodes = new Map(data.repository.object.history.nodes.map((node) => [node.oid, node]));
  const found: string[] = [];
  let next: string | undefined = commit;
  while (next !== undefined && next !== before && found.length < max) {
    const node = nodes.get(next);
    if (node === undefined || node.parents.nodes.length > 1) break;
    const named = node.associatedPullRequests?.nodes.some((pull) => pull.number === number) ?? false;
    if (before === null && !named && next !== commit) break;
    found.push(next);
    next = node.parents.nodes[0]?.oid;
  }
  return found;
}
