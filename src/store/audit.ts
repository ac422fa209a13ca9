import { z } from "zod";
import { canonicalJson, sha256 } from "./canonical-json.ts";
import { lockAudit } from "./dialect.ts";
import { inTransaction, parseStored } from "./store.ts";
import type { Queryable } from "./store.ts";
import type { Tables } from "./tables.ts";

type NewAuditRow = {
  readonly at: number;
  readonly kind: string;
  readonly repo: string | null;
  /** Of a pull request; of a checkpoint, the `seq` of the last row it takes out. */
  readonly number: number | null;
  readonly sha: string | null;
  readonly actorId: number | null;
  /** Plain JSON; stored with sorted keys. */
  readonly body: unknown;
};

/** Names one row of the log and, through the chain, everything before it. */
export type AuditEntry = { readonly seq: number; readonly hash: string };

type AuditCheck =
  /** `first` is 1 unless rows were taken out by a checkpoint; `newest` has the seq 0 where the log is empty. */
  | { readonly ok: true; readonly first: number; readonly newest: AuditEntry }
  | { readonly ok: false; readonly seq: number; readonly why: string };

/** What the first row carries as the hash of the one before. */
const noHash = "0".repeat(64);

/** Rows read at a time: a log of years need not fit into memory. */
const rowsAtOnceMax = 1_000;

/** Appends one row; `seq` counts from 1 without gaps. Of two appends at once the second waits until the first is committed. */
export async function appendAudit(store: Queryable, row: NewAuditRow): Promise<AuditEntry> {
  return inTransaction(store, async (transaction) => {
    await lockAudit(transaction.db);
    const newest = await newestAudit(transaction);
    const content = {
      seq: (newest?.seq ?? 0) + 1,
      at: row.at,
      kind: row.kind,
      repo: row.repo,
      number: row.number,
      sha: row.sha,
      actor_id: row.actorId,
      body: canonicalJson(row.body),
      previous_hash: newest?.hash ?? noHash,
    };
    const hash = sha256(canonicalJson(content));
    await transaction.db
      .insertInto("audit")
      .values({ ...content, hash })
      .execute();
    return { seq: content.seq, hash };
  });
}

