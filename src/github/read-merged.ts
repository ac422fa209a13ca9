import { z } from "zod";
import type { Read } from "../gate/accounts.ts";
import type { Commit, Facts } from "../gate/facts.ts";
import type { How } from "../gate/landing.ts";
import { type Difference, differenceOf } from "../gate/patches.ts";
import type { GitHub } from "./client.ts";
import { asking, GitHubError, ifThere } from "./errors.ts";
import { query } from "./query.ts";
import { readMergeBase, readTree } from "./read-more.ts";

/** What the base branch got with a merged pull request. */
export type Merged = {
  readonly how: How;
  /** The commits, in any order. */
  readonly shas: readonly string[];
  /** What somebody may have put more into; null where GitHub made all of it from the head, or it is the head. */
  readonly made: Made | null;
};

/** Commits that came of the head of a pull request and of which GitHub's signature does not say that it made them. */
export type Made = {
  /** The last one first. */
  readonly shas: readonly string[];
  /** What the first of them was made on; null where that is not known. */
  readonly onto: string | null;
  /** Whether they are one commit that has the head as a parent, as everybody can make: squashes and copies only GitHub calls merged. */
  readonly isMerge: boolean;
};

/** Copies that a rebase made are walked through a hundred at a time. */
const copiesPerQuery = 100;

/** The account that lands what a merge queue lets through. */
const mergeQueue = /^github-merge-queue(?:\[bot\])?$/u;

/**
 * Which commits came to the base branch with a merged pull request.
 * - The head itself is there: its commits, and the commit that merged it. GitHub calls a pull request merged as well when its
 *   commits arrived by another way, a push or another pull request; what came on top of them then is not its own.
 * - The head is not there: GitHub, and nobody else, has squashed or rebased it, because nothing else makes it merged.
 * @param before what the base branch was before the push that brought the merge, where that was seen.
 * @returns null where GitHub does not show the commit. One request, and one for each hundred copies of a rebase. @throws GitHubError
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
  const say = (how: How, shas: readonly string[], made: Made | null = null): Merged => ({
    how: queued ? "queue" : how,
    shas: [...new Set(shas)],
    made,
  });
  if (own.includes(commit.sha)) return say("merge", own);
  if (commit.parents.length > 1 && commit.parents.includes(headSha)) {
    const [onto = null, merged, ...more] = commit.parents;
    const isButton = isByGitHub(commit) && merged === headSha && more.length === 0;
    const other = commit.parents.find((parent) => parent !== headSha) ?? onto;
    const made = { shas: [commit.sha], onto: other, isMerge: true };
    return say("merge", [...own, commit.sha], isButton ? null : made);
  }
  // Where the head left the history of the commit: it is the head itself where the commit has it.
  const from = await asking(now, async () => readMergeBase(github, facts, commit.sha, headSha));
  if (from.sha === headSha) return say("merge", own);
  const copied = facts.commits.value.filter(({ parents }) => parents.length === 1);
  // GitHub signs squashes, and copies never: https://docs.github.com/en/authentication/managing-commit-signature-verification
  const known = !queued && isByGitHub(commit);
  const only = known || copied.length < 2 || commit.parents.length > 1;
  const [parent = null] = commit.parents;
  const { shas, onto } = only
    ? { shas: [commit.sha], onto: parent }
    : // One push of a queue brings several pull requests.
      await readCopies(github, facts, { commit, before: queued ? null : before, max: copied.length, now });
  const isCopy = only ? copied[0]?.message === commit.message && !known : shas.length > 1;
  const head = facts.commits.value.find(({ sha }) => sha === headSha);
  const isSame = onto !== null && onto === from.sha && head?.tree === commit.tree;
  const made = isByGitHub(commit) || isSame ? null : { shas, onto, isMerge: false };
  return say(isCopy ? "rebase" : "squash", shas, made);
}

/** GitHub signs what an app writes through its API as well, in the app's name. GHES commits as noreply@ of its own host. */
function isByGitHub({ signedByGitHub, committer: { account, email } }: Commit): boolean {
  return signedByGitHub && (account?.login === "web-flow" || email.startsWith("noreply@"));
}

const copiesQuery = `
query Copies($owner: String!, $repo: String!, $sha: GitObjectID!, $count: Int!, $after: String) {
  repository(owner: $owner, name: $repo) { object(oid: $sha) { ... on Commit { history(first: $count, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes { oid parents(first: 2) { nodes { oid } } associatedPullRequests(first: 10) { nodes { number } } }
  } } } }
}`;

const copiesSchema = z.object({
  repository: z.object({
    object: z.object({
      history: z.object({
        pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
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

type Asked = Parameters<typeof query<typeof copiesSchema>>[1];

/**
 * The line of commits that ends with this one and came with it: as far back as the push did, or as GitHub says; and what they were
 * made on. GitHub lists the parent of a commit that has only one next after it.
 */
async function readCopies(
  github: GitHub,
  { owner, repo, number }: Facts,
  wanted: {
    readonly commit: Commit;
    readonly before: string | null;
    readonly max: number;
    readonly now: number;
  },
): Promise<Pick<Made, "shas" | "onto">> {
  const { commit, before, max, now } = wanted;
  const shas: string[] = [];
  for (let after: string | null = null; ; ) {
    const count = Math.min(max - shas.length, copiesPerQuery);
    const variables = { owner, repo, sha: commit.sha, count, after };
    const asked: Asked = { text: copiesQuery, variables, schema: copiesSchema, now };
    const { data, problems } = await query(github, asked);
    if (problems.length > 0)
      throw new GitHubError(`GitHub does not show what #${number} was merged as: ${problems[0]?.message}`);
    const { nodes, pageInfo } = data.repository.object.history;
    for (const { oid, parents, associatedPullRequests } of nodes) {
      const named = associatedPullRequests?.nodes.some((pull) => pull.number === number) ?? false;
      const isOther = before === null && !named && oid !== commit.sha;
      if (isOther || parents.nodes.length > 1) return { shas, onto: oid };
      shas.push(oid);
      const [parent = null] = parents.nodes.map((node) => node.oid);
      if (shas.length === max || parent === before) return { shas, onto: parent };
    }
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    if (after === null) return { shas, onto: null };
  }
}

/**
 * The files in which what landed is not what was approved: five requests.
 * @returns unreadable where GitHub has one of the commits no more, or cuts a list of files. @throws GitHubError
 */
export async function readDifference(
  github: GitHub,
  facts: Facts,
  { sha, onto }: { readonly sha: string; readonly onto: string },
  now: number,
): Promise<Read<Difference>> {
  const gone = {
    kind: "unreadable",
    why: `GitHub does not have ${facts.headSha.slice(0, 7)} any more`,
  } as const;
  const difference = await ifThere(now, async (): Promise<Read<Difference>> => {
    const from = await readMergeBase(github, facts, onto, facts.headSha);
    const shas = [from.sha, facts.headSha, onto, sha];
    const [before, approved, there, landed] = await Promise.all(
      shas.map(async (each) => readTree(github, facts, each)),
    );
    if (!before || !approved || !there || !landed)
      return { kind: "unreadable", why: "GitHub does not list all files of a tree this large" };
    return { kind: "read", value: differenceOf({ before, approved, onto: there, landed }) };
  });
  return difference ?? gone;
}
