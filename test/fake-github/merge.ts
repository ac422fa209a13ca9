/** Commits that GitHub itself makes: merge, squash and rebase, Update branch, web edits. Required checks rule here. */
import {
  commitOf,
  editTree,
  type FileEdits,
  isAncestor,
  makeCommit,
  mergeBase,
  mergeCommits,
  mergeTrees,
} from "./git.ts";
import { HttpError, invalid } from "./http-error.ts";
import { markMerged, updateBranch } from "./pulls.ts";
import { baseTip, headRepository, pullCommits } from "./render-pull.ts";
import { missingChecks } from "./required-checks.ts";
import {
  type Account,
  accountById,
  canPush,
  type Commit,
  type Pull,
  type Repository,
  type Signature,
  type Tree,
  type World,
} from "./world.ts";

export type MergeMethod = "merge" | "squash" | "rebase";

/** How the commits are made that land. */
export type Making = {
  /** False: as on a server of one's own that does not sign what it makes. */
  readonly signed?: boolean;
  /** What these files are at the end, whatever both sides had: this fake does not merge inside a file. */
  readonly leaving?: FileEdits;
};

/** What an account's commits claim: its name and its first e-mail. */
export function signatureOf(account: Account, date: string): Signature {
  return { name: account.name, email: account.emails[0] ?? "", date };
}

/**
 * Merges an open pull request into its base.
 * @returns the SHA the base branch has then.
 * @throws 403 without write access; 405 for a draft, a conflict, a closed one, or a required check that is missing or
 *   failing; 409 when `sha` is not the head any more.
 */
export function mergePull(
  world: World,
  repository: Repository,
  pull: Pull,
  actor: Account,
  input: {
    method: MergeMethod;
    sha?: string | undefined;
    title?: string | undefined;
    message?: string | undefined;
    /** The actor is on the bypass list of the branch's rulesets. */
    bypassRules?: boolean;
  } & Making,
): string {
  if (!canPush(repository, actor.id))
    throw new HttpError(403, "Must have push access to merge a pull request");
  if (pull.state === "closed") throw new HttpError(405, "Pull Request is not mergeable");
  if (pull.draft) throw new HttpError(405, "Pull Request is still a draft");
  if (input.sha !== undefined && input.sha !== pull.head.sha) {
    throw new HttpError(409, "Head branch was modified. Review and try the merge again.");
  }
  const missing = missingChecks(repository, pull.base.ref, pull.head.sha);
  if (missing.length > 0 && input.bypassRules !== true)
    throw new HttpError(405, `Repository rule violations found\n\n${missing.join("\n\n")}\n\n`);
  const base = baseTip(repository, pull);
  const tree = mergedTree(repository, base, pull.head.sha, input.leaving ?? {});
  const commits = pullCommits(repository, pull);
  const sha = landing(world, repository, pull, { actor, base, tree, commits, ...input });
  pull.base.sha = base;
  markMerged(world, repository, pull, { actor, sha });
  // The rules were asked about the head that was reviewed; the commit made from it has no checks of its own.
  const landed = { branch: pull.base.ref, sha, actor, bypassRules: true, merges: "pr_merge" } as const;
  updateBranch(world, repository, landed);
  return sha;
}

function mergedTree(repository: Repository, ours: string, theirs: string, leaving: FileEdits): Tree {
  const from = mergeBase(repository, ours, theirs);
  const [was, mine, yours] = [from, ours, theirs].map((sha) =>
    sha === null ? new Map() : without(commitOf(repository, sha).tree, leaving),
  );
  const tree = mergeTrees(was ?? new Map(), mine ?? new Map(), yours ?? new Map());
  if (tree === null) throw new HttpError(405, "Pull Request is not mergeable");
  return editTree(tree, leaving);
}

function without(tree: Tree, edits: FileEdits): Tree {
  return new Map([...tree].filter(([path]) => !Object.hasOwn(edits, path)));
}

/**
 * "Update branch": merges the base into the head with a two-parent commit by GitHub.
 * @throws 403 without write access; 422 when nothing is new, `expectedHeadSha` is not the head, or they conflict.
 */
export function updatePullBranch(
  world: World,
  repository: Repository,
  pull: Pull,
  actor: Account,
  expectedHeadSha: string | undefined,
): void {
  const target = headRepository(world, pull);
  if (!canPush(target, actor.id)) throw new HttpError(403, "Must have push access to update the branch");
  if (expectedHeadSha !== undefined && expectedHeadSha !== pull.head.sha) {
    throw invalid("expected head sha didn’t match current head ref.");
  }
  const base = baseTip(repository, pull);
  if (isAncestor(repository, base, pull.head.sha))
    throw invalid("There are no new commits on the base branch.");
  const tree = mergeCommits(repository, base, pull.head.sha);
  if (tree === null) throw invalid("merge conflict between base and head");
  const message = `Merge branch '${pull.base.ref}' into ${pull.head.ref}`;
  const sha = addWebCommit(world, target, { tree, parents: [pull.head.sha, base], message, author: actor });
  updateBranch(world, target, { branch: pull.head.ref, sha, actor });
}

