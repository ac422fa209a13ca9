import { sql } from "kysely";
import type { Facts, Observation } from "../gate/facts.ts";
import { putMarks } from "./marks.ts";
import { recall } from "./observations.ts";
import type { Queryable } from "./store.ts";

/**
 * By what a pull request is recognised when it comes back under another number: the repository and branch of its head, as
 * long as GitHub knows the repository, the tree of each of its commits, and that of what it was merged as: a squash is none of
 * its commits, and has a tree of its own where the base branch had moved on.
 */
function tracesOf(facts: Facts): string[] {
  const { headRepo, headRef, merge } = facts;
  const branch = headRepo === null ? [] : [`branch ${headRepo.toLowerCase()}:${headRef}`];
  const merged = merge?.commit ? [asMerged(merge.commit.tree)] : [];
  return [...new Set([...branch, ...treesOf(facts).map(asTree), ...merged])];
}

function treesOf({ commits }: Facts): string[] {
  return commits.kind === "read" ? commits.value.map(({ tree }) => tree) : [];
}

const asTree = (tree: string) => `tree ${tree}`;
const asMerged = (tree: string) => `merged as ${tree}`;

/** A query for the numbers of the pull requests that were seen with this branch of the repository as their head. */
export function pullsFromBranch({ db }: Pick<Queryable, "db">, repo: string, branch: string) {
  const numbers = db.selectFrom("traces").select("traces.number").where("traces.repo", "=", repo);
  return numbers.where("traces.trace", "=", `branch ${repo}:${branch}`);
}

/**
 * Keeps the traces of a pull request for good: after a force-push the trees that are gone still tell. Of a merged one also which of
 * its trees were among what was merged: the others landed nowhere.
 */
export async function rememberTraces(store: Queryable, repo: string, facts: Facts): Promise<void> {
  const landed = facts.merged ? treesOf(facts).map((tree) => `landed ${asTree(tree)}`) : [];
  for (const trace of [...tracesOf(facts), ...new Set(landed)]) {
    await store.db
      .insertInto("traces")
      .values({ repo, trace, number: facts.number })
      .onConflict((conflict) => conflict.columns(["repo", "trace", "number"]).doNothing())
      .execute();
  }
}

/**
 * The evidence a pull request inherits: that of every earlier pull request of the repository that shares a trace with it, or
 * with one of those, and of every one, earlier or not, whose merge it contains; but of none that was merged into the same base
 * branch, unless what they share is a tree that was not merged with it. A merge into another one cleared nothing here: it may be one
 * that nobody gates. Found anew each time, so that a merge that was heard of late takes its evidence back.
 * @returns the evidence, each piece with the number it was seen on, and the heads it was looked for on, earliest pull request first.
 */
export async function recallInherited(store: Queryable, repo: string, facts: Facts): Promise<Observation[]> {
  const inherited: Observation[] = [];
  for (const { number, left } of await kinOf(store, repo, facts)) {
    const from = { seenOn: number, ...(left === 1 && { left: true as const }) };
    for (const seen of await recall(store, repo, number)) {
      if (seen.kind === "evidence")
        inherited.push({ kind: "evidence", evidence: { ...seen.evidence, ...from } });
      // What its heads showed is inherited with it.
      if (seen.kind === "scanned") inherited.push(seen);
    }
  }
  return inherited;
}

/**
 * Of some head SHAs those that were scanned for pull requests which were merged into this base branch: what they showed was
 * asked for then, and asks for nothing again.
 */
export async function recallLanded(
  { db }: Queryable,
  repo: string,
  base: string,
  shas: readonly string[],
): Promise<Observation[]> {
  if (shas.length === 0) return [];
  const rows = await db
    .selectFrom("observations")
    .innerJoin("pulls", (join) =>
      join.onRef("pulls.repo", "=", "observations.repo").onRef("pulls.number", "=", "observations.number"),
    )
    .select("observations.sha")
    .distinct()
    .where("observations.repo", "=", repo)
    .where("observations.kind", "=", "scanned")
    .where("observations.sha", "in", shas)
    .where("pulls.merged", "=", 1)
    .where("pulls.base", "=", base)
    .execute();
  return rows.flatMap(({ sha }) => (sha === null ? [] : [{ kind: "scanned", sha } as const]));
}

