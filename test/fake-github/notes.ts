/** Git notes: a commit of its own under `refs/notes/…`, in whose tree each file is named like the commit it is about. */
import { editTree, type FileEdits, makeCommit } from "./git.ts";
import type { Repository } from "./world.ts";

/** Makes the ref say just this; nobody hears of it, as no webhook tells of notes. Paths are flat or in folders (`ab/cd…`). */
export function writeNotes(repository: Repository, notes: FileEdits, ref = "refs/notes/ai"): void {
  const author = { name: "git-ai", email: "git-ai@acme.dev", date: "2026-03-01T12:00:00Z" };
  const tree = editTree(new Map(), notes);
  const commit = makeCommit({ tree, parents: [], message: "Notes", author, committer: author });
  repository.commits.set(commit.sha, commit);
  repository.otherRefs.set(ref, commit.sha);
}
