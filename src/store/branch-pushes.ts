import { sql } from "kysely";
import { asObservation, type BranchPush, pushesSinceBase } from "../gate/branch-pushes.ts";
import type { Facts, Observation } from "../gate/facts.ts";
import { pushesOf } from "../gate/patches.ts";
import { account } from "./observations.ts";
import { openPulls } from "./pulls.ts";
import { parseStored, type Queryable } from "./store.ts";
import { pullsFromBranch } from "./traces.ts";

/** A push as its delivery told. `repo` is where the branch is, which may be a fork. */
export type NewBranchPush = Omit<BranchPush, "at"> & { readonly repo: string };

/** Stores pushes for good. @param at when their delivery arrived, in ms since the epoch. */
export async function rememberPushes(
  { db }: Queryable,
  pushes: readonly NewBranchPush[],
  at: number,
): Promise<void> {
  for (const { repo, branch, actor, before, after, forced } of pushes) {
    const row = { repo, branch, actor: JSON.stringify(actor), before, after, forced: forced ? 1 : 0, at };
    await db.insertInto("branch_pushes").values(row).execute();
  }
}

/** Stores pushes that no delivery tells of, each once. @param at as above. */
export async function rememberBrought(store: Queryable, pushes: readonly NewBranchPush[], at: number) {
  for (const push of pushes) {
    const { repo, branch, after, actor } = push;
    const same = store.db.selectFrom("branch_pushes").select("id").where("repo", "=", repo);
    const known = same.where("branch", "=", branch).where("after", "=", after);
    const row = await known.where("actor", "=", JSON.stringify(actor)).executeTakeFirst();
    if (row === undefined) await rememberPushes(store, [push], at);
  }
}

/**
 * The pushes to the head branch since it left the base branch, as far as deliveries told of them: also from before the pull
 * request was opened, and while it was closed. GitHub tells of those in a fork only where the app is installed there.
 * @param facts with what was observed on the pull request itself.
 * @throws StoreError on a row it does not understand.
 */
export async function recallPushes({ db }: Queryable, facts: Facts): Promise<Observation[]> {
  const { headRepo, headRef, headSha } = facts;
  if (headRepo === null) return [];
  const repo = headRepo.toLowerCase();
  const heads = [headSha, ...pushesOf(facts).flatMap(({ before }) => before ?? [])];
  // Everything that may have led to the head, under whatever name; which of it did is decided in the gate.
  const { rows } = await sql<Row>`
    with recursive past (sha) as (
      select after as sha from branch_pushes where repo = ${repo} and after in (${sql.join(heads)})
      union
      select push.before from past join branch_pushes as push on push.repo = ${repo} and push.after = past.sha
        where push.before is not null
    )
    select id, branch, actor, before, after, forced, at from branch_pushes
      where repo = ${repo} and (branch = ${headRef} or after in (select sha from past)) order by id`.execute(
    db,
  );
  return pushesSinceBase(facts, rows.map(toPush)).map(asObservation);
}

/**
 * The open pull requests that a push tells something new about, as far as we have heard of them: it is to their head branch
 * or brought their head SHA. Not where the head is still what the push replaced: that pull request is told of by
 * `synchronize`, and looked at then.
 */
export async function openPullsPushedTo({ db }: Queryable, push: NewBranchPush): Promise<number[]> {
  const { repo, branch, before, after } = push;
  const rows = await openPulls({ db }, repo)
    .where("head_sha", "!=", before ?? "")
    .where((eb) =>
      eb.or([eb("head_sha", "=", after), eb("number", "in", pullsFromBranch({ db }, repo, branch))]),
    )
    .execute();
  return rows.map(({ number }) => number);
}

type Row = {
  readonly id: number;
  readonly branch: string;
  readonly actor: string;
  readonly before: string | null;
  readonly after: string;
  readonly forced: number;
  readonly at: number;
};

function toPush({ id, branch, actor, before, after, forced, at }: Row): BranchPush {
  return {
    branch,
    actor: parseStored(account, actor, `The actor of push ${id}`),
    before,
    after,
    forced: forced === 1,
    at: new Date(at).toISOString(),
  };
}
