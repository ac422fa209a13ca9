import { expect, test } from "vitest";
import {
  clearedBefore,
  landedCommits,
  ledgersOf,
  moveLedger,
  type NewLanded,
  recordLanded,
} from "../../src/store/landed.ts";
import { freshStore } from "./fresh-store.ts";

const repo = "acme/shop";
const [one, other] = ["a".repeat(40), "b".repeat(40)];

function landed(change: Partial<NewLanded> = {}): NewLanded {
  const commit = { repo, branch: "main", sha: one, number: 7, how: "merge" as const };
  return { ...commit, cleared: true, assisted: true, by: ["june"], auditSeq: 3, at: 1_000, ...change };
}

/** What the ledger says of a commit, without what it was asked for. */
function asRead({ repo: _repo, policies: _policies, ...rest }: NewLanded) {
  return { unproven: null, ...rest };
}

test("the ledger says how each commit reached a gated branch, and nothing of those that did not", async () => {
  const store = await freshStore();
  const pushed = landed({ sha: other, number: null, how: "push", cleared: false, assisted: false, by: [] });
  await recordLanded(store, [landed(), pushed]);
  expect(await landedCommits(store, repo, [one, other, "c".repeat(40)])).toEqual(
    new Map([
      [one, asRead(landed())],
      [other, asRead(pushed)],
    ]),
  );
});

test("a commit that landed in another repository is not known in this one", async () => {
  const store = await freshStore();
  await recordLanded(store, [landed({ repo: "acme/other" })]);
  expect((await landedCommits(store, repo, [one])).size).toBe(0);
});

test("what was cleared stays as it was, and what was not is replaced by what was found out since", async () => {
  const store = await freshStore();
  const uncleared = landed({ cleared: false, by: [], auditSeq: null });
  const answers: unknown[] = [];
  for (const row of [uncleared, landed(), uncleared, landed({ by: ["sara"] })]) {
    await recordLanded(store, [row]);
    answers.push((await landedCommits(store, repo, [one])).get(one)?.by);
  }
  expect(answers).toEqual([[], ["june"], ["june"], ["june"]]);
});

test("a commit that reached several branches is given as it was cleared, else as it came first", async () => {
  const store = await freshStore();
  const later = landed({ branch: "main", cleared: false, at: 2_000 });
  const first = landed({ branch: "develop", cleared: false, at: 1_000 });
  await recordLanded(store, [later, first]);
  const before = (await landedCommits(store, repo, [one])).get(one);
  await recordLanded(store, [{ ...later, cleared: true }]);
  const after = (await landedCommits(store, repo, [one])).get(one);
  expect([before, after]).toEqual([asRead(first), asRead({ ...later, cleared: true })]);
});

test("nothing is recorded when one of the rows cannot be", async () => {
  const store = await freshStore();
  const broken = landed({ sha: other, at: Number.NaN });
  await expect(recordLanded(store, [landed(), broken])).rejects.toThrow(/NOT NULL|bigint/);
  expect((await landedCommits(store, repo, [one])).size).toBe(0);
});

test("a row that another version wrote is said to be one", async () => {
  const store = await freshStore();
  await recordLanded(store, [landed()]);
  await store.db.updateTable("landed").set({ how: "teleported" }).execute();
  await expect(landedCommits(store, repo, [one])).rejects.toThrow(
    `The ledger's row for ${one} on main of acme/shop in the database cannot be understood.`,
  );
});

test("what was cleared is told with the policies that let it pass, of all branches", async () => {
  const store = await freshStore();
  await recordLanded(store, [
    landed({ policies: ["wide"] }),
    landed({ branch: "develop", policies: ["narrow"] }),
    landed({ sha: other, cleared: false, policies: ["wide"] }),
  ]);
  const asked = { shas: [one, other, "c".repeat(40)], numbers: [], notWith: null };
  const commit = { kind: "commit", sha: one, policies: ["narrow", "wide"] };
  expect(await clearedBefore(store, repo, asked)).toEqual([commit]);
  expect(await clearedBefore(store, "acme/other", asked)).toEqual([]);
});

test("a pull request was cleared by a policy when each commit that it came to was", async () => {
  const store = await freshStore();
  const policies = ["wide"];
  await recordLanded(store, [
    landed({ number: 7, policies: ["wide", "narrow"] }),
    landed({ number: 7, sha: other, policies }),
    landed({ number: 8, sha: "c".repeat(40), policies }),
    landed({ number: 8, sha: "d".repeat(40), policies, cleared: false }),
  ]);
  const asked = { shas: [], numbers: [7, 8, 9], notWith: null };
  expect(await clearedBefore(store, repo, asked)).toEqual([{ kind: "pull", number: 7, policies }]);
});

test("what landed with a pull request was not cleared before it", async () => {
  const store = await freshStore();
  const policies = ["wide"];
  await recordLanded(store, [
    landed({ number: 7, policies }),
    landed({ sha: other, number: 7, policies }),
    landed({ sha: other, branch: "develop", number: 5, policies: ["narrow"] }),
    landed({ sha: "c".repeat(40), number: null, how: "push", policies }),
  ]);
  const asked = { shas: [one, other, "c".repeat(40)], numbers: [], notWith: 7 };
  expect(await clearedBefore(store, repo, asked)).toEqual([
    { kind: "commit", sha: other, policies: ["narrow"] },
    { kind: "commit", sha: "c".repeat(40), policies },
  ]);
});

test("the ledgers of an owner are those of its repositories, whatever their names begin with", async () => {
  const store = await freshStore();
  const [main, next, others] = [
    { repo, branch: "main", head: one },
    { repo, branch: "next", head: other },
    { repo: "acme_eu/shop", branch: "main", head: one },
  ];
  for (const ledger of [next, others, { ...main, head: other }, main, { ...others, repo: "acme-eu/shop" }])
    await moveLedger(store, ledger);
  expect(await ledgersOf(store, "Acme")).toEqual([main, next]);
  expect(await ledgersOf(store, "acme_eu")).toEqual([others]);
});
