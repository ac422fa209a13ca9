import { type Kysely, sql } from "kysely";
import {
  allowCheckpoints,
  allowLayingAside,
  bytesType,
  lockMigrations,
  makeAppendOnly,
  numberedByItself,
  refuseReplacing,
  refuseReplacingSeen,
} from "./dialect.ts";
import type { Tables } from "./tables.ts";

type Migration = { readonly up: (db: Kysely<Tables>) => Promise<void> };

/** In the order of their names, each run once. What has been released is never edited: a change is a new number. */
const migrations: Readonly<Record<string, Migration>> = {
  "0001-spine": {
    async up(db) {
      await createInbox(db);
      await createPulls(db);
      await createAudit(db);
    },
  },
  "0002-groups": { up: createGroups },
  "0003-traces": { up: createTraces },
  "0004-shown": { up: createShown },
  "0005-branch-pushes": { up: createBranchPushes },
  "0006-audit-checkpoints": { up: prepareCheckpoints },
  "0007-chores": { up: createChores },
  "0008-scopes": { up: addScopes },
  "0009-landed": { up: createLanded },
  "0010-examinations": { up: createExaminations },
  "0011-deployments": { up: createDeployments },
  "0012-audit-no-replace": { up: refuseReplacing },
  "0013-bypasses": { up: createBypasses },
  // When GitHub says that a pull request was opened, as the last look read it: before us, perhaps.
  "0014-opened": { up: (db) => db.schema.alterTable("pulls").addColumn("opened_at", "bigint").execute() },
  "0015-laid-aside": { up: layAside },
  "0016-seen-no-replace": { up: refuseReplacingSeen },
};

/**
 * Brings the database to the newest form, wholly or not at all. Two processes may do so at once: the second waits, then
 * finds nothing to do. Throws when a migration fails or when a newer Countersign has already written the database.
 * Kysely's own Migrator takes a table of that name in any schema of a PostgreSQL database for its own; ours has the same table.
 */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await lockMigrations(trx);
    await sql`create table if not exists kysely_migration
      (name varchar(255) not null primary key, timestamp varchar(255) not null)`.execute(trx);
    const done = await migrationsDone(trx);
    const newer = done.find((name) => !Object.hasOwn(migrations, name));
    if (newer !== undefined) {
      const repair = "Start that version, or restore a backup of before it.";
      throw new Error(`migration ${newer} is of a newer Countersign. ${repair}`);
    }
    for (const [name, { up }] of Object.entries(migrations)) {
      if (done.includes(name)) continue;
      await up(trx);
      const at = new Date().toISOString();
      await sql`insert into kysely_migration (name, timestamp) values (${name}, ${at})`.execute(trx);
    }
  });
}

/** Throws, saying what to do, when the database is not in the newest form: whoever only reads cannot bring it there. */
export async function requireMigrated(db: Kysely<Tables>): Promise<void> {
  const has = (await migrationsDone(db)).join(", ");
  if (has === Object.keys(migrations).join(", ")) return;
  throw new Error(`it has the form of another Countersign (${has}). Use the command of that version`);
}

async function migrationsDone(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
}

async function createInbox(db: Kysely<Tables>): Promise<void> {
  // One row per delivery, by GitHub's id, so that a repeat is recognised; the payload is not kept. `repeats`: how often GitHub sent it again.
  await sql`create table deliveries (guid text primary key, at bigint not null, event text not null, action text,
    outcome text not null, repeats integer not null)`.execute(db);
  // One row per target that needs a look. `generation` counts the marks put: a look that began with an older one is followed by one
  // more. `rewrite`: somebody asked for the check run again, so it is written even when nothing changed.
  await sql`create table marks (target text primary key, installation bigint not null, generation bigint not null,
    priority integer not null, due_at bigint not null, attempts integer not null, rewrite integer not null,
    lease_by text, lease_until bigint not null, error text)`.execute(db);
  await sql`create index marks_order on marks (priority, due_at)`.execute(db);
  // What GitHub will not show again.
  await sql`create table observations (id ${numberedByItself(db)}, repo text not null, number integer not null,
    kind text not null, key text not null, sha text, actor_id bigint, body text not null, at bigint not null,
    constraint observations_once unique (repo, number, kind, key))`.execute(db);
  await makeAppendOnly(db, "observations");
}