/** `left`: 1 where a tree is shared that was not merged with it. */
async function kinOf({ db }: Queryable, repo: string, facts: Facts) {
  const { number, base } = facts;
  const now = ["", ...tracesOf(facts)];
  const contained = ["", ...treesOf(facts).map(asMerged)];
  // What this pull request shows now may not be stored yet; what it showed earlier is found under its own number.
  const { rows } = await sql<{ number: number; left: number }>`
    with recursive kin (number, left_out) as (
      select ${sql.lit(number)} as number, 0 as left_out
      union
      select number, ${leftOut(repo, "traces")} from traces
        where repo = ${repo} and (${notLanded(repo, base, "traces")} or ${leftOut(repo, "traces")} = 1)
        and ((trace in (${sql.join(now)}) and number < ${sql.lit(number)}) or trace in (${sql.join(contained)}))
      union
      select theirs.number, ${leftOut(repo, "theirs")} from kin
        join traces as mine on mine.repo = ${repo} and mine.number = kin.number
        join traces as theirs on theirs.repo = ${repo} and theirs.trace = mine.trace and theirs.number <> kin.number
        where theirs.number < ${sql.lit(number)}
        and (${notLanded(repo, base, "theirs")} or ${leftOut(repo, "theirs")} = 1)
    )
    select number, max(left_out) as "left" from kin
      where number <> ${sql.lit(number)} group by number order by number`.execute(db);
  return rows;
}

/**
 * Marks the open pull requests that may inherit from this one, those of higher numbers and those that contain its merge: they may
 * have been looked at before it, and do not know what they inherit.
 */
export async function markHeirs(
  store: Queryable,
  pull: Pick<Facts, "owner" | "repo" | "number" | "merge"> & { installation: number },
  now: number,
): Promise<void> {
  const { number, merge, installation } = pull;
  const merged = merge?.commit ? asTree(merge.commit.tree) : "";
  const repo = `${pull.owner}/${pull.repo}`.toLowerCase();
  const { rows } = await sql<{ number: number }>`
    with recursive kin (number) as (
      select ${sql.lit(number)} as number
      union
      select theirs.number from kin
        join traces as mine on mine.repo = ${repo} and mine.number = kin.number
        join traces as theirs on theirs.repo = ${repo} and theirs.trace = mine.trace
    )
    select pulls.number from pulls
      where pulls.repo = ${repo} and pulls.open = 1 and pulls.number <> ${sql.lit(number)}
        and (pulls.number in (select number from kin where number > ${sql.lit(number)})
          or pulls.number in (select number from traces where repo = ${repo} and trace = ${merged}))
      order by pulls.number`.execute(store.db);
  const marks = rows.map((heir) => ({
    target: `pull:${repo}:${heir.number}`,
    installation,
    priority: heirPriority,
  }));
  await putMarks(store, marks, now);
}

/** `priority.change` of deliveries: an open pull request may pass that should wait. */
const heirPriority = 1;

function notLanded(repo: string, base: string, table: string) {
  const same = sql.ref(`${table}.number`);
  return sql`exists (select 1 from pulls where pulls.repo = ${repo} and pulls.number = ${same}
    and (pulls.merged = 0 or pulls.base <> ${base}))`;
}

/** 1 for a tree of a merged pull request that was not among what was merged, else 0. */
function leftOut(repo: string, table: string) {
  const [number, trace] = [sql.ref(`${table}.number`), sql.ref(`${table}.trace`)];
  return sql`case when ${trace} like 'tree %'
    and exists (select 1 from pulls where pulls.repo = ${repo} and pulls.number = ${number} and pulls.merged = 1)
    and not exists (select 1 from traces as landed
      where landed.repo = ${repo} and landed.number = ${number} and landed.trace = 'landed ' || ${trace})
    then 1 else 0 end`;
}
