import { canonicalJson, sha256 } from "./canonical-json.ts";
import { lockAudit } from "./dialect.ts";
import { inTransaction } from "./store.ts";
import type { Queryable } from "./store.ts";

export type NewAuditRow = {
  readonly at: number;
  readonly kind: string;
  readonly repo: string | null;
  readonly number: number | null;
  readonly sha: string | null;
  readonly actorId: number | null;
  /** Plain JSON; stored with sorted keys. */
  readonly body: unknown;
};

/** Names one row of the log and, through the chain, everything before it. */
export type AuditEntry = { readonly seq: number; readonly hash: string };

export type AuditCheck =
  | { readonly ok: true; readonly rows: number }
  | { readonly ok: false; readonly seq: number; readonly why: string };

/** What the first row carries as the hash of the one before. */
const noHash = "0".repeat(64);

/** Rows verified at a time: a log of years need not fit into memory. */
const verifyRowsMax = 1_000;

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

/**
 * The head SHA whose verdict a pull request showed at a time, null when it had none yet. What was recorded later does not
 * count, not even within the second that a time of GitHub's names: in doubt the older head, for which less can be done.
 * @param at ms since epoch. GitHub's clock and ours are taken for one: both keep network time.
 */
export async function shownHead(
  store: Queryable,
  repo: string,
  number: number,
  at: number,
): Promise<string | null> {
  const row = await store.db
    .selectFrom("audit")
    .select("sha")
    .where("repo", "=", repo)
    .where("number", "=", number)
    .where("kind", "=", "verdict")
    .where("at", "<=", at)
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.sha ?? null;
}

/**
 * Recomputes the whole chain: finds the first row that was changed, inserted or taken out. Rows cut off at the end,
 * or a log rewritten as a whole, do not show here; for that the newest `seq:hash` stands in GitHub's check runs.
 */
export async function verifyAudit(store: Queryable): Promise<AuditCheck> {
  let previous: AuditEntry = { seq: 0, hash: noHash };
  for (;;) {
    const rows = await store.db
      .selectFrom("audit")
      .selectAll()
      .where("seq", ">", previous.seq)
      .orderBy("seq")
      .limit(verifyRowsMax)
      .execute();
    if (rows.length === 0) return { ok: true, rows: previous.seq };
    for (const { hash, ...content } of rows) {
      const seq = previous.seq + 1;
      if (content.seq !== seq) return { ok: false, seq, why: `Row ${seq} is missing.` };
      if (sha256(canonicalJson(content)) !== hash) {
        return { ok: false, seq, why: `Row ${seq} was changed: its content does not give its hash.` };
      }
      if (content.previous_hash !== previous.hash) {
        return {
          ok: false,
          seq,
          why: `Row ${seq} does not follow the row before it: one of them was replaced.`,
        };
      }
      previous = { seq, hash };
    }
  }
}
