/**
 * The ledger: every commit that reached a gated branch, how it came there, and whether it was cleared. A commit has a row for
 * each branch it reached; what was cleared on one of them asks for nothing on another.
 */
import { sql } from "kysely";
import { z } from "zod";
import type { How, Unproven } from "../gate/landing.ts";
import type { ClearedBefore } from "../gate/facts.ts";
import { inTransaction, parseStored } from "./store.ts";
import type { Queryable } from "./store.ts";

const how: z.ZodType<How> = z.enum(["merge", "squash", "rebase", "queue", "push", "update", "history"]);

/** A commit that reached a gated branch. */
export type Landed = {
  readonly sha: string;
  readonly branch: string;
  /** The pull request it came through; null for a direct push. */
  readonly number: number | null;
  readonly how: How;
  readonly cleared: boolean;
  /** Whether the change it came with showed evidence of AI assistance. */
  readonly assisted: boolean;
  /** Logins of those who countersigned, accepted or overrode. */
  readonly by: readonly string[];
  /** When it reached the branch, ms since the epoch. */
  readonly at: number;
  /** Why it is not proven to be what was approved, and what to accept; null where it is, or that is not why it is not cleared. */
  readonly unproven: Unproven | null;
  /** The audit row that says with which verdict it came; null where there was none. */
  readonly auditSeq: number | null;
};

/** A row to be recorded. */
export type NewLanded = Omit<Landed, "unproven"> & {
  readonly unproven?: Unproven | null;
  readonly repo: string;
  /** The origins of the policies that let it pass in enforce mode; left out: none. */
  readonly policies?: readonly string[];
};

const body = z.object({
  assisted: z.boolean(),
  by: z.array(z.string()),
  policies: z.array(z.string()),
  unproven: z.object({ sha: z.string(), why: z.string() }).nullable().default(null),
});

/**
 * Records commits that reached a gated branch, all or none. What is known of one already is replaced by what was found out
 * since, but a commit that was cleared stays as it was: nothing that is found out later takes that back.
 * @param rows `repo` is `owner/name` in lower case.
 */
export async function recordLanded(store: Queryable, rows: readonly NewLanded[]): Promise<void> {
  if (rows.length === 0) return;
  // Always in the same order, so that two transactions do not wait for each other.
  const sorted = rows.toSorted((one, other) => (one.sha < other.sha ? -1 : 1));
  await inTransaction(store, async ({ db }) => {
    for (const { repo, branch, sha, number, how: way, at, ...found } of sorted) {
      const { assisted, by, policies = [], unproven } = found;
      const why = found.cleared || !unproven ? {} : { unproven: { sha: unproven.sha, why: unproven.why } };
      const row = {
        number,
        how: way,
        at,
        audit_seq: found.auditSeq,
        cleared: found.cleared ? 1 : 0,
        body: JSON.stringify({ assisted, by, policies, ...why }),
      };
      await db
        .insertInto("landed")
        .values({ repo, branch, sha, ...row })
        .onConflict((conflict) =>
          conflict.columns(["repo", "branch", "sha"]).doUpdateSet(row).where("landed.cleared", "=", 0),
        )
        .execute();
    }
  });
}

/**
 * Of these commits those that reached a gated branch of the repository, by SHA. One that reached several is given as it was
 * cleared, if it was on any, else as it came first. At most 30,000 SHAs (SQLite takes 32,766 values in a statement).
 * @param repo `owner/name` in lower case. @param branch the only one that is asked about. @throws StoreError on a row it does not understand.
 */
export async function landedCommits(
  { db }: Queryable,
  repo: string,
  shas: readonly string[],
  branch?: string,
): Promise<Map<string, Landed>> {
  if (shas.length === 0) return new Map();
  const rows = await db
    .selectFrom("landed")
    .select(["sha", "branch", "number", "how", "cleared", "body", "audit_seq", "at"])
    .where((eb) => eb.and({ repo, ...(branch !== undefined && { branch }) }))
    .where("sha", "in", [...new Set(shas)])
    // Of several rows for one commit the last one stays in the map.
    .orderBy("cleared")
    .orderBy("at", "desc")
    .orderBy("branch")
    .execute();
  return new Map(
    rows.map(({ how: way, cleared, body: text, audit_seq: auditSeq, ...row }) => {
      const where = `The ledger's row for ${row.sha} on ${row.branch} of ${repo}`;
      const { assisted, by, unproven } = parseStored(body, text, where);
      const kind = parseStored(how, JSON.stringify(way), where);
      const found = { how: kind, cleared: cleared === 1, assisted, by, unproven, auditSeq };
      return [row.sha, { ...row, ...found }] as const;
    }),
  );
}