/** A file written through the contents API: a commit by GitHub in the person's name. @returns the new commit. */
export function writeFile(
  world: World,
  repository: Repository,
  actor: Account,
  file: { path: string; text: string; message: string; branch: string; parent: string },
): Commit {
  const tree = editTree(commitOf(repository, file.parent).tree, { [file.path]: file.text });
  const sha = addWebCommit(world, repository, {
    tree,
    parents: [file.parent],
    message: file.message,
    author: actor,
  });
  updateBranch(world, repository, { branch: file.branch, sha, actor });
  return commitOf(repository, sha);
}

type Landing = {
  readonly actor: Account;
  readonly base: string;
  readonly tree: Tree;
  readonly commits: readonly Commit[];
  readonly method: MergeMethod;
  readonly title?: string | undefined;
  readonly message?: string | undefined;
} & Making;

/** Makes the commits a method asks for and returns the last one's SHA. */
function landing(world: World, repository: Repository, pull: Pull, merge: Landing): string {
  const { actor, base, tree, commits, signed = true } = merge;
  switch (merge.method) {
    case "merge": {
      const owner = accountById(world, headRepository(world, pull).ownerId).login;
      const title = merge.title ?? `Merge pull request #${pull.number} from ${owner}/${pull.head.ref}`;
      const message = text(title, merge.message ?? pull.title);
      return addWebCommit(world, repository, {
        ...{ tree, parents: [base, pull.head.sha], message, author: actor },
        signed,
      });
    }
    case "squash": {
      const [title, body] = squashMessage(pull, commits);
      const message = text(merge.title ?? title, merge.message ?? body);
      const author = accountById(world, pull.userId);
      return addWebCommit(world, repository, { tree, parents: [base], message, author, signed });
    }
    case "rebase":
      pull.copies = rebase(world, repository, actor, base, merge);
      return pull.copies.at(-1) ?? base;
  }
}

/** One commit: its own message. Several: the title and the list of them. GitHub's default setting. */
function squashMessage(pull: Pull, commits: readonly Commit[]): [string, string] {
  const [only, ...more] = commits;
  if (only && more.length === 0) {
    const [title = "", ...rest] = only.message.split("\n");
    return [`${title} (#${pull.number})`, rest.join("\n").trim()];
  }
  return [`${pull.title} (#${pull.number})`, commits.map((commit) => `* ${commit.message}`).join("\n\n")];
}

/** Copies every commit but merges onto the base; the merger is the committer, nothing is signed. @returns the copies' SHAs. */
function rebase(
  world: World,
  repository: Repository,
  actor: Account,
  base: string,
  { commits, leaving = {} }: Landing,
): string[] {
  let tip = base;
  const copies: string[] = [];
  for (const commit of commits.filter((one) => one.parents.length === 1)) {
    const [parent = base] = commit.parents;
    const [was, mine, yours] = [parent, tip, commit.sha].map((sha) =>
      without(commitOf(repository, sha).tree, leaving),
    );
    const merged = mergeTrees(was ?? new Map(), mine ?? new Map(), yours ?? new Map());
    if (merged === null) throw new HttpError(405, "This branch can't be rebased");
    const tree = editTree(merged, leaving);
    const { message, author } = commit;
    const copy = makeCommit({
      tree,
      parents: [tip],
      message,
      author,
      committer: signatureOf(actor, world.stamp()),
    });
    repository.commits.set(copy.sha, copy);
    tip = copy.sha;
    copies.push(tip);
  }
  return copies;
}

/** A commit as the web makes it: written in a person's name, committed by web-flow, signed by GitHub unless that was turned off. */
export function addWebCommit(
  world: World,
  repository: Repository,
  content: { tree: Tree; parents: readonly string[]; message: string; author: Account; signed?: boolean },
): string {
  const date = world.stamp();
  const commit = makeCommit({
    ...content,
    author: signatureOf(content.author, date),
    committer: { name: "GitHub", email: "noreply@github.com", date },
    signedByGitHub: content.signed ?? true,
  });
  repository.commits.set(commit.sha, commit);
  return commit.sha;
}

function text(title: string, body: string): string {
  return body === "" ? title : `${title}\n\n${body}`;
}
