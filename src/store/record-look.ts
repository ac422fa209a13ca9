import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Evidence } from "../gate/evidence.ts";
import type { Facts } from "../gate/facts.ts";
import type { Verdict } from "../gate/verdict.ts";
import { appendAudit, newestAudit } from "./audit.ts";
import type { AuditEntry } from "./audit.ts";
import { canonicalJson } from "./canonical-json.ts";
import { lockAudit, lockingRow } from "./dialect.ts";
import { evidenceObservation, rememberObservations } from "./observations.ts";
import type { ConfigVersions } from "./pulls.ts";
import { inTransaction } from "./store.ts";
import type { Queryable } from "./store.ts";
import { rememberTraces } from "./traces.ts";

export type Look = {
  readonly repo: string;
  readonly installation: number;
  readonly facts: Facts;
  readonly verdict: Verdict;
  /** What was seen on this pull request and must not be forgotten. */
  readonly evidence: readonly Evidence[];
  readonly configVersions: ConfigVersions;
  readonly now: number;
};

/**
 * Records a look in one transaction: the evidence and the traces for good, facts and verdict in place of the last ones, and an audit
 * row of kind `verdict` if outcome, mode, head SHA, base or configuration versions are not those of the pull request's
 * last one, after one of kind `config` for each file that came into force in another version. Returns the newest row of the whole audit log, for the check run's `external_id`.
 */
export async function recordLook(store: Queryable, look: Look): Promise<AuditEntry> {
  const { repo, facts, verdict, configVersions, now } = look;
  const { number, headSha, base } = facts;
  // Outside the transaction: nobody should wait for the compression.
  const packedFacts = await promisify(gzip)(JSON.stringify(facts));
  const audited = { at: now, kind: "verdict", repo, number, sha: headSha, actorId: null };
  const body = { outcome: verdict.outcome, mode: verdict.mode, base, configVersions };
  return inTransaction(store, async (transaction) => {
    await rememberSeen(transaction, look);
    const newest = await newestIfSame(transaction, repo, number, { sha: headSha, body });
    const changed = newest === null;
    if (changed) await recordVersions(transaction, configVersions, now);
    const entry = newest ?? (await appendAudit(transaction, { ...audited, body }));
    const row = {
      installation: look.installation,
      head_sha: headSha,
      base,
      open: facts.open ? 1 : 0,
      merged: facts.merged ? 1 : 0,
      facts: packedFacts,
      verdict: JSON.stringify(verdict),
      config_versions: canonicalJson(configVersions),
      ...(changed && { audit_seq: entry.seq }),
    };
    await transaction.db
      .insertInto("pulls")
      .values({ repo, number, ...row })
      .onConflict((conflict) => conflict.columns(["repo", "number"]).doUpdateSet(row))
      .execute();
    return entry;
  });
}

/**
 * Keeps for good what was seen on a pull request, whether its base is gated or not: it may be changed to one that is, and the change
 * may come back under another number.
 */
export async function rememberSeen(
  store: Queryable,
  { repo, facts, evidence, now }: Pick<Look, "repo" | "facts" | "evidence" | "now">,
): Promise<void> {
  await inTransaction(store, async (transaction) => {
    const seen = evidence.map((entry) => evidenceObservation(repo, facts.number, entry, now));
    await rememberObservations(transaction, seen);
    await rememberTraces(transaction, repo, facts);
  });
}

/**
 * Records that a pull request, or with number 0 a merge group, cannot be looked at: an audit row of kind `verdict`, unless it is
 * that already. Facts and verdict of the last look stay. Returns the newest row of the whole audit log.
 */
