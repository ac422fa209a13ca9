import { sql } from "kysely";
import { expect, test } from "vitest";
import type { Facts } from "../../src/gate/facts.ts";
import {
  type NewBranchPush,
  openPullsPushedTo,
  recallPushes,
  rememberPushes,
} from "../../src/store/branch-pushes.ts";
import { hintPulls } from "../../src/store/pulls.ts";
import type { Store } from "../../src/store/store.ts";
import { rememberTraces } from "../../src/store/traces.ts";
import * as small from "../gate/world.ts";
import { freshStore } from "./fresh-store.ts";

const [first, second, third] = [small.sha("a1"), small.sha("a2"), small.sha("a3")];
const at = Date.parse("2026-03-01T12:00:00Z");
const push: NewBranchPush = {
  repo: "acme/shop",
  branch: "parser",
  actor: small.sara,
  before: null,
  after: first,
  forced: false,
};

/** A pull request with this head; its range has every SHA of this test. */
function pull(headSha: string, change: Partial<Facts> = {}): Facts {
  const commits = small.read([first, second, third].map((sha) => small.commit({ sha })));
  return small.pull({ headSha, commits, ...change });
}

async function pushers(store: Store, facts: Facts): Promise<string[]> {
  const pushed = await recallPushes(store, facts);
  return pushed.map((seen) => (seen.kind === "push" ? seen.actor.login : seen.kind));
}

test("a push is recalled for every pull request whose head it led to", async () => {
  const store = await freshStore();
  await rememberPushes(store, [push, { ...push, actor: small.june, before: first, after: second }], at);
  const to = { kind: "push", at: "2026-03-01T12:00:00.000Z" };
  expect(await recallPushes(store, pull(second))).toEqual([
    { ...to, actor: small.sara, before: null, after: first },
    { ...to, actor: small.june, before: first, after: second },
  ]);
  const answers = [
    await pushers(store, pull(first)),
    await pushers(store, pull(second, { headRepo: "Acme/Shop" })),
    await pushers(store, pull(second, { headRepo: "june/shop" })),
    await pushers(store, pull(second, { headRepo: null })),
    await pushers(store, pull(third, { headRef: "other" })),
  ];
  expect(answers).toEqual([["sara"], ["sara", "june"], [], [], []]);
});

test("pushes to the branch under an earlier name are found by their SHAs", async () => {
  const store = await freshStore();
  await rememberPushes(store, [{ ...push, branch: "draft" }], at);
  await rememberPushes(store, [{ ...push, branch: "draft", before: first, after: second }], at);
  await rememberPushes(store, [{ ...push, actor: small.june, before: second, after: third }], at);
  expect(await pushers(store, pull(third))).toEqual(["sara", "sara", "june"]);
});

test("pushes are found from where one that only the pull request was told of began", async () => {
  const store = await freshStore();
  await rememberPushes(store, [{ ...push, branch: "draft" }, push], at);
  const told = { kind: "push", actor: small.june, before: first, after: second } as const;
  const observations = [{ ...told, at: "2026-03-01T12:00:00Z" }];
  expect(await recallPushes(store, pull(second, { observations }))).toHaveLength(2);
});

test("pushes cannot be changed or taken away", async () => {
  const store = await freshStore();
  await rememberPushes(store, [push], at);
  await expect(store.db.deleteFrom("branch_pushes").execute()).rejects.toThrow(
    "branch_pushes is append-only",
  );
  await expect(sql`update branch_pushes set actor = ''`.execute(store.db)).rejects.toThrow(
    "branch_pushes is append-only",
  );
});

test("an open pull request is told of a push that came after it, and not of one that synchronize tells of", async () => {
  const store = await freshStore();
  const hint = { repo: "acme/shop", installation: 7, base: "main", open: true, merged: false };
  await hintPulls(store, [
    { ...hint, number: 7, headSha: second },
    { ...hint, number: 8, headSha: second, open: false },
    { ...hint, number: 9, headSha: third, repo: "acme/other" },
  ]);
  const ask = async (change: Partial<NewBranchPush>) => openPullsPushedTo(store, { ...push, ...change });
  const unseen = [
    await ask({ before: first, after: second }),
    await ask({ before: null, after: second, branch: "elsewhere" }),
    await ask({ before: second, after: third }),
    await ask({ before: null, after: first }),
  ];
  await rememberTraces(store, "acme/shop", pull(second));
  const looked = [
    await ask({ before: null, after: first }),
    await ask({ before: second, after: third }),
    await ask({ before: null, after: first, branch: "elsewhere" }),
  ];
  expect({ unseen, looked }).toEqual({ unseen: [[7], [7], [], []], looked: [[7], [], []] });
});
