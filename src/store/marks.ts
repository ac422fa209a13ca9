/**
 * Marks: one row per target that needs a look.
 *
 * put -> due -> claimed (leased) -> finished: gone, or due again if another mark was put meanwhile
 *                                -> retry: due again later, with one more attempt counted
 *                                -> handed back: due again later
 *                                -> lease ran out (the worker died): claimed by the next, with one more attempt counted and said
 */
import { sql } from "kysely";
import { skippingLocked } from "./dialect.ts";
import { mayBeTaken, nextScope, nobody, scopeOf, type Waiting } from "./next-scope.ts";
import { inTransaction } from "./store.ts";
import type { Queryable } from "./store.ts";

export type Mark = {
  /** `pull:REPO:N`, `group:REPO:SHA`, `deploy:REPO:RUN:ENV`, `repo:REPO`, `rules:REPO`, `installation:ID` or `all-rules:ID`. */
  readonly target: string;
  readonly installation: number;
  /** Lower is sooner: a person waiting comes before a sweep. */
  readonly priority: number;
  /** The check run is to be written even when nothing changed. */
  readonly rewrite?: boolean;
  /** Not before this time; left out: now. */
  readonly dueAt?: number;
};

/**
 * A mark this worker holds as long as its lease, which `renewMark` prolongs. Hand it to `finishMark`, `retryMark` or
 * `releaseMark`.
 */
export type ClaimedMark = {
  readonly target: string;
  readonly installation: number;
  readonly generation: number;
  readonly priority: number;
  readonly dueAt: number;
  /** Looks at this target that failed, or died, since one ended well. */
  readonly attempts: number;
  /** Whether whoever held it last died over it. */
  readonly died: boolean;
  readonly rewrite: boolean;
  readonly worker: string;
};

type Backlog = {
  readonly count: number;
  /** How long the most overdue mark has been due; 0 when none is. */
  readonly oldestAgeMs: number;
  /** Targets whose last look failed or died, those with the most attempts first; at most 20. */
  readonly failing: readonly { readonly target: string; readonly attempts: number; readonly error: string }[];
};

/** Said in the backlog until the next look fails otherwise, or succeeds. */
const diedOver = "The server ended while it looked at this.";

/** Enough to see what is wrong in `/health`, which must stay small. */
const failingMax = 20;

/**
 * Marks targets. A target already marked keeps one row: the stronger priority and the earlier time win, one that was
 * backing off is due now, `rewrite` stays once asked for, and a look that is running is followed by one more. Looks that failed stay
 * counted: whoever has something happen again and again keeps no failing check from being shown.
 */
export async function putMarks(store: Queryable, marks: readonly Mark[], now: number): Promise<void> {
  if (marks.length === 0) return;
  await inTransaction(store, async ({ db }) => {
    // In one order, so that two who mark the same targets at once do not wait for each other.
    for (const mark of marks.toSorted((a, b) => (a.target < b.target ? -1 : 1))) {
      await db
        .insertInto("marks")
        .values({
          target: mark.target,
          installation: mark.installation,
          scope: scopeOf(mark),
          generation: 1,
          priority: mark.priority,
          due_at: mark.dueAt ?? now,
          attempts: 0,
          rewrite: mark.rewrite === true ? 1 : 0,
          lease_by: null,
          lease_until: 0,
          error: null,
        })
        .onConflict((conflict) =>
          conflict.column("target").doUpdateSet({
            installation: sql`excluded.installation`,
            scope: sql`excluded.scope`,
            generation: sql`marks.generation + 1`,
            priority: sql`case when excluded.priority < marks.priority then excluded.priority else marks.priority end`,
            due_at: sql`case when marks.attempts > 0 and marks.due_at > ${now} then ${now}
              when excluded.due_at < marks.due_at then excluded.due_at else marks.due_at end`,
            rewrite: sql`case when excluded.rewrite > marks.rewrite then excluded.rewrite else marks.rewrite end`,
          }),
        )
        .execute();
    }
  });
}

type Claim = {
  readonly worker: string;
  readonly now: number;
  readonly leaseMs: number;
  readonly waiting?: Waiting;
};

/** How often others may take what is left of a scope after it was found, before any scope will do. */
const lostRacesMax = 5;

/**
 * Takes the next due mark that nobody holds, so that installations and repositories share fairly (`nextScope`); of one repository
 * the strongest priority first, then the longest due. Null when there is none. `worker` must be a name that no other claim has.
 * Nobody else gets the mark for `leaseMs`. @param claim.waiting whose marks stay where they are.
 */
export async function claimMark(store: Queryable, claim: Claim): Promise<ClaimedMark | null> {
  for (let races = 0; races < lostRacesMax; races += 1) {
    const scope = await nextScope(store, claim.now, claim.waiting);
    if (scope === null) return null;
    const claimed = await claimIn(store, scope, claim);
    if (claimed !== null) return claimed;
  }
  return claimIn(store, null, claim);
}