async function createPulls(db: Kysely<Tables>): Promise<void> {
  // What deliveries said of each pull request, and what the last look read and decided. `audit_seq`: the row of the verdict in force.
  await sql`create table pulls (repo text not null, number integer not null, installation bigint not null,
    head_sha text not null, base text not null, open integer not null, facts ${bytesType(db)}, verdict text,
    config_versions text, audit_seq bigint, constraint pulls_key primary key (repo, number))`.execute(db);
  await sql`create index pulls_by_head on pulls (repo, head_sha)`.execute(db);
  await sql`create index pulls_by_installation on pulls (installation)`.execute(db);
  // Who may judge and publish on a head SHA now, and how many looks it has had.
  await sql`create table heads (repo text not null, sha text not null, lease_by text, lease_until bigint not null,
    look bigint not null, constraint heads_key primary key (repo, sha))`.execute(db);
  // Versions of rosters and policies seen, ids bound to logins (`login:NAME`), members of teams (`team:SLUG`).
  await sql`create table configs (owner text not null, repo text not null, path text not null, version text not null,
    text text not null, valid integer not null, seen_at bigint not null,
    constraint configs_key primary key (owner, repo, path, version))`.execute(db);
}

async function createGroups(db: Kysely<Tables>): Promise<void> {
  // Merge groups that are open, with the pull requests that would land, null before the first look at it.
  await sql`create table groups (repo text not null, sha text not null, head_ref text not null, base text not null,
    pulls text, constraint groups_key primary key (repo, sha))`.execute(db);
}

async function createTraces(db: Kysely<Tables>): Promise<void> {
  // A merged pull request leaves its evidence to no other.
  await sql`alter table pulls add column merged integer default 0 not null`.execute(db);
  // Head branches and trees that were seen in each pull request, by which it is recognised under another number.
  await sql`create table traces (repo text not null, trace text not null, number integer not null,
    constraint traces_key primary key (repo, trace, number))`.execute(db);
  await sql`create index traces_by_pull on traces (repo, number)`.execute(db);
  await makeAppendOnly(db, "traces");
}

async function createShown(db: Kysely<Tables>): Promise<void> {
  // Which check run each pull request showed, in the order in which they were published: a row for each change.
  await sql`create table shown (id ${numberedByItself(db)}, repo text not null, number integer not null,
    sha text not null, passing integer not null, at bigint not null)`.execute(db);
  await sql`create index shown_by_pull on shown (repo, number)`.execute(db);
}

async function createBranchPushes(db: Kysely<Tables>): Promise<void> {
  // Who moved which branch from where to where, before null where there was none: it may become the head of a pull request.
  await sql`create table branch_pushes (id ${numberedByItself(db)}, repo text not null, branch text not null,
    actor text not null, before text, after text not null, forced integer not null, at bigint not null)`.execute(
    db,
  );
  await sql`create index branch_pushes_by_branch on branch_pushes (repo, branch)`.execute(db);
  await sql`create index branch_pushes_by_after on branch_pushes (repo, after)`.execute(db);
  await makeAppendOnly(db, "branch_pushes");
}

async function createAudit(db: Kysely<Tables>): Promise<void> {
  // Each row carries the hash of the one before, so that a change in the middle shows.
  await sql`create table audit (seq bigint primary key, at bigint not null, kind text not null, repo text,
    number integer, sha text, actor_id bigint, body text not null, previous_hash text not null,
    hash text not null)`.execute(db);
  await sql`create index audit_by_pull on audit (repo, number)`.execute(db);
  await makeAppendOnly(db, "audit");
}

async function prepareCheckpoints(db: Kysely<Tables>): Promise<void> {
  await allowCheckpoints(db);
  // Verdicts are many, rows of the other kinds few.
  await sql`create index audit_by_kind on audit (kind, seq)`.execute(db);
}

