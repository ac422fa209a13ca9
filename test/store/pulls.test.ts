import { expect, test } from "vitest";
import type { Evidence } from "../../src/gate/evidence.ts";
import type { Facts } from "../../src/gate/facts.ts";
import type { Verdict } from "../../src/gate/verdict.ts";
import { appendAudit, pruneAudit, verifyAudit } from "../../src/store/audit.ts";
import { recall } from "../../src/store/observations.ts";
import { hintPulls, knownHead, openPullsWithHead, storedPull } from "../../src/store/pulls.ts";
import { recordLook } from "../../src/store/record-look.ts";
import { freshStore } from "./fresh-store.ts";

const headSha = "a".repeat(40);
const hint = {
  repo: "acme/app",
  number: 12,
  installation: 7,
  headSha,
  base: "main",
  open: true,
  merged: false,
};
const facts: Facts = {
  owner: "Acme",
  repo: "App",
  number: 12,
  url: "https://github.com/Acme/App/pull/12",
  headSha,
  headRef: "feature",
  headRepo: "Acme/App",
  base: "main",
  defaultBranch: "main",
  requiredOnBase: { kind: "read", value: true },
  open: true,
  merged: false,
  merge: null,
  author: { login: "june", id: 1, kind: "User" },
  otherAuthors: [],
  bodyEdited: null,
  stackBase: null,
  landed: [],
  oldHeads: [],
  cleared: [],
  sameNamed: [],
  patches: [],
  suggestedBy: [],
  pushAccess: [],
  notes: { kind: "absent" },
  configChanges: [],
  assignees: [],
  title: "Größer 🚀",
  body: "",
  commits: { kind: "read", value: [] },
  files: { kind: "unreadable", why: "502 from GitHub" },
  reviews: { kind: "read", value: [] },
  labels: { kind: "absent" },
  timeline: { kind: "read", value: [] },
  observations: [],
  readAt: "2026-01-02T03:04:05Z",
};
const trailer: Evidence = {
  tool: "claude-code",
  kind: "trailer",
  role: "wrote",
  confidence: "official",
  place: { kind: "commit", sha: headSha },
  quote: "Assisted-by: Claude",
  remembered: false,
};
const verdict: Verdict = {
  outcome: { kind: "waiting", needs: [] },
  mode: "enforce",
  number: 12,
  url: facts.url,
  headSha,
  siblings: [],
  evidence: [trailer],
  contributors: [],
  rules: [],
  refused: [],
  notes: [],
};
const configVersions = { roster: "r1", policy: "p1" };
const look = {
  repo: "acme/app",
  installation: 7,
  facts,
  verdict,
  evidence: [trailer],
  configVersions,
  now: 1_000,
};

test("a delivery's word on a pull request is kept, and a later one replaces it", async () => {
  const store = await freshStore();
  const before = await knownHead(store, "acme/app", 12);
  await hintPulls(store, [hint]);
  const first = await knownHead(store, "acme/app", 12);
  await hintPulls(store, [{ ...hint, headSha: "b".repeat(40) }]);
  expect([before, first, await knownHead(store, "acme/app", 12)]).toEqual([null, headSha, "b".repeat(40)]);
});

test("the open pull requests with a head SHA are those of the repository that are open and on it", async () => {
  const store = await freshStore();
  await hintPulls(store, [
    { ...hint, number: 20 },
    hint,
    { ...hint, number: 13, open: false, merged: false },
    { ...hint, number: 14, headSha: "b".repeat(40) },
    { ...hint, number: 15, repo: "acme/other" },
  ]);
  expect(await openPullsWithHead(store, "acme/app", headSha)).toEqual([12, 20]);
});

test("a look is recorded with its facts, its verdict, its evidence and audit rows for it and the files it rests on", async () => {
  const store = await freshStore();
  const recorded = await recordLook(store, look);
  const rows = await store.db.selectFrom("audit").selectAll().orderBy("seq").execute();
  const [, before, row] = rows;
  expect({
    kinds: rows.map(({ kind, sha, body }) => [kind, sha, kind === "config" ? body : ""]),
    recorded,
    stored: await storedPull(store, "acme/app", 12),
    observations: await recall(store, "acme/app", 12),
    audit: row,
  }).toEqual({
    kinds: [
      ["config", "r1", '{"file":"roster"}'],
      ["config", "p1", '{"file":"policy"}'],
      ["verdict", headSha, ""],
    ],
    recorded: { seq: 3, hash: row?.hash },
    stored: { ...hint, updatedAt: null, facts, verdict, configVersions },
    observations: [{ kind: "evidence", evidence: trailer }],
    audit: {
      seq: 3,
      at: 1_000,
      kind: "verdict",
      repo: "acme/app",
      number: 12,
      sha: headSha,
      actor_id: null,
      body:
        '{"base":"main","configVersions":{"policy":"p1","roster":"r1"},"mode":"enforce",' +
        '"outcome":{"kind":"waiting","needs":[]}}',
      previous_hash: before?.hash,
      hash: row?.hash,
    },
  });
});

test("a pull request known from a delivery alone has no stored look", async () => {
  const store = await freshStore();
  const unknown = await storedPull(store, "acme/app", 12);
  await hintPulls(store, [hint]);
  expect([unknown, await storedPull(store, "acme/app", 12)]).toEqual([null, null]);
});

