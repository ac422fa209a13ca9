import { sql } from "kysely";
import { inTransaction } from "./store.ts";
import type { Queryable } from "./store.ts";

/** The check run a pull request showed, as far as an override or an earlier head depends on it. */
export type Shown = {
  readonly repo: string;
  readonly number: number;
  readonly sha: string;
  /** Whether it let the pull request pass; `observed`: it would not have, but for the mode of the policy. */
  readonly passing: boolean | "observed";
  /** Ms since epoch on GitHub's clock: it stood there by then at the latest. */
  readonly at: number;
};

/** What the column `passing` says besides 0 and 1. */
const observed = 2;
const takenBack = 3;

/** Since when something stands there that is only about to be written: nobody could have seen it. */
export const notYet = Number.MAX_SAFE_INTEGER;

/** Remembers what a pull request shows from now on; of what it showed already, the earliest time by which it stood there. */
export async function rememberShown(store: Queryable, shown: Shown): Promise<void> {
  const { repo, number, sha, at } = shown;
  const passing = shown.passing === "observed" ? observed : Number(shown.passing);
  await inTransaction(store, async ({ db }) => {
    const newest = await newestFirst({ db }, repo, number).executeTakeFirst();
    if (newest === undefined || newest.sha !== sha || newest.passing !== passing)
      await db.insertInto("shown").values({ repo, number, sha, passing, at }).execute();
    else if (at < newest.at) await db.updateTable("shown").set({ at }).where("id", "=", newest.id).execute();
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
  const row = await newestFirst(store, repo, number).where("at", "<=", at).executeTakeFirst();
  return row?.passing === 0 || row?.passing === observed ? row.sha : null;
}

function newestFirst({ db }: Queryable, repo: string, number: number) {
  const all = db.selectFrom("shown").select(["id", "sha", "passing", "at"]);
  return all
    .where((eb) => eb.and({ repo, number }))
    .orderBy("id", "desc")
    .limit(1);
}

/**
 * The heads that an open pull request has left and on which it showed last what GitHub lets pass, newest first. Not the head of
 * another one that is open, whose look decides, or was merged, whose check run says how.
 */
export async function passingLeft({ db }: Queryable, repo: string, number: number): Promise<string[]> {
  const { rows } = await sql<{ sha: string }>`
    select last.sha from shown as last
      join pulls as own on own.repo = last.repo and own.number = last.number and own.open = 1
      where last.repo = ${repo} and last.number = ${number} and last.passing in (1, ${observed})
        and not exists (select 1 from shown as later where later.repo = last.repo
          and later.number = last.number and later.sha = last.sha and later.id > last.id)
        and not exists (select 1 from pulls where pulls.repo = last.repo and pulls.head_sha = last.sha
          and (pulls.open = 1 or pulls.merged = 1))
      order by last.id desc`.execute(db);
  return rows.map(({ sha }) => sha);
}

/** Remembers that nothing passes on a head any more that a pull request has left. */
export async function rememberTakenBack(
  { db }: Queryable,
  { repo, number, sha }: Pick<Shown, "repo" | "number" | "sha">,
): Promise<void> {
  const left = db.updateTable("shown").set({ passing: takenBack });
  await left.where((eb) => eb.and([eb.and({ repo, number, sha }), eb("passing", "!=", 0)])).execute();
}
