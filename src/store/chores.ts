/** What the server does by the clock rather than for a delivery: once in a while, by one replica of all. */
import type { Queryable } from "./store.ts";

/**
 * Takes a chore that is due: to whoever gets true it belongs, and nobody else gets it before `everyMs` have passed. One
 * that was never done is due at once.
 * @param name for example `sweep`. @param given.now ms since epoch.
 */
export async function claimChore(
  { db }: Queryable,
  name: string,
  { now, everyMs }: { readonly now: number; readonly everyMs: number },
): Promise<boolean> {
  const due = { due_at: now + everyMs };
  const row = await db
    .insertInto("chores")
    .values({ name, done_at: 0, ...due })
    .onConflict((conflict) => conflict.column("name").doUpdateSet(due).where("chores.due_at", "<=", now))
    .returning("name")
    .executeTakeFirst();
  return row !== undefined;
}

/** Makes a chore due at a time (ms since epoch): at once after a start, soon after it failed. */
export async function scheduleChore({ db }: Queryable, name: string, dueAt: number): Promise<void> {
  await db
    .insertInto("chores")
    .values({ name, done_at: 0, due_at: dueAt })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ due_at: dueAt }))
    .execute();
}

/** When the run of a chore began that ended well last, ms since epoch; 0 before the first. */
export async function choreDoneAt({ db }: Queryable, name: string): Promise<number> {
  const row = await db.selectFrom("chores").select("done_at").where("name", "=", name).executeTakeFirst();
  return row?.done_at ?? 0;
}

/** Notes that a run of a chore that began at `doneAt` ended well. */
export async function choreDone({ db }: Queryable, name: string, doneAt: number): Promise<void> {
  await db.updateTable("chores").set({ done_at: doneAt }).where("name", "=", name).execute();
}
