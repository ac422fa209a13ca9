/**
 * What the one query of a look does not answer. Each function is called only where a verdict depends on what it reads.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Account } from "../gate/accounts.ts";
import type { Patch, PushAccess } from "../gate/facts.ts";
import { emptyPatch, type Tree } from "../gate/patches.ts";
import { accountOfActor, actorSchema } from "./accounts.ts";
import type { GitHub } from "./client.ts";
import { type ConfigBlob, configBlobOf } from "./config-files.ts";
import { asking, GitHubError, ifThere } from "./errors.ts";
import { policyPath, rosterPath } from "./facts-query.ts";
import { blobSchema } from "./facts-schema.ts";
import { query } from "./query.ts";
import type { PullRef } from "./read-pull.ts";
import type { RepositoryRef } from "./targets.ts";

/** Where fingerprints are kept: a merge base and a head never differ in anything else than they did. */
export type PatchCache = {
  readonly recall: (mergeBase: string, head: string) => Promise<string | null>;
  readonly keep: (mergeBase: string, head: string, fingerprint: string) => Promise<void>;
};

/** Two or three requests each: more would not be read within the lease of a look. */
const patchesMax = 50;

/**
 * The fingerprint of what each head SHA changes against a base branch as it is now: equal ones are the same patch. One
 * request for the merge base, and one for each tree that was not read before; none for trees when the cache knows them.
 * @param ref.baseSha what the base branch was when the pull request was merged: since then it has the change in it.
 * @returns one patch for each that was wanted; unreadable, which counts as changed, where GitHub has the SHA or the branch
 *   no more, cuts the list of files (100,000 files or 7 MB), or past 50 patches.
 * @throws GitHubError when GitHub could not answer at all: the look is then repeated rather than an approval dropped.
 */
export async function readPatches(
  github: GitHub,
  ref: RepositoryRef & { readonly baseSha?: string | undefined },
  wanted: readonly { readonly base: string; readonly sha: string }[],
  cache: PatchCache,
  now: number,
): Promise<Patch[]> {
  const trees = new Map<string, Promise<Tree | null>>();
  const treeOf = async (sha: string): Promise<Tree | null> => {
    const known = trees.get(sha) ?? readTree(github, ref, sha);
    trees.set(sha, known);
    return known;
  };
  return Promise.all(
    wanted.map(async ({ base, sha }, at): Promise<Patch> => {
      const unreadable = (why: string): Patch => ({ base, sha, fingerprint: { kind: "unreadable", why } });
      if (at >= patchesMax)
        return unreadable(`more than ${patchesMax} versions of this change would have to be compared`);
      const patch = await ifThere(now, async (): Promise<Patch> => {
        const from = await readMergeBase(github, ref, ref.baseSha ?? base, sha);
        const known = await cache.recall(from.sha, sha);
        if (known !== null) return { base, sha, fingerprint: { kind: "read", value: known } };
        const [before, after] = await Promise.all([treeOf(from.tree), treeOf(sha)]);
        if (before === null || after === null)
          return unreadable("GitHub does not list all files of a tree this large");
        const fingerprint = fingerprintOf(before, after);
        await cache.keep(from.sha, sha, fingerprint);
        return { base, sha, fingerprint: { kind: "read", value: fingerprint } };
      });
      return patch ?? unreadable(`GitHub does not have ${sha.slice(0, 7)} or the branch ${base} any more`);
    }),
  );
}

/** Where it is kept that a commit is in the base branch: it does not leave it again. */
type LandedCache = {
  readonly recall: (sha: string) => Promise<boolean>;
  readonly keep: (sha: string) => Promise<void>;
};

/** One request each. Evidence from more commits than this stays, though some of them landed. */
const locatedMax = 50;

/**
 * Which of the commits are in the base branch as it is now, with one request for each that was not found there before.
 * A commit or branch that GitHub does not have any more has not landed. @throws GitHubError when GitHub could not answer.
 */
