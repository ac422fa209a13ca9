/** The tables of what goes on from a merge to production, as migrations make them: what has been released is never edited. */
import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** The ledger. */
export async function createLanded(db: Kysely<Tables>): Promise<void> {
  // The ledger: which commits reached a gated branch, how, and whether they were cleared. `audit_seq` is the row that says
  // with which verdict; `number` is null where no pull request brought the commit.
  await db.schema
    .createTable("landed")
    .ifNotExists()
    .addColumn("repo", "text", (column) => column.notNull())
    .addColumn("branch", "text", (column) => column.notNull())
    .addColumn("sha", "text", (column) => column.notNull())
    .addColumn("number", "integer")
    .addColumn("how", "text", (column) => column.notNull())
    .addColumn("cleared", "integer", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .addColumn("audit_seq", "bigint")
    .addColumn("at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("landed_key", ["repo", "branch", "sha"])
    .execute();
  await db.schema.createIndex("landed_by_sha").ifNotExists().on("landed").columns(["repo", "sha"]).execute();
}

/** Deployments. */
export async function createDeployments(db: Kysely<Tables>): Promise<void> {
  // Deployments that were asked for. `settled`: GitHub took what was decided. `reports` and `said`: what was said while it waits.
  await db.schema
    .createTable("deployments")
    .ifNotExists()
    .addColumn("target", "text", (column) => column.primaryKey())
    .addColumn("repo", "text", (column) => column.notNull())
    .addColumn("installation", "bigint", (column) => column.notNull())
    .addColumn("run", "bigint", (column) => column.notNull())
    .addColumn("environment", "text", (column) => column.notNull())
    .addColumn("sha", "text")
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("settled", "integer", (column) => column.notNull())
    .addColumn("asked_at", "bigint", (column) => column.notNull())
    .addColumn("attempt", "integer", (column) => column.notNull())
    .addColumn("reports", "integer", (column) => column.notNull())
    .addColumn("said", "text")
    .execute();
  const byState = db.schema.createIndex("deployments_by_state").ifNotExists();
  await byState.on("deployments").columns(["repo", "state"]).execute();
  // The SHAs the gate approved for each environment, whose names are in lower case, and when it did so last.
  await db.schema
    .createTable("approved_shas")
    .ifNotExists()
    .addColumn("repo", "text", (column) => column.notNull())
    .addColumn("environment", "text", (column) => column.notNull())
    .addColumn("sha", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("approved_shas_key", ["repo", "environment", "sha"])
    .execute();
}

/** Up to where the ledger goes, and bypasses. */
export async function createBypasses(db: Kysely<Tables>): Promise<void> {
  // Up to which commit of each gated branch the ledger knows what landed.
  await db.schema
    .createTable("ledgers")
    .ifNotExists()
    .addColumn("repo", "text", (column) => column.notNull())
    .addColumn("branch", "text", (column) => column.notNull())
    .addColumn("head", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("ledgers_key", ["repo", "branch"])
    .execute();
  // What landed without the countersignature it needed, by the last of its commits. `issue` is the one about it in the
  // repository, null while there is none; `asked` says that GitHub may have been asked for one. The other commits are
  // those of the ledger with the same audit row.
  await db.schema
    .createTable("bypasses")
    .ifNotExists()
    .addColumn("repo", "text", (column) => column.notNull())
    .addColumn("branch", "text", (column) => column.notNull())
    .addColumn("sha", "text", (column) => column.notNull())
    .addColumn("number", "integer")
    .addColumn("text", "text", (column) => column.notNull())
    .addColumn("issue", "integer")
    .addColumn("asked", "integer", (column) => column.notNull())
    .addColumn("open", "integer", (column) => column.notNull())
    .addColumn("audit_seq", "bigint", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("bypasses_key", ["repo", "branch", "sha"])
    .execute();
}