async function createChores(db: Kysely<Tables>): Promise<void> {
  // What is done by the clock: when it is due again, and when the last run began that ended well.
  await sql`create table chores (name text primary key, due_at bigint not null, done_at bigint not null)`.execute(
    db,
  );
  // GitHub's `updatedAt` of a pull request as the last look read it, so that a sweep finds what changed since.
  await sql`alter table pulls add column updated_at text`.execute(db);
}

async function addScopes(db: Kysely<Tables>): Promise<void> {
  // Who shares fairly with whom: the installation and the repository of a mark.
  await sql`alter table marks add column scope text default '' not null`.execute(db);
  const marks = await db.selectFrom("marks").select(["target", "installation"]).execute();
  for (const { target, installation } of marks) {
    const scope = `${installation} ${target.split(":")[1] ?? ""}`;
    await db.updateTable("marks").set({ scope }).where("target", "=", target).execute();
  }
  await sql`drop index marks_order`.execute(db);
  await sql`create index marks_by_scope on marks (scope, priority, due_at)`.execute(db);
  await sql`create index marks_running on marks (scope, installation) where lease_until > 0`.execute(db);
}

async function createLanded(db: Kysely<Tables>): Promise<void> {
  // The ledger: which commits reached a gated branch, how, and whether they were cleared. `audit_seq` is the row that says
  // with which verdict; `number` is null where no pull request brought the commit.
  await sql`create table landed (repo text not null, branch text not null, sha text not null, number integer,
    how text not null, cleared integer not null, body text not null, audit_seq bigint, at bigint not null,
    constraint landed_key primary key (repo, branch, sha))`.execute(db);
  await sql`create index landed_by_sha on landed (repo, sha)`.execute(db);
}

async function createExaminations(db: Kysely<Tables>): Promise<void> {
  // What was found when it was last examined whether the gate is closed: of a repository, or of an owner as a whole.
  await sql`create table examinations (place text primary key, at bigint not null, findings text not null)`.execute(
    db,
  );
}

async function createDeployments(db: Kysely<Tables>): Promise<void> {
  // Deployments that were asked for. `settled`: GitHub took what was decided. `reports` and `said`: what was said while it waits.
  await sql`create table deployments (target text primary key, repo text not null, installation bigint not null,
    run bigint not null, environment text not null, sha text, state text not null, settled integer not null,
    asked_at bigint not null, attempt integer not null, reports integer not null, said text)`.execute(db);
  await sql`create index deployments_by_state on deployments (repo, state)`.execute(db);
  // The SHAs the gate approved for each environment, whose names are in lower case, and when it did so last.
  await sql`create table approved_shas (repo text not null, environment text not null, sha text not null,
    at bigint not null, constraint approved_shas_key primary key (repo, environment, sha))`.execute(db);
}

async function createBypasses(db: Kysely<Tables>): Promise<void> {
  // Up to which commit of each gated branch the ledger knows what landed.
  await sql`create table ledgers (repo text not null, branch text not null, head text not null,
    constraint ledgers_key primary key (repo, branch))`.execute(db);
  // What landed without the countersignature it needed, by the last of its commits. `issue` is the one about it in the
  // repository, null while there is none; `asked` says that GitHub may have been asked for one. The other commits are
  // those of the ledger with the same audit row.
  await sql`create table bypasses (repo text not null, branch text not null, sha text not null, number integer,
    text text not null, issue integer, asked integer not null, open integer not null, audit_seq bigint not null,
    at bigint not null, constraint bypasses_key primary key (repo, branch, sha))`.execute(db);
}

/** What was seen in a repository is not that of the next one under its name. */
async function layAside(db: Kysely<Tables>): Promise<void> {
  const observed = ["id", "number", "kind", "key", "sha", "actor_id", "body", "at"];
  await allowLayingAside(db, "observations", observed);
  await allowLayingAside(db, "traces", ["trace", "number"]);
  const pushed = ["id", "branch", "actor", "before", "after", "forced", "at"];
  await allowLayingAside(db, "branch_pushes", pushed);
}
