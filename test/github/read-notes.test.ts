import { describe, expect, test } from "vitest";
import { readNotes } from "../../src/github/read-notes.ts";
import type { FileEdits } from "../fake-github/git.ts";
import { writeNotes } from "../fake-github/notes.ts";
import { recordedGitHub } from "./recorded-answer.ts";
import { now, openPull, repositoryOf } from "./scene.ts";

const shop = { owner: "acme", repo: "shop" };
const shas = Array.from({ length: 120 }, (_, at) => at.toString(16).padStart(40, "ab"));
const [one = "", two = "", three = "", four = ""] = shas;

/** The shop with these notes of git-ai's, and how its app reads them. */
async function openNotes(notes: FileEdits) {
  const scene = await openPull();
  writeNotes(repositoryOf(scene), notes);
  return { ...scene, notesOf: (wanted: readonly string[]) => readNotes(scene.octokit, shop, wanted, now) };
}

describe("the notes on commits", () => {
  test("are found wherever their tree has them, in one request; most commits have none", async () => {
    const { notesOf, queries } = await openNotes({
      [one]: "flat",
      [two.replace(/^(..)/, "$1/")]: "in a folder",
      [three.replace(/^(..)(..)/, "$1/$2/")]: "in a folder of a folder",
      ["f".repeat(40)]: "of another commit",
    });
    queries();

    expect(await notesOf([four, three, two, one])).toEqual({
      kind: "read",
      value: [
        { sha: three, text: "in a folder of a folder" },
        { sha: two, text: "in a folder" },
        { sha: one, text: "flat" },
      ],
    });
    expect(queries()).toEqual(["Notes"]);
  });

  test("cost one request for each 50 commits, and none for none", async () => {
    const { notesOf, queries } = await openNotes(
      Object.fromEntries(shas.map((sha) => [sha, `about ${sha}`])),
    );
    queries();

    expect(await notesOf(shas)).toEqual({
      kind: "read",
      value: shas.map((sha) => ({ sha, text: `about ${sha}` })),
    });
    expect(queries()).toEqual(["Notes", "Notes", "Notes"]);
    expect(await notesOf([])).toEqual({ kind: "read", value: [] });
    expect(queries()).toEqual([]);
  });

  test("that nobody ever wrote are an empty list", async () => {
    const { octokit } = await openPull();

    expect(await readNotes(octokit, shop, [one, two], now)).toEqual({ kind: "read", value: [] });
  });

  test("under another ref are not git-ai's", async () => {
    const scene = await openPull();
    writeNotes(repositoryOf(scene), { [one]: "x" }, "refs/notes/commits");

    expect(await readNotes(scene.octokit, shop, [one], now)).toEqual({ kind: "read", value: [] });
  });
});

describe("notes that cannot all be read are unreadable", () => {
  const name = `The git-ai note of ${two.slice(0, 7)}`;

  test.each([
    [
      "one that GitHub cuts",
      { [two]: "x".repeat(512_001) },
      `${name} is larger than GitHub shows (512001 bytes).`,
      true,
    ],
    ["one that is no text", { [two]: "a\u0000b" }, `${name} is not a text.`, false],
    ["one that is a folder", { [`${two}/x`]: "" }, `${name} is not a text.`, false],
  ])("for %s", async (_, broken, why, isPastLimit) => {
    const { notesOf } = await openNotes({ [one]: "fine", ...broken });

    const pastLimit = isPastLimit ? { pastLimit: true } : {};
    expect(await notesOf([one, two])).toEqual({ kind: "unreadable", why, ...pastLimit });
  });

  test("for more than 16 MB of them, of which no more are asked for", async () => {
    const many = Object.fromEntries(shas.map((sha) => [sha, "x".repeat(400_000)]));
    const { notesOf, queries } = await openNotes(many);
    queries();

    expect(await notesOf(shas)).toEqual({
      kind: "unreadable",
      why: "The git-ai notes of the pull request are larger than 16 MB.",
      pastLimit: true,
    });
    expect(queries()).toEqual(["Notes"]);
  });

  test("for a repository that is not there", async () => {
    const { octokit } = await openPull();

    expect(await readNotes(octokit, { owner: "acme", repo: "gone" }, [one], now)).toEqual({
      kind: "unreadable",
      why: "The git-ai notes of acme/gone could not be read: Could not resolve to a Repository with the name 'acme/gone'.",
    });
  });

  test("for one that GitHub withholds, though it shows the others", async () => {
    const { github, answers } = recordedGitHub();
    const note = { byteSize: 4, isTruncated: false, text: "fine" };
    answers({
      data: { repository: { note0: note, note1: null, note2: null, note3: null, note4: null, note5: null } },
      errors: [
        {
          type: "FORBIDDEN",
          path: ["repository", "note3"],
          message: "Resource not accessible by integration",
        },
      ],
    });

    expect(await readNotes(github, shop, [one, two], now)).toEqual({
      kind: "unreadable",
      why: "The git-ai notes of acme/shop could not be read: Resource not accessible by integration",
    });
  });
});

test("a connection that breaks is an error that says so", async () => {
  const { github, breaks } = recordedGitHub();
  breaks();

  await expect(readNotes(github, shop, [one], now)).rejects.toThrow(
    "GitHub could not be reached: socket hang up",
  );
});
