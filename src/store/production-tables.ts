/** The tables of what goes on from a merge to production, as migrations make them: what has been released is never edited. */
import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

/** The ledger. */
export async function createLanded(db: Kysely<Tables>): Promise<void> {
  // The ledger: which commits reached a gated branch, how, and whether they were cleared. `audit_seq` is the row that says
  // with which verdict; `number` is null where no pull request brought the commit.
  await sql`create table landed (repo text not null, branch text not null, sha text not null, number integer,
    how text not null, cleared integer not null, body text not null, audit_seq bigint, at bigint not null,
    constraint landed_key primary key (repo, branch, sha))`.execute(db);
  await sql`create index landed_by_sha on landed (repo, sha)`.execute(db);
}

/** Deployments. */
export async function createDeployments(db: Kysely<Tables>): Promise<void> {
  // Deployments that were asked for. `settled`: GitHub took what was decided. `reports` and `said`: what was said while it waits.
  await sql`create table deployments (target text primary key, repo text not null, installation bigint not null,
    run bigint not null, environment text not null, sha text, state text not null, settled integer not null,
    asked_at bigint not null, attempt integer not null, reports integer not null, said text)`.execute(db);
  await sql`create index deployments_by_state on deployments (repo, state)`.execute(db);
  // The SHAs the gate approved for each environment, whose names are in lower case, and when it did so last.
  await sql`create table approved_shas (repo text not null, environment text not null, sha text not null,
    at bigint not null, constraint approved_shas_key primary key (repo, environment, sha))`.execute(db);
}

/** Up to where the ledger goes, and bypasses. */
export async function createBypasses(db: Kysely<Tables>): Promise<void> {
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