export async function readLanded(
  github: GitHub,
  { owner, repo, base }: RepositoryRef & { readonly base: string },
  shas: readonly string[],
  cache: LandedCache,
  now: number,
): Promise<string[]> {
  const landed = await Promise.all(
    shas.slice(0, locatedMax).map(async (sha) => {
      if (await cache.recall(sha)) return [sha];
      const asked = { owner, repo, basehead: `${base}...${sha}`, per_page: 1 };
      const compared = await ifThere(now, async () => github.rest.repos.compareCommitsWithBasehead(asked));
      if (compared === null || compared.data.ahead_by > 0) return [];
      await cache.keep(sha);
      return [sha];
    }),
  );
  return landed.flat();
}

/** Where a commit left a branch, or another commit. One request. */
export async function readMergeBase(
  github: GitHub,
  { owner, repo }: RepositoryRef,
  base: string,
  sha: string,
): Promise<{ sha: string; tree: string }> {
  const basehead = `${base}...${sha}`;
  const { data } = await github.rest.repos.compareCommitsWithBasehead({ owner, repo, basehead, per_page: 1 });
  const { merge_base_commit: from } = data;
  return { sha: from.sha, tree: from.commit.tree.sha };
}

/** Null for a tree that GitHub cuts; a submodule's blob is the commit it names. @param sha of a tree, or of a commit: its tree. */
export async function readTree(
  github: GitHub,
  { owner, repo }: RepositoryRef,
  sha: string,
): Promise<Tree | null> {
  const { data } = await github.rest.git.getTree({ owner, repo, tree_sha: sha, recursive: "1" });
  if (data.truncated) return null;
  // Folders are listed too, but they say no more than the files in them.
  const files = data.tree.filter((entry) => entry.type !== "tree");
  return new Map(files.map((entry) => [entry.path, `${entry.mode} ${entry.sha}`]));
}

function fingerprintOf(before: Tree, after: Tree): string {
  const paths = new Set([...before.keys(), ...after.keys()]);
  const changed = [...paths].filter((path) => before.get(path) !== after.get(path)).toSorted();
  if (changed.length === 0) return emptyPatch;
  const lines = changed.map((path) =>
    JSON.stringify([path, before.get(path) ?? null, after.get(path) ?? null]),
  );
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}

/** 1,000 threads, of each 50 comments. Past that a suggestion goes unseen, and its author stays a contributor. */
const threadPagesMax = 10;

const suggestionsQuery = `
query Suggestions($owner: String!, $repo: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $repo) { pullRequest(number: $number) {
    reviewThreads(first: 100, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { comments(first: 50) { nodes {
        body editor { login } author { __typename login ... on User { databaseId } ... on Bot { databaseId } }
      } } }
    }
  } }
}`;

const commentSchema = z.object({
  body: z.string(),
  author: actorSchema,
  editor: z.object({ login: z.string() }).nullable(),
});
const suggestionsSchema = z.object({
  repository: z
    .object({
      pullRequest: z
        .object({
          reviewThreads: z.object({
            pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
            nodes: z.array(
              z.object({ comments: z.object({ nodes: z.array(commentSchema.nullable()) }) }).nullable(),
            ),
          }),
        })
        .nullable(),
    })
    .nullable(),
});

/**
 * The accounts that left a suggested change in a review comment of the pull request, each once. A comment that somebody
 * else edited proves nothing about its author. What GitHub withholds is no suggestion: that can only make the verdict
 * stricter. @throws GitHubError when GitHub could not answer at all.
 */
export async function readSuggestions(github: GitHub, ref: PullRef, now: number): Promise<Account[]> {
  const { owner, repo, number } = ref;
  const found = new Map<string, Account>();
  let after: string | null = null;
  for (let page = 0; page < threadPagesMax; page++) {
    const asked: Asked<typeof suggestionsSchema> = {
      text: suggestionsQuery,
      variables: { owner, repo, number, after },
      schema: suggestionsSchema,
      now,
    };
    const { data } = await query(github, asked);
    const threads = data.repository?.pullRequest?.reviewThreads;
    for (const comment of threads?.nodes.flatMap((thread) => thread?.comments.nodes ?? []) ?? []) {
      const account = comment === null ? null : accountOfActor(comment.author);
      if (comment === null || account === null || !suggestion.test(comment.body)) continue;
      if (comment.editor === null || comment.editor.login === comment.author?.login)
        found.set(account.login, account);
    }
    after = threads?.pageInfo.hasNextPage === true ? threads.pageInfo.endCursor : null;
    if (after === null) break;
  }
  return [...found.values()];
}

