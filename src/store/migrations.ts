import { type Kysely, sql } from "kysely";
import {
  allowCheckpoints,
  allowLayingAside,
  bytesType,
  lockMigrations,
  makeAppendOnly,
  numberedByItself,
  refuseReplacing,
} from "./dialect.ts";
import { createBypasses, createDeployments, createLanded } from "./production-tables.ts";
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
  // One row per delivery, by GitHub's id, so that a repeat is recognised; the payload is not kept.
  await db.schema
    .createTable("deliveries")
    .ifNotExists()
    .addColumn("guid", "text", (column) => column.primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("event", "text", (column) => column.notNull())
    .addColumn("action", "text")
    .addColumn("outcome", "text", (column) => column.notNull())
    // How often GitHub sent it again.
    .addColumn("repeats", "integer", (column) => column.notNull())
    .execute();
  // One row per target that needs a look.
  await db.schema
    .createTable("marks")
    .ifNotExists()
    .addColumn("target", "text", (column) => column.primaryKey())
    .addColumn("installation", "bigint", (column) => column.notNull())
    // Counts the marks put; a look that began with an older one is followed by one more.
    .addColumn("generation", "bigint", (column) => column.notNull())
    .addColumn("priority", "integer", (column) => column.notNull())
    .addColumn("due_at", "bigint", (column) => column.notNull())
    .addColumn("attempts", "integer", (column) => column.notNull())
    // Somebody asked for the check run again: it is written even when nothing changed.
    .addColumn("rewrite", "integer", (column) => column.notNull())
    .addColumn("lease_by", "text")
    .addColumn("lease_until", "bigint", (column) => column.notNull())
    .addColumn("error", "text")
    .execute();
  await db.schema
    .createIndex("marks_order")
    .ifNotExists()
    .on("marks")
    .columns(["priority", "due_at"])
    .execute();
  // What GitHub will not show again.
  await db.schema
    .createTable("observations")
    .ifNotExists()
    .addColumn("id", ...numberedByItself(db))
    .addColumn("repo", "text", (column) => column.notNull())
    .addColumn("number", "integer", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("key", "text", (column) => column.notNull())
    .addColumn("sha", "text")
    .addColumn("actor_id", "bigint")
    .addColumn("body", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addUniqueConstraint("observations_once", ["repo", "number", "kind", "key"])
    .execute();
  await makeAppendOnly(db, "observations");
}

async function createPulls(db: Kysely<Tables>): Promise<void> {
  // What deliveries said of each pull request, and what the last look read and decided.
  await db.schema
    .createTable("pulls")
    .ifNotExists()
    .addColumn("repo", "text", (column) => column.notNull())
    .addColumn("number", "integer", (column) => column.notNull())
    .addColumn("installation", "bigint", (column) => column.notNull())
    .addColumn("head_sha", "text", (column) => column.notNull())
    .addColumn("base", "text", (column) => column.notNull())
    .addColumn("open", "integer", (column) => column.notNull())
    .addColumn("facts", bytesType(db))
    .addColumn("verdict", "text")
    .addColumn("config_versions", "text")
    // The audit row of the verdict in force.
    .addColumn("audit_seq", "bigint")
    .addPrimaryKeyConstraint("pulls_key", ["repo", "number"])
    .execute();
  await db.schema
    .createIndex("pulls_by_head")
    .ifNotExists()
    .on("pulls")
    .columns(["repo", "head_sha"])
    .execute();
  await db.schema
    .createIndex("pulls_by_installation")
    .ifNotExists()
    .on("pulls")
    .column("installation")
    .execute();
  // Who may judge and publish on a head SHA now, and how many looks it has had.
  await db.schema
    .createTable("heads")
    .ifNotExists()
    .addColumn("repo", "text", (column) => column.notNull())
    .addColumn("sha", "text", (column) => column.notNull())
    .addColumn("lease_by", "text")
    .addColumn("lease_until", "bigint", (column) => column.notNull())
    .addColumn("look", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("heads_key", ["repo", "sha"])
    .execute();
  // Versions of rosters and policies seen, ids bound to logins (`login:NAME`), members of teams (`team:SLUG`).
  await db.schema
    .createTable("configs")
    .ifNotExists()
    .addColumn("owner", "text", (column) => column.notNull())
    .addColumn("repo", "text", (column) => column.notNull())
    .addColumn("path", "text", (column) => column.notNull())
    .addColumn("version", "text", (column) => column.notNull())
    .addColumn("text", "text", (column) => column.notNull())
    .addColumn("valid", "integer", (column) => column.notNull())
    .addColumn("seen_at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("configs_key", ["owner", "repo", "path", "version"])
    .execute();
}

async function createGroups(db: Kysely<Tables>): Promise<void> {
  // Merge groups that are open, with the pull requests that would land, null before the first look at it.
  await db.schema
    .createTable("groups")
    .ifNotExists()
    .addColumn("repo", "text", (column) => column.notNull())
    .addColumn("sha", "text", (column) => column.notNull())
    .addColumn("head_ref", "text", (column) => column.notNull())
    .addColumn("base", "text", (column) => column.notNull())
    .addColumn("pulls", "text")
    .addPrimaryKeyConstraint("groups_key", ["repo", "sha"])
    .execute();
}

async function createTraces(db: Kysely<Tables>): Promise<void> {
  // A merged pull request leaves its evidence to no other.
  await db.schema
    .alterTable("pulls")
    .addColumn("merged", "integer", (column) => column.notNull().defaultTo(0))
    .execute();
  // Head branches and trees that were seen in each pull request, by which it is recognised under another number.
  await db.schema
    .createTable("traces")
    .ifNotExists()
    .addColumn("repo", "text", (column) => column.notNull())
    .addColumn("trace", "text", (column) => column.notNull())
    .addColumn("number", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("traces_key", ["repo", "trace", "number"])
    .execute();
  await db.schema
    .createIndex("traces_by_pull")
    .ifNotExists()
    .on("traces")
    .columns(["repo", "number"])
    .execute();
  await makeAppendOnly(db, "traces");
}

async function createShown(db: Kysely<Tables>): Promise<void> {
  // Which check run each pull request showed, in the order in which they were published: a row for each change.
  await db.schema
    .createTable("shown")
    .ifNotExists()
    .addColumn("id", ...numberedByItself(db))
    .addColumn("repo", "text", (column) => column.notNull())
    .addColumn("number", "integer", (column) => column.notNull())
    .addColumn("sha", "text", (column) => column.notNull())
    .addColumn("passing", "integer", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex("shown_by_pull")
    .ifNotExists()
    .on("shown")
    .columns(["repo", "number"])
    .execute();
}

async function createBranchPushes(db: Kysely<Tables>): Promise<void> {
  // Who moved which branch from where to where, before null where there was none: it may become the head of a pull request.
  await db.schema
    .createTable("branch_pushes")
    .ifNotExists()
    .addColumn("id", ...numberedByItself(db))
    .addColumn("repo", "text", (column) => column.notNull())
    .addColumn("branch", "text", (column) => column.notNull())
    .addColumn("actor", "text", (column) => column.notNull())
    .addColumn("before", "text")
    .addColumn("after", "text", (column) => column.notNull())
    .addColumn("forced", "integer", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .execute();
  for (const column of ["branch", "after"] as const) {
    await db.schema
      .createIndex(`branch_pushes_by_${column}`)
      .ifNotExists()
      .on("branch_pushes")
      .columns(["repo", column])
      .execute();
  }
  await makeAppendOnly(db, "branch_pushes");
}

async function createAudit(db: Kysely<Tables>): Promise<void> {
  // Each row carries the hash of the one before, so that a change in the middle shows.
  await db.schema
    .createTable("audit")
    .ifNotExists()
    .addColumn("seq", "bigint", (column) => column.primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("repo", "text")
    .addColumn("number", "integer")
    .addColumn("sha", "text")
    .addColumn("actor_id", "bigint")
    .addColumn("body", "text", (column) => column.notNull())
    .addColumn("previous_hash", "text", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex("audit_by_pull")
    .ifNotExists()
    .on("audit")
    .columns(["repo", "number"])
    .execute();
  await makeAppendOnly(db, "audit");
}

async function prepareCheckpoints(db: Kysely<Tables>): Promise<void> {
  await allowCheckpoints(db);
  // Verdicts are many, rows of the other kinds few.
  await db.schema.createIndex("audit_by_kind").ifNotExists().on("audit").columns(["kind", "seq"]).execute();
}

async function createChores(db: Kysely<Tables>): Promise<void> {
  // What is done by the clock: when it is due again, and when the last run began that ended well.
  await db.schema
    .createTable("chores")
    .ifNotExists()
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("due_at", "bigint", (column) => column.notNull())
    .addColumn("done_at", "bigint", (column) => column.notNull())
    .execute();
  // GitHub's `updatedAt` of a pull request as the last look read it, so that a sweep finds what changed since.
  await db.schema.alterTable("pulls").addColumn("updated_at", "text").execute();
}

async function addScopes(db: Kysely<Tables>): Promise<void> {
  // Who shares fairly with whom: the installation and the repository of a mark.
  await db.schema
    .alterTable("marks")
    .addColumn("scope", "text", (column) => column.notNull().defaultTo(""))
    .execute();
  const marks = await db.selectFrom("marks").select(["target", "installation"]).execute();
  for (const { target, installation } of marks) {
    const scope = `${installation} ${target.split(":")[1] ?? ""}`;
    await db.updateTable("marks").set({ scope }).where("target", "=", target).execute();
  }
  await db.schema.dropIndex("marks_order").execute();
  await db.schema
    .createIndex("marks_by_scope")
    .ifNotExists()
    .on("marks")
    .columns(["scope", "priority", "due_at"])
    .execute();
  await db.schema
    .createIndex("marks_running")
    .ifNotExists()
    .on("marks")
    .columns(["scope", "installation"])
    .where(sql<boolean>`lease_until > 0`)
    .execute();
}

async function createExaminations(db: Kysely<Tables>): Promise<void> {
  // What was found when it was last examined whether the gate is closed: of a repository, or of an owner as a whole.
  await db.schema
    .createTable("examinations")
    .ifNotExists()
    .addColumn("place", "text", (column) => column.primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("findings", "text", (column) => column.notNull())
    .execute();
}

/** What was seen in a repository is not that of the next one under its name. */
async function layAside(db: Kysely<Tables>): Promise<void> {
  const observed = ["id", "number", "kind", "key", "sha", "actor_id", "body", "at"];
  await allowLayingAside(db, "observations", observed);
  await allowLayingAside(db, "traces", ["trace", "number"]);
  const pushed = ["id", "branch", "actor", "before", "after", "forced", "at"];
  await allowLayingAside(db, "branch_pushes", pushed);
}