async function claimIn(
  store: Queryable,
  scope: string | null,
  { worker, now, leaseMs, waiting = nobody }: Claim,
): Promise<ClaimedMark | null> {
  const row = await store.db
    .updateTable("marks")
    .set({
      lease_by: worker,
      lease_until: now + leaseMs,
      // Whoever held it died over it. Uncounted, a target that kills the process would be taken up at once for ever.
      attempts: sql`case when lease_until > 0 then attempts + 1 else attempts end`,
      error: sql`case when lease_until > 0 then ${diedOver} else error end`,
    })
    // One row, chosen inside the statement that takes it.
    .where("target", "=", (inner) =>
      skippingLocked(
        store.db,
        inner
          .selectFrom("marks")
          .select("target")
          .$if(scope !== null, (query) => query.where("scope", "=", scope))
          .where("due_at", "<=", now)
          .where("lease_until", "<=", now)
          .where(mayBeTaken(waiting))
          .orderBy("priority")
          .orderBy("due_at")
          .limit(1),
      ),
    )
    .returning(["target", "installation", "generation", "priority", "due_at", "attempts", "rewrite", "error"])
    .executeTakeFirst();
  if (row === undefined) return null;
  const { due_at, rewrite, error, ...rest } = row;
  return { ...rest, died: error === diedOver, dueAt: due_at, rewrite: rewrite === 1, worker };
}

/** Prolongs the lease to `leaseMs` from now; does nothing to a mark that somebody else has claimed since. */
export async function renewMark(
  store: Queryable,
  claimed: ClaimedMark,
  { now, leaseMs }: { now: number; leaseMs: number },
): Promise<void> {
  await store.db
    .updateTable("marks")
    .set({ lease_until: now + leaseMs })
    .where(held(claimed))
    .execute();
}

/**
 * The look is done: the mark goes, unless it was put again since it was claimed; then it is free for one more look.
 * Does nothing to a mark that somebody else has claimed since.
 */
export async function finishMark(store: Queryable, claimed: ClaimedMark): Promise<void> {
  await inTransaction(store, async ({ db }) => {
    await db.deleteFrom("marks").where(held(claimed)).where("generation", "=", claimed.generation).execute();
    await db
      .updateTable("marks")
      .set({ ...free, attempts: 0, error: null })
      .where(held(claimed))
      .execute();
  });
}

/**
 * The look failed: counts the attempt and frees the mark for `dueAt`. If it was put again meanwhile it is due at once. `error` is
 * shown in the backlog until a look succeeds.
 */
export async function retryMark(
  store: Queryable,
  claimed: ClaimedMark,
  { dueAt, error }: { dueAt: number; error: string },
): Promise<void> {
  await store.db
    .updateTable("marks")
    .set({
      ...free,
      error,
      attempts: sql`attempts + 1`,
      // A mark that was put again needs no new time: it was due when it was claimed, and that only moves earlier.
      due_at: sql`case when generation = ${claimed.generation} then ${dueAt} else due_at end`,
    })
    .where(held(claimed))
    .execute();
}

/** Hands the mark back for `dueAt` without counting an attempt: the look was not tried, or not to its end. */
export async function releaseMark(store: Queryable, claimed: ClaimedMark, dueAt: number): Promise<void> {
  await store.db
    .updateTable("marks")
    .set({ ...free, due_at: dueAt })
    .where(held(claimed))
    .execute();
}

/** The targets of a repository that somebody is looking at, or was when it died. @param of.repo `owner/name`. */
export async function claimedIn(
  { db }: Queryable,
  of: { readonly installation: number; readonly repo: string },
): Promise<Set<string>> {
  const scope = scopeOf({ installation: of.installation, target: `repo:${of.repo}` });
  const rows = await db
    .selectFrom("marks")
    .select("target")
    .where("scope", "=", scope)
    .where(sql<boolean>`lease_until > 0`)
    .execute();
  return new Set(rows.map(({ target }) => target));
}

/** How many targets of an installation are marked, due or not. */
export async function marksOf({ db }: Queryable, installation: number): Promise<number> {
  const { count } = await db
    .selectFrom("marks")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("installation", "=", installation)
    .executeTakeFirstOrThrow();
  return count;
}

/** What waits for a look, and what keeps failing. */
export async function backlog(store: Queryable, now: number): Promise<Backlog> {
  const { count, oldest } = await store.db
    .selectFrom("marks")
    .select(({ fn }) => [fn.countAll<number>().as("count"), fn.min("due_at").as("oldest")])
    .executeTakeFirstOrThrow();
  const failing = await store.db
    .selectFrom("marks")
    .select(["target", "attempts", "error"])
    .where("error", "is not", null)
    .orderBy("attempts", "desc")
    .orderBy("target")
    .limit(failingMax)
    .$narrowType<{ error: string }>()
    .execute();
  return { count, oldestAgeMs: Math.max(0, now - (oldest ?? now)), failing };
}

/** Time 0 is no lease at all, so that it differs from one that ran out. */
const free = { lease_by: null, lease_until: 0 };

/** Only who still has the lease may touch the mark. */
function held(claimed: ClaimedMark) {
  return sql<boolean>`target = ${claimed.target} and lease_by = ${claimed.worker}`;
}