/** The last row appended, null while there is none. */
export async function newestAudit(store: Queryable): Promise<AuditEntry | null> {
  const row = await store.db
    .selectFrom("audit")
    .select(["seq", "hash"])
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** What a `checkpoint` says of the rows it allowed to be taken out: those up to its `number`, the last of them by its hash. */
const checkpointBody = z.object({ hash: z.string(), keepDays: z.number().min(1) });

/** The last row that was taken out; `at` (ms since epoch) it was, and older than `keepDays` then. */
export type Checkpoint = AuditEntry & { readonly at: number; readonly keepDays: number };

const dayMs = 86_400_000;

/** As many take a tenth of a second or some, in which nobody else writes; PostgreSQL gives a statement up that takes long. */
const prunedAtOnceMax = 10_000;

/**
 * Takes out the rows older than `keepDays`, oldest first and without a gap, some at a time, and appends each time a row of kind
 * `checkpoint` that carries the hash of the last of them: the chain goes on from there. Returns how many rows were taken out.
 */
export async function pruneAudit(
  store: Queryable,
  { keepDays, now }: { readonly keepDays: number; readonly now: number },
): Promise<number> {
  let pruned = 0;
  for (;;) {
    const rows = await pruneSome(store, { keepDays, now });
    if (rows === 0) return pruned;
    pruned += rows;
  }
}

async function pruneSome(
  store: Queryable,
  { keepDays, now }: { readonly keepDays: number; readonly now: number },
): Promise<number> {
  return inTransaction(store, async (transaction) => {
    const { db } = transaction;
    const some = await db
      .selectFrom("audit")
      .select(["seq", "at", "hash"])
      .orderBy("seq")
      .limit(prunedAtOnceMax)
      .execute();
    const kept = some.findIndex(({ at }) => at >= now - keepDays * dayMs);
    const last = some.at(kept === -1 ? -1 : kept - 1);
    if (last === undefined || kept === 0) return 0;
    await appendAudit(transaction, {
      at: now,
      kind: "checkpoint",
      repo: null,
      number: last.seq,
      sha: null,
      actorId: null,
      body: { hash: last.hash, keepDays },
    });
    const deleted = await db.deleteFrom("audit").where("seq", "<=", last.seq).executeTakeFirst();
    return Number(deleted.numDeletedRows);
  });
}

/**
 * Recomputes the whole chain: finds the first row that was changed, inserted or taken out other than by a checkpoint.
 * Rows cut off at the end, or a log rewritten as a whole, do not show here; for that the newest `seq:hash` stands in
 * GitHub's check runs (`compareWitness`).
 */
export async function verifyAudit(store: Queryable): Promise<AuditCheck> {
  for (;;) {
    const taken = await newestCheckpoint(store);
    const checked = await verifyAfter(store, taken);
    // What is missing may be what a server took out meanwhile, as a newer checkpoint says.
    if (checked.ok || taken?.seq === (await newestCheckpoint(store))?.seq) return checked;
  }
}

async function verifyAfter(store: Queryable, taken: Checkpoint | null): Promise<AuditCheck> {
  let previous: AuditEntry = taken ?? { seq: 0, hash: noHash };
  const first = previous.seq + 1;
  for await (const { hash, ...content } of auditRows(store, { since: 0 })) {
    const seq = previous.seq + 1;
    if (content.seq !== seq) return { ok: false, seq, why: `Row ${seq} is missing.` };
    if (sha256(canonicalJson(content)) !== hash) {
      return { ok: false, seq, why: `Row ${seq} was changed: its content does not give its hash.` };
    }
    if (content.previous_hash !== previous.hash) {
      const why = `Row ${seq} does not follow the row before it: one of them was replaced.`;
      return { ok: false, seq, why };
    }
    previous = { seq, hash };
  }
  return { ok: true, first, newest: previous };
}

/** What the first row that is there has to follow, where a checkpoint in the log says so; null where it has all rows. */
export async function newestCheckpoint({ db }: Queryable): Promise<Checkpoint | null> {
  const row = await db
    .selectFrom("audit")
    .select(["at", "number", "body"])
    .where("kind", "=", "checkpoint")
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  if (row === undefined || row.number === null) return null;
  const said = parseStored(checkpointBody, row.body, `The newest checkpoint of the audit log`);
  return { seq: row.number, at: row.at, ...said };
}

/** Every row since a time (ms since epoch), oldest first, read some at a time. */
export async function* auditRows(
  { db }: Queryable,
  { since }: { readonly since: number },
): AsyncGenerator<Tables["audit"]> {
  let after = 0;
  for (;;) {
    const rows = await db
      .selectFrom("audit")
      .selectAll()
      .where("seq", ">", after)
      .where("at", ">=", since)
      .orderBy("seq")
      .limit(rowsAtOnceMax)
      .execute();
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.seq;
  }
}

/** So long after its row a check run may be written at the most: it waits for its turn, and clocks differ. */
const writtenWithinMs = dayMs;

/**
 * Whether the log still has the entry that GitHub keeps in a check run, which was written at `at` (ms since epoch). `pruned`: a
 * checkpoint says that it was taken out. `too-young`: it says so, but was to take out none that young. `cut`: the log ends
 * before it. `rewritten`: another row stands in its place.
 */
export async function compareWitness(
  store: Queryable,
  { seq, hash, at }: AuditEntry & { readonly at: number },
  now: number,
): Promise<"present" | "pruned" | "too-young" | "cut" | "rewritten"> {
  const row = await store.db.selectFrom("audit").select("hash").where("seq", "=", seq).executeTakeFirst();
  if (row !== undefined) return row.hash === hash ? "present" : "rewritten";
  const taken = await newestCheckpoint(store);
  if (taken === null || seq > taken.seq) return "cut";
  // The newest row of its time, where nothing was appended for long: check runs may have gone on naming it.
  if (seq === taken.seq) return hash === taken.hash ? "pruned" : "rewritten";
  const takenBefore = Math.min(taken.at, now) - taken.keepDays * dayMs;
  return at < takenBefore + writtenWithinMs ? "pruned" : "too-young";
}
