import { type RawBuilder, sql } from "kysely";
import type { Mark } from "./marks.ts";
import type { Queryable } from "./store.ts";

/**
 * What was called `from` is called `to` from now on, or is gone: repositories are `owner/name`, in lower case as everywhere. With
 * `rulesStay` the place still counts as one that had a roster and a policy, so that they cannot be got rid of in this way.
 */
export type Rename = {
  readonly kind: "repository" | "owner";
  readonly from: string;
  readonly to: string | null;
  readonly rulesStay: boolean;
};

const keptForGood = ["observations", "traces", "branch_pushes"];
const moving = ["shown", "pulls", "groups", "landed", "approved_shas", "deployments", "ledgers", "bypasses"];

/**
 * Lets what is remembered of repositories be found under their new name, and under no other: another repository may have the old one
 * by tomorrow. Rows that are kept for good are copied and laid aside, the others move. What the new name knows already, because
 * deliveries came in another order, stays. The audit log keeps the names of its time; the next look at each pull request says its
 * verdict under the new one.
 * @param delivery the id of the delivery that tells: what it lays aside is told apart by it.
 */
export async function carryOver(store: Queryable, renames: readonly Rename[], delivery: string) {
  for (const rename of renames) {
    if (rename.kind === "owner") await carryOwner(store, rename, delivery);
    else await carryRepository(store, rename, delivery);
  }
}

/**
 * What waits for a look under a name that was given up, under the new one: under the old one it is found no more.
 * @param delivered what the delivery that tells marks itself: by the installation that has the repositories from now on.
 */
export async function marksCarried(
  { db }: Queryable,
  renames: readonly Rename[],
  delivered: readonly Mark[],
): Promise<Mark[]> {
  const carried: Mark[] = [];
  for (const { kind, from, to } of renames) {
    if (to === null) continue;
    const marks = db.selectFrom("marks").select(["target", "installation", "priority", "rewrite"]);
    for (const mark of await marks.where("target", "like", `%:${from}%`).execute()) {
      const at = mark.target.indexOf(":") + 1;
      if (!`${mark.target}:`.startsWith(kind === "owner" ? `${from}/` : `${from}:`, at)) continue;
      const target = `${mark.target.slice(0, at)}${to}${mark.target.slice(at + from.length)}`;
      const installation = delivered[0]?.installation ?? mark.installation;
      carried.push({ target, installation, priority: mark.priority, rewrite: mark.rewrite === 1 });
    }
  }
  return carried;
}

async function carryOwner(store: Queryable, { from, to }: Rename, delivery: string): Promise<void> {
  const tables = [...keptForGood, ...moving].map((table) => sql`select repo from ${sql.table(table)}`);
  const { rows } = await sql<{ repo: string }>`${sql.join(tables, sql` union `)}`.execute(store.db);
  // What was laid aside has a blank in it.
  const own = rows.filter(({ repo }) => repo.startsWith(`${from}/`) && !repo.includes(" "));
  for (const { repo } of own) {
    const named = to === null ? null : `${to}/${repo.slice(from.length + 1)}`;
    await carryRepository(store, { from: repo, to: named, rulesStay: true }, delivery);
  }
  // Rules, ids of logins and what else belongs to no repository.
  await carryConfigs(store, sql`owner = ${from}`, sql`${to}, repo`);
  await store.db.deleteFrom("configs").where("owner", "=", from).execute();
}

async function carryRepository(
  store: Queryable,
  { from, to, rulesStay }: Omit<Rename, "kind">,
  delivery: string,
): Promise<void> {
  const { db } = store;
  if (to !== null) await copyRepository(store, from, to);
  const aside = `${from} until ${delivery}`;
  for (const table of keptForGood)
    await sql`update ${sql.table(table)} set repo = ${aside} where repo = ${from}`.execute(db);
  for (const table of moving) await sql`delete from ${sql.table(table)} where repo = ${from}`.execute(db);
  const [owner = "", name = ""] = from.split("/");
  if (!rulesStay)
    await db.deleteFrom("configs").where("owner", "=", owner).where("repo", "=", name).execute();
}

async function copyRepository(store: Queryable, from: string, to: string): Promise<void> {
  const { db } = store;
  const [owner, name] = from.split("/");
  const [newOwner, newName] = to.split("/");
  // A head branch in the repository itself is a trace with its name in it.
  const branch = `branch ${from}:`;
  const copies = [
    sql`insert into observations (repo, number, kind, key, sha, actor_id, body, at)
      select ${to}, number, kind, key, sha, actor_id, body, at from observations where repo = ${from} order by id
      on conflict do nothing`,
    sql`insert into traces (repo, trace, number)
      select ${to}, case when substr(trace, 1, ${sql.lit(branch.length)}) = ${branch}
        then ${`branch ${to}:`} || substr(trace, ${sql.lit(branch.length + 1)}) else trace end, number
      from traces where repo = ${from} on conflict do nothing`,
    // One that was renamed back has the same push already.
    sql`insert into branch_pushes (repo, branch, actor, before, after, forced, at)
      select ${to}, branch, actor, before, after, forced, at from branch_pushes as old where repo = ${from}
        and not exists (select 1 from branch_pushes as own where own.repo = ${to} and own.branch = old.branch
          and own.actor = old.actor and own.after = old.after and own.at = old.at)
      order by id`,
    sql`insert into shown (repo, number, sha, passing, at)
      select ${to}, number, sha, passing, at from shown where repo = ${from} order by id`,
    sql`insert into pulls (repo, number, installation, head_sha, base, open, merged)
      select ${to}, number, installation, head_sha, base, open, merged from pulls where repo = ${from}
      on conflict do nothing`,
    sql`insert into groups (repo, sha, head_ref, base, pulls)
      select ${to}, sha, head_ref, base, pulls from groups where repo = ${from} on conflict do nothing`,
    sql`insert into landed (repo, branch, sha, number, how, cleared, body, audit_seq, at)
      select ${to}, branch, sha, number, how, cleared, body, audit_seq, at from landed where repo = ${from}
      on conflict do nothing`,
    sql`insert into approved_shas (repo, environment, sha, at)
      select ${to}, environment, sha, at from approved_shas where repo = ${from} on conflict do nothing`,
    // A target begins with the name of the repository.
    sql`insert into deployments (target, repo, installation, run, environment, sha, state, settled, asked_at, attempt, reports, said)
      select ${`deploy:${to}:`} || substr(target, ${sql.lit(`deploy:${from}:`.length + 1)}), ${to}, installation, run,
        environment, sha, state, settled, asked_at, attempt, reports, said
      from deployments where repo = ${from} on conflict do nothing`,
    sql`insert into ledgers (repo, branch, head) select ${to}, branch, head from ledgers where repo = ${from}
      on conflict do nothing`,
    sql`insert into bypasses (repo, branch, sha, number, text, issue, asked, open, audit_seq, at)
      select ${to}, branch, sha, number, text, issue, asked, open, audit_seq, at from bypasses where repo = ${from}
      on conflict do nothing`,
  ];
  for (const copy of copies) await copy.execute(db);
  await carryConfigs(store, sql`owner = ${owner} and repo = ${name}`, sql`${newOwner}, ${newName}`);
}

/** @param key the new owner and repository. */
async function carryConfigs(
  { db }: Queryable,
  which: RawBuilder<unknown>,
  key: RawBuilder<unknown>,
): Promise<void> {
  await sql`insert into configs (owner, repo, path, version, text, valid, seen_at)
    select ${key}, path, version, text, valid, seen_at from configs where ${which} on conflict do nothing`.execute(
    db,
  );
}
