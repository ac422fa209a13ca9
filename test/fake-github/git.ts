/** Git as far as the fake needs it: immutable commits with whole trees, ancestry, diffs with exact renames. */
import { createHash } from "node:crypto";
import type { Commit, FileMode, Repository, Signature, Tree, TreeEntry } from "./world.ts";

/** One file of a diff. `before` is null for an added file, `after` for a removed one. */
export type FileChange = {
  readonly path: string;
  /** The old path of a rename; null otherwise. */
  readonly previousPath: string | null;
  readonly status: "added" | "removed" | "modified" | "renamed";
  readonly before: TreeEntry | null;
  readonly after: TreeEntry | null;
  readonly additions: number;
  readonly deletions: number;
};

/** What to do with files: text (mode kept, or 100644), null to delete, or text and mode. */
export type FileEdits = Readonly<
  Record<string, string | null | { readonly text: string; readonly mode: FileMode }>
>;

/** The tree after the edits. Deleting a file that is not there is an error of the test, so it throws. */
export function editTree(tree: Tree, edits: FileEdits): Tree {
  const result = new Map(tree);
  for (const [path, edit] of Object.entries(edits)) {
    if (edit === null) {
      if (!result.delete(path)) throw new Error(`Cannot delete ${path}: the tree has no such file.`);
    } else {
      const text = typeof edit === "string" ? edit : edit.text;
      const mode = typeof edit === "string" ? (result.get(path)?.mode ?? "100644") : edit.mode;
      result.set(path, { mode, text, sha: blobSha(text) });
    }
  }
  return result;
}

/** A commit object; its SHA is taken over all of its content, so equal content is the same commit, as in git. */
export function makeCommit(content: {
  tree: Tree;
  parents: readonly string[];
  message: string;
  author: Signature;
  committer: Signature;
  signedByGitHub?: boolean;
}): Commit {
  const { tree, parents, message, author, committer, signedByGitHub = false } = content;
  const treeSha = treeShaOf(tree);
  const lines = [
    `tree ${treeSha}`,
    ...parents.map((parent) => `parent ${parent}`),
    `author ${author.name} <${author.email}> ${author.date}`,
    `committer ${committer.name} <${committer.email}> ${committer.date}`,
    ...(signedByGitHub ? ["gpgsig GitHub"] : []),
  ];
  const sha = sha1(`${lines.join("\n")}\n\n${message}`);
  return { sha, treeSha, tree, parents, message, author, committer, signedByGitHub };
}

/** The commit with this SHA; throws when the repository lacks it: callers check what people send before. */
export function commitOf(repository: Repository, sha: string): Commit {
  const commit = repository.commits.get(sha);
  if (!commit) throw new Error(`${repository.name} has no commit ${sha}.`);
  return commit;
}

/** SHAs of a commit and everything reachable from it. */
export function reachable(repository: Repository, sha: string): Set<string> {
  const seen = new Set<string>();
  const waiting = [sha];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    waiting.push(...commitOf(repository, next).parents);
  }
  return seen;
}

/** Whether the first commit is the second one or reachable from it. */
export function isAncestor(repository: Repository, ancestor: string, descendant: string): boolean {
  return reachable(repository, descendant).has(ancestor);
}

/** Commits reachable from head and not from base, parents before children. */
export function commitsBetween(repository: Repository, base: string, head: string): Commit[] {
  const known = reachable(repository, base);
  const ordered: Commit[] = [];
  // An explicit stack: a range of thousands of commits must not exhaust the call stack.
  const waiting = [{ sha: head, parentsDone: false }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { sha, parentsDone } = next;
    if (known.has(sha) && !parentsDone) continue;
    const commit = commitOf(repository, sha);
    if (parentsDone) {
      ordered.push(commit);
    } else {
      known.add(sha);
      waiting.push({ sha, parentsDone: true });
      for (const parent of commit.parents.toReversed()) waiting.push({ sha: parent, parentsDone: false });
    }
  }
  return ordered;
}

