import { sql } from "kysely";
import { expect, inject, test } from "vitest";
import {
  appendAudit,
  type AuditEntry,
  auditRows,
  compareWitness,
  newestAudit,
  pruneAudit,
  verifyAudit,
} from "../../src/store/audit.ts";
import { inTransaction, openStore } from "../../src/store/store.ts";
import type { Place, Queryable } from "../../src/store/store.ts";
import { freshStore } from "./fresh-store.ts";

const row = {
  at: 1_000,
  kind: "verdict",
  repo: "acme/app",
  number: 12,
  sha: "a".repeat(40),
  actorId: null,
  body: { outcome: "waiting" },
};

const whole = (rows: number) => ({ ok: true, first: 1, newest: { seq: rows, hash: expect.any(String) } });

async function appendRows(store: Queryable, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await appendAudit(store, { ...row, at: 1_000 + index });
}

/** What somebody with access to the database can do: another connection, the triggers dropped. */
async function tamper(place: Place, ...statements: readonly string[]): Promise<void> {
  const triggers =
    inject("testDatabase") === null
      ? ["drop trigger audit_no_update", "drop trigger audit_no_delete"]
      : ["drop trigger audit_append_only on audit", "drop trigger audit_no_delete on audit"];
  const store = await openStore(place);
  for (const statement of [...triggers, ...statements]) await sql.raw(statement).execute(store.db);
  await store.close();
}

test("rows are numbered from 1 and each carries the hash of the one before", async () => {
  const store = await freshStore();
  const first = await appendAudit(store, { ...row, body: { b: [1, { d: 2, c: 3 }], a: null } });
  const second = await appendAudit(store, { ...row, repo: null, number: null, sha: null, actorId: 1024 });
  const content = { at: 1_000, kind: "verdict" };
  expect(await store.db.selectFrom("audit").selectAll().orderBy("seq").execute()).toEqual([
    {
      ...content,
      seq: 1,
      repo: "acme/app",
      number: 12,
      sha: "a".repeat(40),
      actor_id: null,
      body: '{"a":null,"b":[1,{"c":3,"d":2}]}',
      previous_hash: "0".repeat(64),
      hash: first.hash,
    },
    {
      ...content,
      seq: 2,
      repo: null,
      number: null,
      sha: null,
      actor_id: 1024,
      body: '{"outcome":"waiting"}',
      previous_hash: first.hash,
      hash: second.hash,
    },
  ]);
});

test("the hash of a row never changes between versions: old logs stay verifiable", async () => {
  const store = await freshStore();
  // sha256sum of: {"actor_id":null,"at":1000,"body":"{\"outcome\":\"waiting\"}","kind":"verdict","number":12,
  // "previous_hash":"00…00","repo":"acme/app","seq":1,"sha":"aa…aa"} without the line break.
  expect(await appendAudit(store, row)).toEqual({
    seq: 1,
    hash: "5d479ae90adb8603779545581b19bdd66426b4972d9f5537fbcc804287441fdb",
  });
});

test("the newest row is the one appended last, and there is none at first", async () => {
  const store = await freshStore();
  const before = await newestAudit(store);
  await appendAudit(store, row);
  const entry = await appendAudit(store, row);
  expect([before, await newestAudit(store)]).toEqual([null, entry]);
});

test("a row appended in a transaction that fails is not in the log, and leaves no gap", async () => {
  const store = await freshStore();
  const failing = inTransaction(store, async (transaction) => {
    await appendAudit(transaction, row);
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  await appendRows(store, 2);
  expect(await verifyAudit(store)).toEqual(whole(2));
});

test("rows appended at once through two handles make one chain", async () => {
  const store = await freshStore();
  const other = await freshStore(store.place);
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => appendAudit(index % 2 === 0 ? store : other, row)),
  );
  expect(await verifyAudit(store)).toEqual(whole(20));
});

test("an empty log and one longer than is verified at a time are whole", async () => {
  const store = await freshStore();
  const empty = await verifyAudit(store);
  await inTransaction(store, (transaction) => appendRows(transaction, 1_001));
  expect([empty, await verifyAudit(store)]).toEqual([whole(0), whole(1_001)]);
});

