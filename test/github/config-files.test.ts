import { describe, expect, test } from "vitest";
import type { FileEdits } from "../fake-github/git.ts";
import { openPull, repositoryOf } from "./scene.ts";

const roster = ".github/countersign/roster.yml";

/** The shop and acme's `.github` repository, with these files in it. */
async function openConfig(files: FileEdits) {
  const scene = await openPull();
  scene.github.createRepository("acme/.github", { files, collaborators: { ada: "admin" } });
  return {
    ...scene,
    push: (edits: FileEdits, more: { force?: boolean; from?: string } = {}) =>
      scene.github.push("acme/.github", {
        branch: "main",
        pusher: "ada",
        files: edits,
        message: "Roster",
        ...more,
      }),
    rosterRead: async () => {
      const { organisation } = await scene.read();
      return organisation.kind === "read" ? organisation.value.roster : organisation;
    },
    first: () => repositoryOf(scene, ".github").branches.get("main") ?? "",
  };
}

describe("the organisation's roster", () => {
  test("is read from the default branch of its .github repository, with its version", async () => {
    const { rosterRead } = await openConfig({ [roster]: "people: {}\n" });

    expect(await rosterRead()).toEqual({
      kind: "read",
      // What git hash-object says.
      value: { version: expect.stringMatching(/^[0-9a-f]{40}$/u), text: "people: {}\n" },
    });
  });

  test("on another branch is not in force", async () => {
    const { github, rosterRead } = await openConfig({ "README.md": "" });
    github.push("acme/.github", {
      branch: "next",
      pusher: "ada",
      files: { [roster]: "people: {}\n" },
      message: "x",
    });

    expect(await rosterRead()).toEqual({ kind: "absent", removed: false });
  });

  test("removed by a commit is known to have been there", async () => {
    const { push, rosterRead } = await openConfig({ [roster]: "people: {}\n" });
    push({ [roster]: null });

    expect(await rosterRead()).toEqual({ kind: "absent", removed: true });
  });

  test("that history does not know any more was never there, for all GitHub can tell", async () => {
    const { push, rosterRead, first } = await openConfig({ "README.md": "" });
    const from = first();
    push({ [roster]: "people: {}\n" });
    push({ "README.md": "new" }, { force: true, from });

    expect(await rosterRead()).toEqual({ kind: "absent", removed: false });
  });

  test.each([
    ["a folder", { [`${roster}/people.yml`]: "" }, "is not a file."],
    ["larger than 256 KB", { [roster]: `#${"x".repeat(256 * 1024)}` }, "is larger than 256 KB."],
    ["no text", { [roster]: "a\u0000b" }, "is not a text file."],
  ])("that is %s is unreadable", async (_, files, why) => {
    const { rosterRead } = await openConfig(files);

    expect(await rosterRead()).toEqual({ kind: "unreadable", why: `acme/.github › ${roster} ${why}` });
  });

  test("of exactly 256 KB is read", async () => {
    const { rosterRead } = await openConfig({ [roster]: "x".repeat(256 * 1024) });

    expect((await rosterRead()).kind).toBe("read");
  });
});

test("a pull request's own roster is not in force, neither on its head nor on a base that is not the default branch", async () => {
  const scene = await openPull({ base: "release" });
  const files = { [roster]: "people:\n  june: principal\n" };
  scene.github.push("acme/shop", { branch: "topic", pusher: "june", files, message: "Promote me" });
  scene.github.push("acme/shop", { branch: "release", pusher: "june", files, message: "Promote me" });

  expect((await scene.read()).repository).toEqual({
    where: "acme/shop",
    roster: { kind: "absent", removed: false },
    policy: { kind: "absent", removed: false },
  });
});
