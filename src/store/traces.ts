import { sql } from "kysely";
import type { Facts, Observation } from "../gate/facts.ts";
import { recall } from "./observations.ts";
import type { Queryable } from "./store.ts";

/**
 * By what a pull request is recognised when it comes back under another number: the repository and branch of its head, as
 * long as GitHub knows the repository, and the tree of each of its commits.
 */
export function tracesOf(facts: Facts): string[] {
  const { headRepo, headRef, commits } = facts;
  const trees = commits.kind === "read" ? commits.value.map(({ tree }) => `tree ${tree}`) : [];
  const branch = headRepo === null ? [] : [`branch ${headRepo.toLowerCase()}:${headRef}`];
  return [...new Set([...branch, ...trees])];
}

/** Keeps the traces of a pull request for good: after a force-push the trees that are gone still tell. */
export async function rememberTraces(store: Queryable, repo: string, facts: Facts): Promise<void> {
  for (const trace of tracesOf(facts)) {
    await store.db
      .insertInto("traces")
      .values({ repo, trace, number: facts.number })
      .onConflict((conflict) => conflict.columns(["repo", "trace", "number"]).doNothing())
      .execute();
  }
}

/**
 * The evidence a pull request inherits: that of every earlier pull request of the repository that shares a trace with it, or
 * with one of those, and was not merged into the same base branch. A merge into another one cleared nothing here: it may be
 * one that nobody gates. Found anew each time, so that a merge that was heard of late takes its evidence back.
 * @returns the evidence, each piece with the number it was seen on, earliest pull request first.
 */
export async function recallInherited(store: Queryable, repo: string, facts: Facts): Promise<Observation[]> {
  const inherited: Observation[] = [];
  for (const number of await earlierNumbers(store, repo, facts)) {
    for (const seen of await recall(store, repo, number)) {
      if (seen.kind === "evidence")
        inherited.push({ kind: "evidence", evidence: { ...seen.evidence, seenOn: number } });
    }
  }
  return inherited;
}

/**
 * Of these SHAs those that a look saw as the head of an earlier pull request this one comes from: what was found there is
 * inherited, or was that one's own matter because it was merged into the same base branch. Nobody has to search them again.
 */
export async function headsSeenEarlier(
  store: Queryable,
  repo: string,
  facts: Facts,
  shas: readonly string[],
): Promise<string[]> {
  const traces = tracesOf(facts);
  if (shas.length === 0 || traces.length === 0) return [];
  const landed = await store.db
    .selectFrom("traces")
    .innerJoin("pulls", (join) =>
      join.onRef("pulls.repo", "=", "traces.repo").onRef("pulls.number", "=", "traces.number"),
    )
    .select("traces.number")
    .where("traces.repo", "=", repo)
    .where("traces.trace", "in", traces)
    .where("traces.number", "<", facts.number)
    .where("pulls.merged", "=", 1)
    .where("pulls.base", "=", facts.base)
    .execute();
  const earlier = [...(await earlierNumbers(store, repo, facts)), ...landed.map((row) => row.number)];
  if (earlier.length === 0) return [];
  const seen = await store.db
    .selectFrom("observations")
    .select("key")
    .distinct()
    .where("repo", "=", repo)
    .where("number", "in", earlier)
    .where("kind", "=", "scanned")
    .where("key", "in", shas)
    .orderBy("key")
    .execute();
  return seen.map((row) => row.key);
}

async function earlierNumbers({ db }: Queryable, repo: string, facts: Facts): Promise<number[]> {
  const { number, base } = facts;
  const now = tracesOf(facts);
  if (now.length === 0) now.push("");
  // What this pull request shows now may not be stored yet; what it showed earlier is found under its own number.
  const { rows } = await sql<{ number: number }>`
    with recursive kin (number) as (
      select ${sql.lit(number)} as number
      union
      select number from traces where repo = ${repo} and trace in (${sql.join(now)})
        and number < ${sql.lit(number)} and ${notLanded(repo, base, "traces")}
      union
      select theirs.number from kin
        join traces as mine on mine.repo = ${repo} and mine.number = kin.number
        join traces as theirs on theirs.repo = ${repo} and theirs.trace = mine.trace
        where theirs.number < ${sql.lit(number)} and ${notLanded(repo, base, "theirs")}
    )
    select number from kin where number < ${sql.lit(number)} order by number`.execute(db);
  return rows.map((row) => row.number);
}

function notLanded(repo: string, base: string, table: string) {
  const same = sql.ref(`${table}.number`);
  return sql`exists (select 1 from pulls where pulls.repo = ${repo} and pulls.number = ${same}
    and (pulls.merged = 0 or pulls.base <> ${base}))`;
}
