import { z } from "zod";
import type { Read } from "../gate/accounts.ts";
import type { Note } from "../gate/notes.ts";
import type { GitHub } from "./client.ts";
import { blobSchema } from "./facts-schema.ts";
import { query } from "./query.ts";

/** Three objects are asked for each: a query of GitHub's has to be answered within ten seconds. */
const commitsPerQuery = 50;

/** What all notes together may weigh, as they are kept with the facts: a note has about 1 KB, 2,000 commits are read at most. */
const notesBytesMax = 16 * 1024 * 1024;

const notesSchema = z.object({ repository: z.record(z.string(), blobSchema).nullable() });

/**
 * git-ai's notes on these commits, from `refs/notes/ai` of the repository: one request for each 50 commits.
 * @returns an empty list where there is no such ref; unreadable, with the reason, where one note cannot be read, because
 *   half of the notes must not pass for all of them.
 * @throws GitHubError when GitHub could not answer at all.
 */
export async function readNotes(
  github: GitHub,
  ref: { readonly owner: string; readonly repo: string },
  shas: readonly string[],
  now: number,
): Promise<Read<readonly Note[]>> {
  const notes: Note[] = [];
  let bytes = 0;
  for (let from = 0; from < shas.length; from += commitsPerQuery) {
    const wanted = shas.slice(from, from + commitsPerQuery).flatMap(pathsOf);
    const variables = { owner: ref.owner, repo: ref.repo };
    const asked = { text: notesQuery(wanted), variables, schema: notesSchema, now };
    const { data, problems } = await query(github, asked);
    if (problems[0] !== undefined || data.repository === null) {
      const why = problems[0]?.message ?? "the app may not see the repository";
      return unreadable(`The git-ai notes of ${ref.owner}/${ref.repo} could not be read: ${why}`);
    }
    for (const [index, { sha }] of wanted.entries()) {
      const blob = data.repository[`note${index}`] ?? null;
      if (blob === null) continue;
      const note = noteOf(sha, blob);
      if (note.kind !== "read") return note;
      notes.push(note.value);
      bytes += blob.byteSize ?? 0;
    }
    if (bytes > notesBytesMax) {
      const megabytes = notesBytesMax / 1024 / 1024;
      return pastLimit(`The git-ai notes of the pull request are larger than ${megabytes} MB.`);
    }
  }
  return { kind: "read", value: notes };
}

/**
 * Where the note on a commit may be: the more notes, the deeper git makes the folders of their tree. git-ai writes the
 * second form, git the third from some ten thousand notes on. https://git-scm.com/docs/git-notes
 */
function pathsOf(sha: string): { sha: string; path: string }[] {
  const [one, two, rest] = [sha.slice(0, 2), sha.slice(2, 4), sha.slice(4)];
  return [sha, `${one}/${two}${rest}`, `${one}/${two}/${rest}`].map((path) => ({ sha, path }));
}

function notesQuery(wanted: readonly { path: string }[]): string {
  const objects = wanted.map(
    ({ path }, index) =>
      `note${index}: object(expression: ${JSON.stringify(`refs/notes/ai:${path}`)}) { ...note }`,
  );
  return `query Notes($owner: String!, $repo: String!) {
  repository(owner: $owner, name: $repo) { ${objects.join(" ")} }
}
fragment note on Blob { byteSize isTruncated text }`;
}

function noteOf(
  sha: string,
  { byteSize, isTruncated, text }: NonNullable<z.infer<typeof blobSchema>>,
): Exclude<Read<Note>, { kind: "absent" }> {
  const name = `The git-ai note of ${sha.slice(0, 7)}`;
  // GitHub cuts a text after 512,000 bytes, and what is cut off says whose the lines are.
  if (isTruncated === true) return pastLimit(`${name} is larger than GitHub shows (${byteSize} bytes).`);
  if (typeof text !== "string") return unreadable(`${name} is not a text.`);
  return { kind: "read", value: { sha, text } };
}

function unreadable(why: string): { kind: "unreadable"; why: string } {
  return { kind: "unreadable", why };
}

function pastLimit(why: string): { kind: "unreadable"; why: string; pastLimit: true } {
  return { kind: "unreadable", why, pastLimit: true };
}