test("the database refuses to change or delete a row", async () => {
  const store = await freshStore();
  await appendRows(store, 1);
  const refused = "audit is append-only";
  await expect(store.db.updateTable("audit").set({ body: "{}" }).execute()).rejects.toThrow(refused);
  await expect(store.db.deleteFrom("audit").execute()).rejects.toThrow(refused);
  expect(await verifyAudit(store)).toEqual(whole(1));
});

test.each([
  "at = 1",
  "kind = 'override'",
  "repo = 'acme/other'",
  "number = 13",
  "sha = null",
  "actor_id = 1",
  "body = '{}'",
  "previous_hash = hash",
  "hash = previous_hash",
])("a row changed behind the triggers' back is found: %s", async (change) => {
  const store = await freshStore();
  await appendRows(store, 4);
  await tamper(store.place, `update audit set ${change} where seq = 3`);
  expect(await verifyAudit(store)).toEqual({
    ok: false,
    seq: 3,
    why: "Row 3 was changed: its content does not give its hash.",
  });
});

test("a row taken out behind the triggers' back is found", async () => {
  const store = await freshStore();
  await appendRows(store, 4);
  await tamper(store.place, "delete from audit where seq = 1");
  expect(await verifyAudit(store)).toEqual({ ok: false, seq: 1, why: "Row 1 is missing." });
});

test("a row replaced by one with a right hash of its own is found at the row after it", async () => {
  const store = await freshStore();
  const forged = await freshStore();
  await appendRows(store, 3);
  await appendAudit(forged, { ...row, at: 1_000 });
  await appendAudit(forged, { ...row, at: 1_001, body: { outcome: "countersigned" } });
  await tamper(store.place, "delete from audit where seq = 2");
  const second = forged.db.selectFrom("audit").selectAll().where("seq", "=", 2);
  await store.db
    .insertInto("audit")
    .values(await second.executeTakeFirstOrThrow())
    .execute();
  expect(await verifyAudit(store)).toEqual({
    ok: false,
    seq: 3,
    why: "Row 3 does not follow the row before it: one of them was replaced.",
  });
});

const day = 86_400_000;

/** Ten rows, one a day from the first on. */
async function tenDays(store: Queryable) {
  const entries = [];
  for (let index = 0; index < 10; index += 1) {
    entries.push(await appendAudit(store, { ...row, at: index * day }));
  }
  return entries;
}

test("rows past the retention are taken out, and a checkpoint carries the hash of the last of them", async () => {
  const store = await freshStore();
  const entries = await tenDays(store);
  const pruned = await pruneAudit(store, { keepDays: 3, now: 9 * day });
  const rows = await store.db.selectFrom("audit").selectAll().orderBy("seq").execute();
  expect([
    pruned,
    rows.map(({ seq, kind }) => `${seq} ${kind}`),
    rows.at(-1)?.number,
    rows.at(-1)?.body,
  ]).toEqual([
    6,
    ["7 verdict", "8 verdict", "9 verdict", "10 verdict", "11 checkpoint"],
    6,
    JSON.stringify({ hash: entries[5]?.hash, keepDays: 3 }),
  ]);
  expect(await verifyAudit(store)).toEqual({
    ok: true,
    first: 7,
    newest: { seq: 11, hash: rows.at(-1)?.hash },
  });
});

test("a log that was pruned twice, or wholly, is whole", async () => {
  const store = await freshStore();
  await tenDays(store);
  await pruneAudit(store, { keepDays: 3, now: 9 * day });
  await pruneAudit(store, { keepDays: 1, now: 9 * day });
  const twice = await verifyAudit(store);
  await pruneAudit(store, { keepDays: 1, now: 90 * day });
  expect([twice, await verifyAudit(store)]).toMatchObject([
    { ok: true, first: 9, newest: { seq: 12 } },
    { ok: true, first: 13, newest: { seq: 13 } },
  ]);
});