/** The best common ancestor (the one no other common ancestor descends from); null for unrelated histories. */
export function mergeBase(repository: Repository, one: string, other: string): string | null {
  const mine = reachable(repository, one);
  const common = [...reachable(repository, other)].filter((sha) => mine.has(sha));
  const older = new Set(common.flatMap((sha) => commitOf(repository, sha).parents));
  return common.find((sha) => !older.has(sha)) ?? null;
}

/** The files that differ between two trees, sorted by path. A removed and an added file of one content are a rename. */
export function diffTrees(before: Tree, after: Tree): FileChange[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  const changed = paths.filter((path) => !sameEntry(before.get(path), after.get(path)));
  const removed = new Set(changed.filter((path) => !after.has(path)));
  const changes: FileChange[] = [];
  for (const path of changed) {
    const now = after.get(path);
    if (!now) continue;
    const was = before.get(path);
    const from = was ? undefined : [...removed].find((old) => before.get(old)?.sha === now.sha);
    if (from === undefined) {
      changes.push(change(path, null, was ? "modified" : "added", was ?? null, now));
    } else {
      removed.delete(from);
      changes.push(change(path, from, "renamed", before.get(from) ?? null, now));
    }
  }
  for (const path of removed) changes.push(change(path, null, "removed", before.get(path) ?? null, null));
  return changes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** The three-dot diff GitHub shows for a pull request: from the merge base to head. */
export function diffFromMergeBase(repository: Repository, base: string, head: string): FileChange[] {
  const from = mergeBase(repository, base, head);
  return diffTrees(
    from === null ? new Map() : commitOf(repository, from).tree,
    commitOf(repository, head).tree,
  );
}

/**
 * Three-way merge by whole files: null when both sides changed one file in different ways.
 * Git merges inside files too; a conflict here that git could solve only makes a test say so.
 */
export function mergeTrees(base: Tree, ours: Tree, theirs: Tree): Tree | null {
  const result = new Map(ours);
  for (const path of new Set([...base.keys(), ...theirs.keys()])) {
    const was = base.get(path);
    const mine = ours.get(path);
    const yours = theirs.get(path);
    if (sameEntry(was, yours) || sameEntry(mine, yours)) continue;
    if (!sameEntry(was, mine)) return null;
    if (yours) result.set(path, yours);
    else result.delete(path);
  }
  return result;
}

/** The tree a merge of two commits would have; null when they conflict. */
export function mergeCommits(repository: Repository, ours: string, theirs: string): Tree | null {
  const from = mergeBase(repository, ours, theirs);
  const was = from === null ? new Map() : commitOf(repository, from).tree;
  return mergeTrees(was, commitOf(repository, ours).tree, commitOf(repository, theirs).tree);
}

/** Git's own SHA of a file's content. */
export function blobSha(text: string): string {
  return sha1(`blob ${Buffer.byteLength(text)}\0${text}`);
}

function treeShaOf(tree: Tree): string {
  const lines = [...tree].map(([path, entry]) => `${entry.mode} ${path}\0${entry.sha}`);
  return sha1(`tree\0${lines.toSorted().join("\n")}`);
}

function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}

function sameEntry(one: TreeEntry | undefined, other: TreeEntry | undefined): boolean {
  return one?.sha === other?.sha && one?.mode === other?.mode;
}

function change(
  path: string,
  previousPath: string | null,
  status: FileChange["status"],
  before: TreeEntry | null,
  after: TreeEntry | null,
): FileChange {
  const old = linesOf(before?.text ?? "");
  const present = linesOf(after?.text ?? "");
  const kept = commonLines(old, present);
  return {
    path,
    previousPath,
    status,
    before,
    after,
    additions: present.length - kept,
    deletions: old.length - kept,
  };
}

function linesOf(text: string): string[] {
  if (text === "") return [];
  return (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
}

/** How many lines both have, wherever they stand: a moved line counts as kept, unlike in git. */
function commonLines(old: readonly string[], present: readonly string[]): number {
  const left = new Map<string, number>();
  for (const line of old) left.set(line, (left.get(line) ?? 0) + 1);
  let kept = 0;
  for (const line of present) {
    const count = left.get(line) ?? 0;
    if (count > 0) kept++;
    left.set(line, count - 1);
  }
  return kept;
}
