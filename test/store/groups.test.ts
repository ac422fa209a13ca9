import { expect, test } from "vitest";
import { hintGroups, openGroup, openGroupsWith, rememberGroupPulls } from "../../src/store/groups.ts";
import { freshStore } from "./fresh-store.ts";

const [one, other] = ["a".repeat(40), "b".repeat(40)];
const group = {
  repo: "acme/app",
  sha: one,
  headRef: `refs/heads/gh-readonly-queue/main/pr-1-${other}`,
  base: "main",
  open: true,
};

test("a merge group is open until it is destroyed", async () => {
  const store = await freshStore();
  await hintGroups(store, [group]);
  const opened = await openGroup(store, "acme/app", one);
  await hintGroups(store, [{ ...group, open: false }]);

  expect([opened, await openGroup(store, "acme/app", one)]).toEqual([
    { headRef: group.headRef, base: "main" },
    null,
  ]);
});

test("a merge group belongs to the pull requests it would land, and before it was read to all", async () => {
  const store = await freshStore();
  await hintGroups(store, [group, { ...group, sha: other }, { ...group, repo: "acme/web" }]);
  await rememberGroupPulls(store, "acme/app", other, [1, 2]);

  expect([
    await openGroupsWith(store, "acme/app", [2]),
    await openGroupsWith(store, "acme/app", [3]),
    await openGroupsWith(store, "acme/lib", [2]),
  ]).toEqual([[one, other], [one], []]);
});

test("a repeated delivery does not make a merge group forget which pull requests it would land", async () => {
  const store = await freshStore();
  await hintGroups(store, [group]);
  await rememberGroupPulls(store, "acme/app", one, [1]);
  await hintGroups(store, [group]);

  expect(await openGroupsWith(store, "acme/app", [3])).toEqual([]);
});
