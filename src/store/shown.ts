import { inTransaction } from "./store.ts";
import type { Queryable } from "./store.ts";

/** The check run a pull request showed, as far as an override depends on it. */
export type Shown = {
  readonly repo: string;
  readonly number: number;
  readonly sha: string;
  /** Whether it let the pull request pass. */
  readonly passing: boolean;
  /** Ms since epoch on GitHub's clock: it stood there by then at the latest. */
  readonly at: number;
};

/** Remembers what a pull request shows from now on; nothing when it is what it showed already. */
export async function rememberShown(store: Queryable, shown: Shown): Promise<void> {
  const { repo, number, sha, at } = shown;
  const passing = shown.passing ? 1 : 0;
  await inTransaction(store, async ({ db }) => {
    const newest = await db
      .selectFrom("shown")
      .select(["sha", "passing"])
      .where((eb) => eb.and({ repo, number }))
      .orderBy("id", "desc")
      .limit(1)
      .executeTakeFirst();
    if (newest?.sha === sha && newest.passing === passing) return;
    await db.insertInto("shown").values({ repo, number, sha, passing, at }).execute();
  });
}

/**
 * The head SHA whose check run a pull request surely showed at a time, if that did not let it pass: what somebody could see
 * and override. Null where there was none. What may have come later does not count, not even within the second that a time of
 * GitHub's names: in doubt it is the older head, for which less can be done.
 * @param at ms since epoch, on GitHub's clock.
 */
export async function shownHead(
  store: Queryable,
  repo: string,
  number: number,
  at: number,
): Promise<string | null> {
  const row = await store.db
    .selectFrom("shown")
    .select(["sha", "passing"])
    .where((eb) => eb.and({ repo, number }))
    .where("at", "<=", at)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined || row.passing === 1 ? null : row.sha;
}