/**
 * What was cleared on the gated branches of the repository, with every policy that let it pass: of these commits; and of these
 * pull requests those that came to no commit which was not cleared. As many of each as for `landedCommits`, and the same errors.
 * @param asked.notWith a pull request; what landed with it says nothing here, for it was not there before it.
 */
export async function clearedBefore(
  { db }: Queryable,
  repo: string,
  asked: {
    readonly shas: readonly string[];
    readonly numbers: readonly number[];
    readonly notWith: number | null;
  },
): Promise<ClearedBefore[]> {
  const { shas, numbers, notWith } = asked;
  const rows = await db
    .selectFrom("landed")
    .select(["sha", "number", "cleared", "body"])
    .where("repo", "=", repo)
    .where((eb) =>
      eb.or([
        eb("sha", "in", shas.length === 0 ? [""] : [...new Set(shas)]),
        eb("number", "in", numbers.length === 0 ? [0] : [...new Set(numbers)]),
      ]),
    )
    .where((eb) => eb.or([eb("number", "is", null), eb("number", "!=", notWith ?? 0)]))
    .orderBy("sha")
    .orderBy("branch")
    .execute();
  const passed = rows.map(({ sha, number, cleared, body: text }) => {
    const known = parseStored(body, text, `The ledger's row for ${sha} of ${repo}`);
    return { sha, number, policies: cleared === 1 ? known.policies : [] };
  });
  const commits = new Set(passed.flatMap(({ sha }) => (shas.includes(sha) ? [sha] : [])));
  const pulls = new Set(
    passed.flatMap(({ number }) => number ?? []).filter((number) => numbers.includes(number)),
  );
  return [
    ...[...commits].map((sha) => {
      const policies = passed.filter((row) => row.sha === sha).flatMap((row) => row.policies);
      return { kind: "commit", sha, policies: [...new Set(policies)] } as const;
    }),
    ...[...pulls].map((number) => {
      const [first = [], ...more] = passed.filter((row) => row.number === number).map((row) => row.policies);
      const policies = first.filter((policy) => more.every((others) => others.includes(policy)));
      return { kind: "pull", number, policies } as const;
    }),
  ].filter(({ policies }) => policies.length > 0);
}

/** What of a pull request is not cleared because it is not proven to be what was approved; null where nothing is. */
export async function unprovenOf({ db }: Queryable, repo: string, number: number): Promise<Unproven | null> {
  const rows = await db
    .selectFrom("landed")
    .select(["sha", "body"])
    .where((eb) => eb.and({ repo, number, cleared: 0 }))
    .execute();
  const found = rows.map(({ sha, body: text }) =>
    parseStored(body, text, `The ledger's row for ${sha} of ${repo}`),
  );
  return found.find(({ unproven }) => unproven !== null)?.unproven ?? null;
}

/** The commits that an audit row was written about, oldest first where they differ in time. */
export async function landedWith({ db }: Queryable, repo: string, auditSeq: number): Promise<string[]> {
  const rows = await db
    .selectFrom("landed")
    .select("sha")
    .where((eb) => eb.and({ repo, audit_seq: auditSeq }))
    .orderBy("sha")
    .execute();
  return rows.map(({ sha }) => sha);
}

/** Up to which commit of a branch the ledger knows what landed; null before it begins. */
export async function ledgerHead({ db }: Queryable, repo: string, branch: string): Promise<string | null> {
  const row = await db
    .selectFrom("ledgers")
    .select("head")
    .where((eb) => eb.and({ repo, branch }))
    .executeTakeFirst();
  return row?.head ?? null;
}

/** Up to which commit the ledger of each branch of an owner knows what landed. */
export async function ledgersOf(
  { db }: Queryable,
  owner: string,
): Promise<{ repo: string; branch: string; head: string }[]> {
  const prefix = `${owner.toLowerCase()}/`;
  return db
    .selectFrom("ledgers")
    .selectAll()
    .where(sql`substr(repo, 1, ${sql.lit(prefix.length)})`, "=", prefix)
    .orderBy("repo")
    .orderBy("branch")
    .execute();
}

/** Stores up to which commit of a branch the ledger knows what landed. */
export async function moveLedger(
  { db }: Queryable,
  { repo, branch, head }: { readonly repo: string; readonly branch: string; readonly head: string },
): Promise<void> {
  await db
    .insertInto("ledgers")
    .values({ repo, branch, head })
    .onConflict((conflict) => conflict.columns(["repo", "branch"]).doUpdateSet({ head }))
    .execute();
}