/** One request each. More people of the roster than this override nothing at one head. */
const pushAccessMax = 50;

/**
 * Whether each account can push to the repository now, with one request each. GitHub knows it by login; the answer counts
 * only where it is about the account with that id. Custom roles and `maintain` show as the base role they build on.
 * https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
 * @returns unreadable for a login GitHub does not know or has given to another account, and past 50 accounts.
 * @throws GitHubError when GitHub could not answer at all: the look is then repeated rather than an override dropped.
 */
export async function readPushAccess(
  github: GitHub,
  { owner, repo }: RepositoryRef,
  accounts: readonly Account[],
  now: number,
): Promise<PushAccess[]> {
  return Promise.all(
    accounts.map(async (account, at): Promise<PushAccess> => {
      const unreadable = (why: string): PushAccess => ({ account, canPush: { kind: "unreadable", why } });
      if (at >= pushAccessMax) return unreadable(`more than ${pushAccessMax} people overrode this head`);
      const of = { owner, repo, username: account.login };
      const answer = await ifThere(now, async () => github.rest.repos.getCollaboratorPermissionLevel(of));
      if (answer === null) return unreadable("GitHub does not know the login any more");
      const { user, permission } = answer.data;
      if (user?.id !== account.id) return unreadable("the login belongs to another account by now");
      return { account, canPush: { kind: "read", value: ["admin", "write"].includes(permission) } };
    }),
  );
}

type Asked<Schema extends z.ZodType> = Parameters<typeof query<Schema>>[1];

/** How GitHub marks a suggested change: https://docs.github.com/en/pull-requests (commenting on a pull request). */
const suggestion = /^ {0,3}(?:`{3,}|~{3,})[ \t]*suggestion[ \t]*$/mu;

const proposalQuery = `
query Proposal($owner: String!, $repo: String!, $head: String!, $roster: String!, $policy: String!) {
  repository(owner: $owner, name: $repo) {
    head: object(expression: $head) { oid }
    roster: object(expression: $roster) { ...blob }
    policy: object(expression: $policy) { ...blob }
  }
}
fragment blob on Blob { oid byteSize isTruncated text }`;

const proposalSchema = z.object({
  repository: z
    .object({ head: z.object({ oid: z.string() }).nullable(), roster: blobSchema, policy: blobSchema })
    .nullable(),
});

/**
 * The roster and policy files as they are at a head SHA, with one request. The head of a fork is read in the repository
 * the pull request goes to, which has it too.
 * @throws GitHubError when GitHub could not answer, or does not show the commit.
 */
export async function readProposal(
  github: GitHub,
  { owner, repo }: RepositoryRef,
  sha: string,
  now: number,
): Promise<{ readonly roster: ConfigBlob; readonly policy: ConfigBlob }> {
  const variables = {
    owner,
    repo,
    head: sha,
    roster: `${sha}:${rosterPath}`,
    policy: `${sha}:${policyPath}`,
  };
  const asked = { text: proposalQuery, variables, schema: proposalSchema, now };
  const { data, problems } = await query(github, asked);
  const answer = data.repository;
  if (answer === null || answer.head === null || problems.length > 0) {
    const why = problems[0]?.message ?? "it says there is none";
    throw new GitHubError(`GitHub does not show the head commit ${sha.slice(0, 7)}: ${why}`);
  }
  const where = `${owner}/${repo} › `;
  return {
    roster: configBlobOf(answer.roster, false, where + rosterPath),
    policy: configBlobOf(answer.policy, false, where + policyPath),
  };
}

const stackSchema = z.object({
  stack: z.object({ base: z.object({ ref: z.string() }) }).nullish(),
});

/**
 * The base branch of the stack a pull request is in, whose rules hold for all of the stack; null when it is in none.
 * GraphQL does not tell. https://docs.github.com/en/pull-requests (stacked pull requests)
 * @throws GitHubError
 */
export async function readStackBase(
  github: GitHub,
  { owner, repo, number }: PullRef,
  now: number,
): Promise<string | null> {
  return asking(now, async () => {
    const { data } = await github.rest.pulls.get({ owner, repo, pull_number: number });
    const { stack } = stackSchema.parse(data);
    return stack?.base.ref ?? null;
  });
}