test("a log that a server prunes while it is verified is whole", async () => {
  const store = await freshStore();
  const server = await freshStore(store.place);
  await tenDays(store);
  let prunes = 0;
  const beside = store.db.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      if (prunes++ === 0) await pruneAudit(server, { keepDays: 3, now: 9 * day });
      return result;
    },
  });
  expect(await verifyAudit({ db: beside })).toMatchObject({ ok: true, first: 7, newest: { seq: 11 } });
});

test("a log of which much is past the retention is pruned some at a time, so that others write in between", async () => {
  const store = await freshStore();
  await sql`insert into audit with recursive rows(seq) as (select 1 union all select seq + 1 from rows where seq < 25000)
    select seq, 0, 'verdict', 'acme/app', 1, null, cast(null as bigint), '{}', 'h', 'h' from rows`.execute(
    store.db,
  );
  await appendAudit(store, { ...row, at: 9 * day });
  const pruned = await pruneAudit(store, { keepDays: 3, now: 9 * day });
  const rows = await store.db.selectFrom("audit").select(["seq", "kind", "number"]).orderBy("seq").execute();
  expect([pruned, rows.map(({ seq, kind, number }) => `${seq} ${kind} ${number}`)]).toEqual([
    25_000,
    ["25001 verdict 12", "25002 checkpoint 10000", "25003 checkpoint 20000", "25004 checkpoint 25000"],
  ]);
  expect(await verifyAudit(store)).toMatchObject({ ok: true, first: 25_001, newest: { seq: 25_004 } });
});

test("nothing is taken out, and no checkpoint written, where nothing is past the retention", async () => {
  const store = await freshStore();
  await tenDays(store);
  expect([await pruneAudit(store, { keepDays: 9, now: 9 * day }), await verifyAudit(store)]).toEqual([
    0,
    whole(10),
  ]);
});

test("the database gives up no row that no checkpoint names", async () => {
  const store = await freshStore();
  await tenDays(store);
  await pruneAudit(store, { keepDays: 3, now: 9 * day });
  await expect(store.db.deleteFrom("audit").where("seq", "=", 7).execute()).rejects.toThrow(
    "audit is append-only",
  );
});

test("rows taken out beyond the checkpoint are found", async () => {
  const store = await freshStore();
  await tenDays(store);
  await pruneAudit(store, { keepDays: 3, now: 9 * day });
  await tamper(store.place, "delete from audit where seq = 7");
  expect(await verifyAudit(store)).toEqual({ ok: false, seq: 7, why: "Row 7 is missing." });
});

test("an entry that GitHub keeps shows a log that was cut, rewritten or pruned", async () => {
  const store = await freshStore();
  const entries = await tenDays(store);
  await pruneAudit(store, { keepDays: 3, now: 9 * day });
  const [first = { seq: 0, hash: "" }] = entries;
  const last = entries.at(-1) ?? first;
  const hash = "0".repeat(64);
  const compared = async (entry: AuditEntry, at: number) =>
    compareWitness(store, { ...entry, at: at * day }, 9 * day);
  expect([
    await compared(last, 9),
    await compared({ ...last, hash }, 9),
    await compared({ seq: 12, hash }, 9),
    await compared(first, 0),
  ]).toEqual(["present", "rewritten", "cut", "pruned"]);
  // On day 9 nothing was taken out that is younger than 3 days: what was written a day later than that names none of it but the last.
  expect([
    await compared(first, 6.9),
    await compared(first, 7),
    await compared(entries[5] ?? first, 6.9),
    await compared({ seq: 6, hash }, 6.9),
  ]).toEqual(["pruned", "too-young", "pruned", "rewritten"]);
});

test("rows are read since a time, however many there are", async () => {
  const store = await freshStore();
  await inTransaction(store, (transaction) => appendRows(transaction, 1_203));
  const read: number[] = [];
  for await (const { seq } of auditRows(store, { since: 1_100 })) read.push(seq);
  expect([read.length, read[0], read.at(-1)]).toEqual([1_103, 101, 1_203]);
});
