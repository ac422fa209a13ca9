/** `git push` by a person: new commits on a branch, a new branch, or a rewritten one. */
import { commitOf, editTree, type FileEdits, isAncestor, makeCommit } from "./git.ts";
import { signatureOf } from "./merge.ts";
import { updateBranch } from "./pulls.ts";
import { accountNamed } from "./setup.ts";
import { canPush, type Repository, type Signature, type World } from "./world.ts";

/** A login, or whatever a commit may claim. */
export type Person = string | { readonly name: string; readonly email: string };

export type NewCommit = {
  readonly message: string;
  /** The pusher when left out. */
  readonly author?: Person;
  /** The author when left out, GitHub for a commit signed by it. */
  readonly committer?: Person;
  readonly files?: FileEdits;
  /** SHAs or branches; the first gives the tree the files are applied to. The commit before when left out. */
  readonly parents?: readonly string[];
  readonly signedByGitHub?: boolean;
};

export type Push = {
  readonly branch: string;
  readonly pusher: string;
  /** Branch or SHA to start from: the default branch for a new branch, the branch itself for one that exists. */
  readonly from?: string;
  readonly force?: boolean;
  readonly commits?: readonly NewCommit[];
  /** The pusher is on the bypass list of the branch's rulesets. */
  readonly bypassRules?: boolean;
} & Partial<NewCommit>;

/**
 * Pushes `commits`, or the one commit that `files` and `message` describe, or with neither just moves the branch.
 * @returns the new head SHA.
 * @throws what git would show the pusher: no write access, not a fast-forward, a ruleset that is not satisfied.
 */
export function push(world: World, repository: Repository, input: Push): string {
  const { branch, force = false, bypassRules = false } = input;
  const actor = accountNamed(world, input.pusher);
  if (!canPush(repository, actor.id)) {
    throw new Error(
      `Permission to ${repository.name} denied to ${actor.login}: make them a collaborator with write.`,
    );
  }
  const before = repository.branches.get(branch);
  let sha = resolve(repository, input.from ?? (before === undefined ? repository.defaultBranch : branch));
  for (const commit of commitsOf(input)) sha = add(world, repository, input.pusher, sha, commit);
  if (before !== undefined && !force && !isAncestor(repository, before, sha)) {
    throw new Error(`${branch} -> ${branch} (non-fast-forward): use force to rewrite it.`);
  }
  updateBranch(world, repository, { branch, sha, actor, bypassRules });
  return sha;
}

function commitsOf(input: Push): readonly NewCommit[] {
  if (input.commits) return input.commits;
  const {
    branch: _branch,
    pusher: _pusher,
    from: _from,
    force: _force,
    bypassRules: _bypass,
    ...commit
  } = input;
  if (commit.files === undefined && commit.message === undefined) return [];
  return [{ ...commit, message: commit.message ?? `Change ${Object.keys(commit.files ?? {}).join(", ")}` }];
}

function add(world: World, repository: Repository, pusher: string, tip: string, input: NewCommit): string {
  const parents = (input.parents ?? [tip]).map((parent) => resolve(repository, parent));
  const [first] = parents;
  const tree = editTree(
    first === undefined ? new Map() : commitOf(repository, first).tree,
    input.files ?? {},
  );
  const date = world.stamp();
  const author = input.author ?? pusher;
  const web = { name: "GitHub", email: "noreply@github.com" };
  const committer = input.committer ?? (input.signedByGitHub ? web : author);
  const commit = makeCommit({
    tree,
    parents,
    message: input.message,
    author: signature(world, author, date),
    committer: signature(world, committer, date),
    signedByGitHub: input.signedByGitHub ?? false,
  });
  repository.commits.set(commit.sha, commit);
  return commit.sha;
}

function signature(world: World, person: Person, date: string): Signature {
  return typeof person === "string" ? signatureOf(accountNamed(world, person), date) : { ...person, date };
}

function resolve(repository: Repository, revision: string): string {
  const sha = repository.branches.get(revision) ?? revision;
  return commitOf(repository, sha).sha;
}