export async function recordFailedLook(
  store: Queryable,
  failed: {
    readonly repo: string;
    readonly number: number;
    readonly base: string | null;
    readonly verdict: Verdict;
    readonly now: number;
  },
): Promise<AuditEntry> {
  const { repo, number, base, verdict, now } = failed;
  const { headSha: sha, outcome, mode } = verdict;
  const body = { outcome: { kind: outcome.kind }, mode, base };
  return inTransaction(store, async (transaction) => {
    const newest = await newestIfSame(transaction, repo, number, { sha, body });
    if (newest !== null) return newest;
    const entry = await appendAudit(transaction, {
      at: now,
      kind: "verdict",
      repo,
      number,
      sha,
      actorId: null,
      body,
    });
    // The next look that succeeds is a change, and has a row again.
    await transaction.db
      .updateTable("pulls")
      .set({ audit_seq: entry.seq })
      .where((eb) => eb.and({ repo, number }))
      .execute();
    return entry;
  });
}

/**
 * Records a verdict on a merge group, which has the number 0 in the log: an audit row of kind `verdict`, unless the last one about
 * its head SHA says the same. Returns the newest row of the whole audit log.
 */
export async function recordGroupLook(
  store: Queryable,
  look: {
    readonly repo: string;
    readonly sha: string;
    readonly base: string;
    /** Which would land with it. */
    readonly pulls: readonly number[];
    readonly verdict: Verdict;
    readonly now: number;
  },
): Promise<AuditEntry> {
  const { repo, sha, base, pulls, verdict, now } = look;
  const body = { outcome: verdict.outcome, mode: verdict.mode, base, pulls };
  return inTransaction(store, async (transaction) => {
    const newest = await newestIfSame(transaction, repo, 0, { sha, body });
    const row = { at: now, kind: "verdict", repo, number: 0, sha, actorId: null };
    return newest ?? appendAudit(transaction, { ...row, body });
  });
}

/** The last verdict on a merge group. Its head SHA is leased, so nobody else records one meanwhile. */
async function lastOfGroup({ db }: Queryable, repo: string, sha: string): Promise<number | null> {
  const row = await db
    .selectFrom("audit")
    .select("seq")
    .where((eb) => eb.and({ repo, number: 0, kind: "verdict", sha }))
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.seq ?? null;
}

/**
 * One audit row of kind `config` for each file that is in force in another version than its last row says; what is built in has none.
 * @param now ms since epoch.
 */
export async function recordVersions(store: Queryable, versions: ConfigVersions, now: number): Promise<void> {
  await inTransaction(store, async (transaction) => {
    // Two replicas learn of the same version at once.
    await lockAudit(transaction.db);
    for (const [file, version] of Object.entries(versions)) {
      if (version === "") continue;
      const body = { file };
      const last = await transaction.db
        .selectFrom("audit")
        .select("sha")
        .where("kind", "=", "config")
        .where("body", "=", canonicalJson(body))
        .orderBy("seq", "desc")
        .limit(1)
        .executeTakeFirst();
      if (last?.sha === version) continue;
      const row = { at: now, kind: "config", repo: null, number: null, actorId: null };
      await appendAudit(transaction, { ...row, sha: version, body });
    }
  });
}

/**
 * The newest row of the log where the last verdict on the pull request says the same, else null. The pull request is not
 * recorded by anybody else until the transaction ends.
 */
async function newestIfSame(
  store: Queryable,
  repo: string,
  number: number,
  said: { readonly sha: string; readonly body: unknown },
): Promise<AuditEntry | null> {
  const { db } = store;
  const pull = await lockingRow(
    db,
    db.selectFrom("pulls").select("audit_seq").where("repo", "=", repo).where("number", "=", number),
  ).executeTakeFirst();
  const seq = number === 0 ? await lastOfGroup(store, repo, said.sha) : (pull?.audit_seq ?? null);
  if (seq === null) return null;
  // Not joined: PostgreSQL would look for the row that the pull request named before it was waited for.
  const last = db.selectFrom("audit").select(["sha", "body"]).where("seq", "=", seq);
  // A checkpoint may stand for it by now; the verdict then has a row again.
  const row = await last.executeTakeFirst();
  return row?.sha === said.sha && row.body === canonicalJson(said.body) ? newestAudit(store) : null;
}
