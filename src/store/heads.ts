import { sql } from "kysely";
import type { Queryable } from "./store.ts";

/** A look at a head SHA. `worker` is a name that no other look has. */
type Holding = { repo: string; sha: string; worker: string; now: number; leaseMs: number };

/**
 * Takes the right to judge and publish on one head SHA for `leaseMs`. Returns the number of this look at it (1, 2, …),
 * or null while anybody holds it, the same worker included: looks on one SHA do not interleave. A lease that ran out is free.
 */
export async function leaseHead(
  store: Queryable,
  { repo, sha, worker, now, leaseMs }: Holding,
): Promise<{ look: number } | null> {
  const row = await store.db
    .insertInto("heads")
    .values({ repo, sha, lease_by: worker, lease_until: now + leaseMs, look: 1 })
    .onConflict((conflict) =>
      conflict
        .columns(["repo", "sha"])
        .doUpdateSet({
          lease_by: sql`excluded.lease_by`,
          lease_until: sql`excluded.lease_until`,
          look: sql`heads.look + 1`,
        })
        .where("heads.lease_until", "<=", now),
    )
    .returning("look")
    .executeTakeFirst();
  return row ?? null;
}

/**
 * Prolongs a lease to `leaseMs` from now, also one that ran out if nobody took it since. Returns whether `worker`
 * still holds it: true rules out that another look began.
 */
export async function renewHead(
  store: Queryable,
  { repo, sha, worker, now, leaseMs }: Holding,
): Promise<boolean> {
  const renewed = await store.db
    .updateTable("heads")
    .set({ lease_until: now + leaseMs })
    .where((eb) => eb.and({ repo, sha, lease_by: worker }))
    .returning("sha")
    .executeTakeFirst();
  return renewed !== undefined;
}

/** Gives the head SHA back. Does nothing when `worker` no longer holds it. */
export async function releaseHead(
  store: Queryable,
  { repo, sha, worker }: { repo: string; sha: string; worker: string },
): Promise<void> {
  await store.db
    .updateTable("heads")
    .set({ lease_by: null, lease_until: 0 })
    .where((eb) => eb.and({ repo, sha, lease_by: worker }))
    .execute();
}
