import { expect, test } from "vitest";
import { changeBypass, findBypass, openBypasses } from "../../src/store/bypasses.ts";
import { landedCommits, ledgerHead, moveLedger } from "../../src/store/landed.ts";
import { type NewLanding, recordBypass, recordLanding } from "../../src/store/record-landing.ts";
import { freshStore } from "./fresh-store.ts";

const [repo, branch] = ["acme/shop", "main"];
const [last, first] = ["a".repeat(40), "b".repeat(40)];
const landing: NewLanding = {
  repo,
  branch,
  number: 7,
  how: "merge",
  shas: [last, first],
  cleared: [],
  unproven: null,
  policies: [],
  assisted: true,
  by: [],
  actorId: 1,
  body: { outcome: "waiting" },
  at: 1_000,
  now: 2_000,
};
const bypass = { repo, branch, sha: last, number: 7, text: "It landed\n\nSo.", auditSeq: 1, at: 2_000 };

test("what landed is recorded once, and again when it is better known", async () => {
  const store = await freshStore();
  const cleared = { ...landing, cleared: [last, first], by: ["june"], policies: ["wide"] };
  const answers = [];
  for (const each of [landing, landing, cleared, landing, cleared])
    answers.push(await recordLanding(store, each));
  const known = (auditSeq: number) => ({ auditSeq, isNew: false });
  expect(answers).toEqual([
    { auditSeq: 1, isNew: true },
    known(1),
    { auditSeq: 2, isNew: true },
    known(2),
    known(2),
  ]);
  const rows = await landedCommits(store, repo, [last, first]);
  expect([...rows.values()].map((row) => [row.cleared, row.by])).toEqual([
    [true, ["june"]],
    [true, ["june"]],
  ]);
});

test("two who record the same at once write one row of the audit log", async () => {
  const store = await freshStore();
  const both = await Promise.all([recordLanding(store, landing), recordLanding(store, landing)]);
  expect(both.map(({ auditSeq }) => auditSeq)).toEqual([1, 1]);
});

test("a bypass is recorded once, has its issue, and is open until somebody countersigned", async () => {
  const store = await freshStore();
  const about = { actorId: 1, body: {} };
  expect([await recordBypass(store, bypass, about), await recordBypass(store, bypass, about)]).toEqual([
    true,
    false,
  ]);
  await changeBypass(store, bypass, { asked: true });
  await changeBypass(store, bypass, { issue: 9 });
  expect(await findBypass(store, { repo, issue: 9 })).toEqual({
    ...bypass,
    issue: 9,
    asked: true,
    open: true,
  });
  expect(await findBypass(store, { repo, issue: 8 })).toBeNull();
  await changeBypass(store, bypass, { open: false });
  expect(await openBypasses(store, repo, branch)).toEqual([]);
  expect(await findBypass(store, { repo, number: 7 })).toMatchObject({ open: false });
});

test("the ledger of each branch goes as far as it was read", async () => {
  const store = await freshStore();
  await moveLedger(store, { repo, branch, head: first });
  await moveLedger(store, { repo, branch, head: last });
  expect([await ledgerHead(store, repo, branch), await ledgerHead(store, repo, "next")]).toEqual([
    last,
    null,
  ]);
});
