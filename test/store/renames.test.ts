import { sql } from "kysely";
import { expect, test } from "vitest";
import { rememberPushes, recallPushes } from "../../src/store/branch-pushes.ts";
import { acceptDelivery } from "../../src/store/deliveries.ts";
import { bindLogins, configWasSeen, rememberConfig } from "../../src/store/configs.ts";
import { evidenceObservation, recall } from "../../src/store/observations.ts";
import { landedCommits, recordLanded } from "../../src/store/landed.ts";
import { hintPulls, openPullsWithHead } from "../../src/store/pulls.ts";
import type { Rename } from "../../src/store/renames.ts";
import type { Store } from "../../src/store/store.ts";
import { recallInherited, rememberTraces } from "../../src/store/traces.ts";
import * as small from "../gate/world.ts";
import { freshStore } from "./fresh-store.ts";

const [repo, headSha] = ["acme/shop", small.headSha];
const evidence = small.evidence();

/** A store that remembers something of everything about acme/shop#7. */
async function furnished(): Promise<Store> {
  const store = await freshStore();
  const pull = { repo, number: 7, installation: 7, headSha, base: "main", open: true, merged: false };
  await acceptDelivery(
    store,
    { guid: "first", event: "pull_request", action: "opened", at: 1 },
    {
      marks: [],
      observations: [evidenceObservation(repo, 7, evidence, 1)],
      pulls: [pull, { ...pull, repo: "other/shop" }],
      outcome: "accepted",
    },
  );
  await rememberTraces(store, repo, small.pull());
  const push = { repo, branch: "parser", actor: small.sara, before: null, after: headSha, forced: false };
  await rememberPushes(store, [push], 1);
  const commit = {
    repo,
    branch: "main",
    sha: small.olderSha,
    number: 6,
    how: "merge",
    cleared: true,
  } as const;
  await recordLanded(store, [{ ...commit, assisted: true, by: ["june"], auditSeq: null, at: 1 }]);
  await bindLogins(store, "acme", [{ login: "june", id: 1 }], 1);
  return store;
}

async function rename(store: Store, guid: string, renames: readonly Rename[]): Promise<void> {
  const delivery = { guid, event: "repository", action: "renamed", at: 2 };
  const effects = { marks: [], observations: [], pulls: [], renames, outcome: "accepted" };
  await acceptDelivery(store, delivery, effects);
}

/** What is known of the pull request under a name of the repository, and what its successor there inherits. */
async function known(store: Store, name: string) {
  const facts = small.pull({ headRepo: name, commits: small.read([small.commit({ tree: "another" })]) });
  return {
    open: await openPullsWithHead(store, name, headSha),
    observations: (await recall(store, name, 7)).length,
    pushes: (await recallPushes(store, small.pull({ headRepo: name }))).length,
    inherited: (await recallInherited(store, name, { ...facts, number: 8 })).length,
    landed: (await landedCommits(store, name, [small.olderSha])).size,
  };
}

const renamed = { kind: "repository", rulesStay: false } as const;
const nothing = { open: [], observations: 0, pushes: 0, inherited: 0, landed: 0 };
const all = { open: [7], observations: 1, pushes: 1, inherited: 1, landed: 1 };

test("what is remembered of a repository is found under its new name", async () => {
  const store = await furnished();
  expect(await known(store, repo)).toEqual(all);
  await rename(store, "second", [{ ...renamed, from: repo, to: "evil/store" }]);
  expect(await known(store, "evil/store")).toEqual(all);
  expect(await known(store, repo)).toEqual(nothing);
  await rename(store, "third", [{ ...renamed, from: "evil/store", to: repo }]);
  expect(await known(store, repo)).toEqual(all);
  await rename(store, "fourth", [{ ...renamed, from: repo, to: "evil/store" }]);
  expect(await known(store, "evil/store")).toEqual(all);
});

test("what is remembered of a repository that is gone is nobody's", async () => {
  const store = await furnished();
  await rename(store, "second", [{ ...renamed, from: repo, to: null }]);
  expect(await known(store, repo)).toEqual(nothing);
  expect(await openPullsWithHead(store, "other/shop", headSha)).toEqual([7]);
});

test.each([
  ["stays known under its name", true],
  ["is forgotten with its name", false],
])("that a repository had rules %s where that is asked for", async (_, rulesStay) => {
  const store = await freshStore();
  const file = { owner: "acme", repo: ".github", path: "roster.yml" } as const;
  await rememberConfig(store, { ...file, version: "1", text: "", valid: true, now: 1 });
  await rename(store, "first", [{ ...renamed, from: "acme/.github", to: "acme/old", rulesStay }]);
  const places = ["acme", ".github", "acme", "old"] as const;
  expect(await configWasSeen(store, places[0], places[1], file.path)).toBe(rulesStay);
  expect(await configWasSeen(store, places[2], places[3], file.path)).toBe(true);
});

test("a row can be laid aside, and not be made another repository's", async () => {
  const store = await furnished();
  for (const table of ["observations", "traces", "branch_pushes"])
    await expect(sql`update ${sql.table(table)} set repo = 'other/shop'`.execute(store.db)).rejects.toThrow(
      `${table} is append-only`,
    );
});

test("when the owner is renamed all of that owner's repositories are found, and ids of logins stay bound", async () => {
  const store = await furnished();
  await rename(store, "second", [{ kind: "owner", from: "acme", to: "newco", rulesStay: false }]);
  expect(await known(store, "newco/shop")).toEqual(all);
  expect(await known(store, repo)).toEqual(nothing);
  expect(await openPullsWithHead(store, "other/shop", headSha)).toEqual([7]);
  expect(await bindLogins(store, "newco", [{ login: "june", id: 666 }], 3)).toEqual(new Map([["june", 1]]));
});

test("what deliveries said under the new name before stays", async () => {
  const store = await furnished();
  const newer = { installation: 8, headSha: small.olderSha, base: "main", open: true, merged: false };
  await hintPulls(store, [{ repo: "acme/store", number: 7, ...newer }]);
  await rename(store, "second", [{ ...renamed, from: repo, to: "acme/store" }]);
  expect(await openPullsWithHead(store, "acme/store", small.olderSha)).toEqual([7]);
  expect(await openPullsWithHead(store, "acme/store", headSha)).toEqual([]);
});