test("a delivery after a look changes what is known of the pull request, not what was decided", async () => {
  const store = await freshStore();
  await recordLook(store, look);
  await hintPulls(store, [{ ...hint, headSha: "b".repeat(40), base: "next", open: false, merged: false }]);
  expect(await storedPull(store, "acme/app", 12)).toEqual({
    ...hint,
    headSha: "b".repeat(40),
    base: "next",
    open: false,
    updatedAt: null,
    facts,
    verdict,
    configVersions,
  });
});

test("a look that decides the same again replaces the facts, appends no audit row and names the newest one", async () => {
  const store = await freshStore();
  await recordLook(store, look);
  const other = { at: 1_500, kind: "test", repo: null, number: null, sha: null, actorId: null, body: {} };
  const newest = await appendAudit(store, other);
  const later = { ...facts, title: "Retitled", readAt: "2026-01-02T04:00:00Z" };
  // A note or a piece of evidence more is no other decision; neither is the order in which versions are listed.
  const noted = { ...verdict, notes: ["The roster is stale."] };
  const reordered = { policy: "p1", roster: "r1" };
  const again = { ...look, facts: later, verdict: noted, configVersions: reordered, now: 2_000 };
  expect([await recordLook(store, again), await storedPull(store, "acme/app", 12)]).toEqual([
    newest,
    { ...hint, updatedAt: null, facts: later, verdict: noted, configVersions },
  ]);
});

test.each([
  ["outcome", { verdict: { ...verdict, outcome: { kind: "countersigned", by: [] } as const } }],
  ["outcome's details", { verdict: { ...verdict, outcome: { kind: "not-needed", why: "x" } as const } }],
  ["mode", { verdict: { ...verdict, mode: "observe" as const } }],
  ["head SHA", { facts: { ...facts, headSha: "b".repeat(40) } }],
  ["base branch", { facts: { ...facts, base: "next" } }],
  ["configuration version", { configVersions: { ...configVersions, policy: "p2" } }],
])("another %s appends an audit row", async (_what, change) => {
  const store = await freshStore();
  await recordLook(store, look);
  await recordLook(store, { ...look, ...change, now: 2_000 });
  const back = await recordLook(store, { ...look, now: 3_000 });
  expect(await recordLook(store, { ...look, now: 4_000 })).toEqual(back);
  const rows = await store.db.selectFrom("audit").select("seq").where("kind", "=", "verdict").execute();
  expect([rows.length, await verifyAudit(store)]).toEqual([3, { ok: true, first: 1, newest: back }]);
});

test("a look after the audit row of the last verdict was taken out is recorded, with a row of its own", async () => {
  const store = await freshStore();
  const now = 9 * 86_400_000;
  await recordLook(store, look);
  await pruneAudit(store, { keepDays: 1, now });
  const entry = await recordLook(store, { ...look, now });
  const kinds = await store.db.selectFrom("audit").select("kind").orderBy("seq").execute();
  expect(kinds.map(({ kind }) => kind)).toEqual(["checkpoint", "config", "config", "verdict"]);
  expect(await verifyAudit(store)).toEqual({ ok: true, first: 4, newest: entry });
});

test("a first look after a delivery had told the same head SHA still appends an audit row", async () => {
  const store = await freshStore();
  await hintPulls(store, [hint]);
  expect(await recordLook(store, look)).toMatchObject({ seq: 3 });
});

test("facts that cannot be understood are an error that names the pull request", async () => {
  const store = await freshStore();
  await recordLook(store, look);
  await store.db.updateTable("pulls").set({ verdict: '{"outcome":{"kind":"blessed"}}' }).execute();
  await expect(storedPull(store, "acme/app", 12)).rejects.toThrow(
    "The verdict on acme/app#12 in the database cannot be understood. " +
      "Was it written by a newer Countersign? Start that one, or restore a backup.",
  );
});

test("a look that cannot be recorded wholly is not recorded at all", async () => {
  const store = await freshStore();
  const broken = { ...look, installation: Number.NaN };
  await expect(recordLook(store, broken)).rejects.toThrow(
    /NOT NULL constraint failed|invalid input syntax for type bigint/u,
  );
  expect([await recall(store, "acme/app", 12), await verifyAudit(store)]).toEqual([
    [],
    { ok: true, first: 1, newest: { seq: 0, hash: "0".repeat(64) } },
  ]);
});

test("looks that are recorded at once, on two handles, leave the verdict that the newest audit row tells", async () => {
  const store = await freshStore();
  const other = await freshStore(store.place);
  const outcomes = [verdict.outcome, { kind: "undecidable", problems: [] }] as const;
  await recordLook(store, look);
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(
      [store, other, store, other].map((handle, index) =>
        recordLook(handle, {
          ...look,
          now: round,
          verdict: { ...verdict, outcome: outcomes[index < 2 ? 0 : 1] ?? verdict.outcome },
        }),
      ),
    );
    const stored = await storedPull(store, "acme/app", 12);
    const newest = await store.db
      .selectFrom("audit")
      .select(["seq", "body"])
      .orderBy("seq", "desc")
      .execute();
    const [pull] = await store.db.selectFrom("pulls").select("audit_seq").execute();
    expect([pull?.audit_seq, JSON.parse(newest[0]?.body ?? "")]).toEqual([
      newest[0]?.seq,
      expect.objectContaining({ outcome: stored?.verdict.outcome }),
    ]);
  }
});
