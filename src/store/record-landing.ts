import type { How, Unproven } from "../gate/landing.ts";
import { appendAudit } from "./audit.ts";
import { type Bypass, findBypass, insertBypass } from "./bypasses.ts";
import { lockAudit } from "./dialect.ts";
import { landedCommits, recordLanded } from "./landed.ts";
import { inTransaction } from "./store.ts";
import type { Queryable } from "./store.ts";

/** What reached a branch together, by one pull request or one push. */
export type NewLanding = {
  readonly repo: string;
  readonly branch: string;
  readonly number: number | null;
  readonly how: How;
  /** The last one first; at least one. */
  readonly shas: readonly string[];
  /** Which of them are cleared, and by which policies. */
  readonly cleared: readonly string[];
  readonly policies: readonly string[];
  /** Which of them are not proven to be what was approved. */
  readonly unproven: (Unproven & { readonly shas: readonly string[] }) | null;
  readonly assisted: boolean;
  readonly by: readonly string[];
  readonly actorId: number | null;
  /** What the audit row says besides: the verdict and what it rests on. */
  readonly body: Readonly<Record<string, unknown>>;
  /** When it landed, ms since the epoch. */
  readonly at: number;
  readonly now: number;
};

/**
 * Records what reached a branch, with an audit row of kind `landed`, in one transaction; nothing where the ledger has all of it
 * already, as cleared or from the same pull request and no better known now.
 * @returns the audit row that the ledger's rows name, and whether it is new.
 */
export async function recordLanding(
  store: Queryable,
  landing: NewLanding,
): Promise<{ auditSeq: number; isNew: boolean }> {
  const { repo, branch, number, how, shas, cleared, unproven, by, assisted, at } = landing;
  return inTransaction(store, async (transaction) => {
    await lockAudit(transaction.db);
    const known = await landedCommits(transaction, repo, shas, branch);
    const told = shas.every((sha) => {
      const row = known.get(sha);
      if (row === undefined || row.auditSeq === null) return false;
      return row.cleared || (row.number === number && !cleared.includes(sha));
    });
    const first = known.get(shas[0] ?? "")?.auditSeq;
    if (told && first != null) return { auditSeq: first, isNew: false };
    const body = { ...landing.body, branch, how, commits: shas, cleared, ...(unproven && { unproven }) };
    const about = { repo, number, sha: shas[0] ?? null, actorId: landing.actorId };
    const { seq } = await appendAudit(transaction, { at: landing.now, kind: "landed", ...about, body });
    await recordLanded(
      transaction,
      shas.map((sha) => {
        const is = cleared.includes(sha);
        const what = { repo, branch, sha, number, how, assisted, at, auditSeq: seq, cleared: is };
        const why = unproven?.shas.includes(sha) === true ? unproven : null;
        return { ...what, unproven: why, by: is ? by : [], policies: is ? landing.policies : [] };
      }),
    );
    return { auditSeq: seq, isNew: true };
  });
}

/** Records a bypass with an audit row of its kind, once. @returns whether it was not known before. */
export async function recordBypass(
  store: Queryable,
  bypass: Omit<Bypass, "issue" | "asked" | "open">,
  { actorId, body }: { readonly actorId: number | null; readonly body: Readonly<Record<string, unknown>> },
): Promise<boolean> {
  const { repo, branch, sha, number, at } = bypass;
  return inTransaction(store, async (transaction) => {
    await lockAudit(transaction.db);
    if ((await findBypass(transaction, { repo, branch, sha })) !== null) return false;
    await appendAudit(transaction, {
      at,
      kind: "bypass",
      repo,
      number,
      sha,
      actorId,
      body: { ...body, branch, landed: bypass.auditSeq },
    });
    await insertBypass(transaction, bypass);
    return true;
  });
}
