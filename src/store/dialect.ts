/**
 * Everything that is one engine's own: opening, pragmas, transactions, locks, column types, triggers, errors. All other SQL
 * of this folder runs on both. Where PostgreSQL lets several write at once, what has to wait says so here: `skippingLocked`,
 * `lockingRow`, `lockAudit`, `lockMigrations`. SQLite has one writer, and each transaction is it from its beginning.
 */
import { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import Database from "better-sqlite3";
import { CompiledQuery, Kysely, PostgresAdapter, PostgresDialect, SqliteDialect, sql } from "kysely";
import type { DatabaseConnection, Dialect, SelectQueryBuilder } from "kysely";
import { DatabaseError, Pool, type PoolConfig, types } from "pg";
import type { Tables } from "./tables.ts";

/** How long another process's write is waited for at start: longer than any write of ours takes. */
const busyTimeoutMs = 5_000;

// Later as long in all, but in steps: SQLite's own waiting blocks this whole process, and an open transaction of its
// own could not go on meanwhile. The first few milliseconds are cheaper waited for than scheduled.
const busyStepMs = 5;
const busyStepsMax = busyTimeoutMs / (2 * busyStepMs);

/** Connections of one server to PostgreSQL, which allows 100 by default. A connection serves one statement at a time. */
const connectionsMax = 10;
/** How long a connection, and then a statement with the locks it waits for, may take: GitHub waits 10 s for an answer. */
const statementMsMax = 5_000;
/** PostgreSQL has given up on every statement by then: who is still silent is gone, and so may be the network's word of it. */
const silenceMsMax = 7_000;

// Times and ids are int8, which pg gives as text by default; all of ours are exact as numbers.
types.setTypeParser(types.builtins.INT8, Number);

function isPostgres(db: Kysely<Tables>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}

/** Whether all statements go through one connection, one transaction after another. */
export function hasOneConnection(db: Kysely<Tables>): boolean {
  return !isPostgres(db);
}

/** The column type of bytes. */
export function bytesType(db: Kysely<Tables>) {
  return isPostgres(db) ? sql`bytea` : sql`blob`;
}

/** Type and definition of a primary key that numbers its rows by itself, in the order they were inserted. */
export function numberedByItself(db: Kysely<Tables>) {
  // An insert that finds its row there already uses up a number on PostgreSQL, so four bytes would not last.
  return isPostgres(db)
    ? sql`bigint generated always as identity primary key`
    : sql`integer primary key autoincrement`;
}

/** Lets `table` refuse every update and delete, with the message `TABLE is append-only`. */
export async function makeAppendOnly(
  db: Kysely<Tables>,
  table: "audit" | "branch_pushes" | "observations" | "traces",
): Promise<void> {
  const refusal = sql.lit(`${table} is append-only`);
  if (isPostgres(db)) {
    const refuse = sql.id(`${table}_append_only`);
    await sql`create function ${refuse}() returns trigger language plpgsql
      as ${sql.lit(`begin raise exception '${table} is append-only'; end`)}`.execute(db);
    // For each statement, so that truncating is refused too.
    await sql`create trigger ${refuse} before update or delete or truncate on ${sql.table(table)}
      for each statement execute function ${refuse}()`.execute(db);
    return;
  }
  for (const event of ["update", "delete"] as const) {
    const trigger = sql.id(`${table}_no_${event}`);
    await sql`create trigger if not exists ${trigger} before ${sql.raw(event)} on ${sql.table(table)}
      begin select raise(abort, ${refusal}); end`.execute(db);
  }
}

/**
 * Lets a row be laid aside when its repository has given up its name: `repo` is then `NAME until …`, which is the name of none.
 * @param columns the others, which still nobody changes.
 */
export async function allowLayingAside(
  db: Kysely<Tables>,
  table: "branch_pushes" | "observations" | "traces",
  columns: readonly string[],
): Promise<void> {
  const of = sql.join(columns.map((column) => sql.ref(column)));
  const on = sql.table(table);
  const otherwise = sql`when (new.repo not like old.repo || ' until %')`;
  if (!isPostgres(db)) {
    const refuse = sql`begin select raise(abort, ${sql.lit(`${table} is append-only`)}); end`;
    await sql`drop trigger ${sql.id(`${table}_no_update`)}`.execute(db);
    await sql`create trigger ${sql.id(`${table}_no_update`)} before update of ${of} on ${on} ${refuse}`.execute(
      db,
    );
    await sql`create trigger ${sql.id(`${table}_no_rename`)} before update of repo on ${on} ${otherwise} ${refuse}`.execute(
      db,
    );
    return;
  }
  const refuse = sql.id(`${table}_append_only`);
  await sql`drop trigger ${refuse} on ${on}`.execute(db);
  await sql`create trigger ${refuse} before update of ${of} or delete or truncate on ${on}
    for each statement execute function ${refuse}()`.execute(db);
  await sql`create trigger ${sql.id(`${table}_no_rename`)} before update of repo on ${on}
    for each row ${otherwise} execute function ${refuse}()`.execute(db);
}

/** Lets the audit log give up the rows that a row of kind `checkpoint` in it names, and no others. */
export async function allowCheckpoints(db: Kysely<Tables>): Promise<void> {
  const kept = sql`old.seq > coalesce((select max(number) from audit where kind = 'checkpoint'), 0)`;
  if (!isPostgres(db)) {
    await sql`drop trigger audit_no_delete`.execute(db);
    await sql`create trigger audit_no_delete before delete on audit when ${kept}
      begin select raise(abort, 'audit is append-only'); end`.execute(db);
    return;
  }
  await sql`drop trigger audit_append_only on audit`.execute(db);
  await sql`create trigger audit_append_only before update or truncate on audit
    for each statement execute function audit_append_only()`.execute(db);
  // A condition of a trigger may not ask the table there.
  await sql`create function audit_no_delete() returns trigger language plpgsql as $$
    begin if ${kept} then raise exception 'audit is append-only'; end if; return old; end $$`.execute(db);
  await sql`create trigger audit_no_delete before delete on audit
    for each row execute function audit_no_delete()`.execute(db);
}

/** Lets the audit log refuse a row in place of another: SQLite's REPLACE deletes without asking the triggers that refuse to. */
export async function refuseReplacing(db: Kysely<Tables>): Promise<void> {
  if (isPostgres(db)) return;
  await sql`create trigger audit_no_replace before insert on audit when exists (select 1 from audit where seq = new.seq)
    begin select raise(abort, 'audit is append-only'); end`.execute(db);
}

/**
 * The same for what was seen. A trace is all key, so what replaces one is equal to it. Observations are told again and again: one that
 * is there stays, without a word.
 */
export async function refuseReplacingSeen(db: Kysely<Tables>): Promise<void> {
  if (isPostgres(db)) return;
  await sql`create trigger branch_pushes_no_replace before insert on branch_pushes
    when exists (select 1 from branch_pushes where id = new.id)
    begin select raise(abort, 'branch_pushes is append-only'); end`.execute(db);
  await sql`create trigger observations_no_replace before insert on observations
    when exists (select 1 from observations where id = new.id
      or (repo = new.repo and number = new.number and kind = new.kind and key = new.key))
    begin select raise(ignore); end`.execute(db);
}

/** The same query, which takes the rows it finds and passes over those that somebody else is taking. */
export function skippingLocked<DB, From extends keyof DB, Row>(
  db: Kysely<Tables>,
  query: SelectQueryBuilder<DB, From, Row>,
): SelectQueryBuilder<DB, From, Row> {
  return isPostgres(db) ? query.forUpdate().skipLocked() : query;
}

/** The same query, whose rows nobody else changes until the transaction ends. */
export function lockingRow<DB, From extends keyof DB, Row>(
  db: Kysely<Tables>,
  query: SelectQueryBuilder<DB, From, Row>,
): SelectQueryBuilder<DB, From, Row> {
  return isPostgres(db) ? query.forUpdate() : query;
}

/** Lets nobody else append to the audit log until the transaction ends. */
export async function lockAudit(db: Kysely<Tables>): Promise<void> {
  // No lock of the table itself: vacuuming holds one that would have to be waited for.
  if (isPostgres(db)) await sql`select pg_advisory_xact_lock('audit'::regclass::oid::bigint)`.execute(db);
}

/** Lets nobody else migrate until the transaction ends. The number is any that other programs will not use. */
export async function lockMigrations(db: Kysely<Tables>): Promise<void> {
  if (isPostgres(db)) await sql`select pg_advisory_xact_lock(1668247155)`.execute(db);
}

/** Whether the engine ended a transaction to let another one go on: begun again, it succeeds. */
export function isDeadlock(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === "40P01";
}

/**
 * Opens the SQLite file, creating it if there is none. Throws better-sqlite3's SqliteError when it cannot be opened,
 * written, or is no database (`explainOpenError` says it in words).
 */
export function openSqlite(file: string): Kysely<Tables> {
  const database = new Database(file, { timeout: busyTimeoutMs });
  try {
    // A reader never waits for a writer, and a committed transaction survives a loss of power: 202 is a promise.
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    database.pragma(`busy_timeout = ${busyStepMs}`);
  } catch (error) {
    database.close();
    throw error;
  }
  return new Kysely<Tables>({ dialect: sqliteDialect(database) });
}

/**
 * Opens the SQLite file to read it beside a process that writes it: no write reaches it. Throws as `openSqlite` does, and
 * when there is no such file.
 */
export function openSqliteToRead(file: string): Kysely<Tables> {
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
  // What `copyConfigs` copies belongs in no file.
  database.pragma("temp_store = memory");
  return new Kysely<Tables>({ dialect: sqliteDialect(database) });
}

/** Writes what is committed in the SQLite database at this moment into `copy`, an empty file. Throws as `openSqlite` does. */
export function copySqlite(file: string, copy: string): void {
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
  try {
    // Unlike SQLite's page by page backup, a server that writes without end cannot hold this up.
    database.prepare("vacuum into ?").run(copy);
  } finally {
    database.close();
  }
}

/**
 * Connects to PostgreSQL when it is first needed. A connection that is lost fails the statement under way, and the next
 * one gets a new connection.
 */
export function openPostgres(url: string): Kysely<Tables> {
  return postgres(url, {
    max: connectionsMax,
    statement_timeout: statementMsMax,
    // Nobody needs it: closed before the silence on it is taken for an end.
    idleTimeoutMillis: statementMsMax,
    // A machine that vanished in a transaction keeps nobody waiting.
    idle_in_transaction_session_timeout: 2 * statementMsMax,
    stream: () => {
      const socket = new Socket();
      socket.setTimeout(silenceMsMax, () => socket.destroy(new Error("PostgreSQL does not answer")));
      return socket;
    },
  });
}

/** The same with one connection for a migration, which takes as long as it takes. */
export function openPostgresToMigrate(url: string): Kysely<Tables> {
  return postgres(url, { max: 1 });
}

/** The same to read beside a server: no write reaches the database. One connection, whose copy `copyConfigs` makes. */
export function openPostgresToRead(url: string): Kysely<Tables> {
  const readOnly = CompiledQuery.raw("set default_transaction_read_only = on");
  return postgres(url, { max: 1, idleTimeoutMillis: 0 }, async (connection) => {
    await connection.executeQuery(readOnly);
  });
}

/** Puts a copy of the table `configs`, which can be written and ends with this connection, in its place. */
export async function copyConfigs(db: Kysely<Tables>): Promise<void> {
  if (isPostgres(db)) {
    await db
      .transaction()
      .setAccessMode("read write")
      .execute(async (trx) => {
        await sql`create temp table configs as select * from configs`.execute(trx);
        await sql`create unique index configs_key on pg_temp.configs (owner, repo, path, version)`.execute(
          trx,
        );
      });
    return;
  }
  await sql`create temp table configs as select * from main.configs`.execute(db);
  await sql`create unique index temp.configs_key on configs (owner, repo, path, version)`.execute(db);
}

/** What an error of opening or a migration means and what to do, without the database's name. */
export function explainOpenError(error: unknown): string {
  const words = explainSqliteError(error) ?? explainPostgresError(error);
  return words ?? `cannot be opened: ${error instanceof Error ? error.message : String(error)}`;
}

function explainSqliteError(error: unknown): string | null {
  const code = error instanceof Database.SqliteError ? error.code : "";
  if (code === "SQLITE_NOTADB") {
    return "is not an SQLite database. Move it away, or restore it from a backup.";
  }
  if (code.startsWith("SQLITE_CORRUPT")) return "is damaged. Restore it from a backup.";
  if (code.startsWith("SQLITE_READONLY") || code.startsWith("SQLITE_CANTOPEN")) {
    return "cannot be opened for writing. Give this user write access to it and to its folder.";
  }
  if (isBusy(error)) {
    return `stayed locked by another process for ${busyTimeoutMs / 1000} s. Find that process, then start again.`;
  }
  if (code === "SQLITE_FULL") return "cannot grow: the disk is full. Free some space.";
  return null;
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
function explainPostgresError(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const code = "code" in error ? String(error.code) : "";
  if (/^E[A-Z_]+$/u.test(code) || /timeout/u.test(error.message)) {
    return `cannot be reached (${code || error.message}). Start PostgreSQL, or correct DATABASE_URL.`;
  }
  if (code.startsWith("28"))
    return `refuses us: ${error.message}. Correct user and password in DATABASE_URL.`;
  if (code === "3D000") return "does not exist. Create it, or correct DATABASE_URL.";
  if (code === "42501") {
    return `may not be used by this user: ${error.message}. Make the user the owner of the database.`;
  }
  if (code === "42P01") return "has no tables yet. Start the server once: it makes them.";
  return null;
}

function postgres(
  url: string,
  options: PoolConfig,
  onCreateConnection?: (connection: DatabaseConnection) => Promise<void>,
): Kysely<Tables> {
  const pool = new Pool({
    connectionString: url,
    application_name: "countersign",
    connectionTimeoutMillis: statementMsMax,
    keepAlive: true,
    ...options,
  });
  // A connection that breaks says so by an event, which ends the process where nobody listens. Whoever is using it hears
  // of it from the statement; one that nobody uses is replaced when it is needed.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return new Kysely<Tables>({
    dialect: new PostgresDialect({ pool, ...(onCreateConnection && { onCreateConnection }) }),
  });
}

function sqliteDialect(database: Database.Database): Dialect {
  const sqlite = new SqliteDialect({
    database: { prepare: preparedOnce(database), close: () => void database.close() },
  });
  return {
    createDriver: () => {
      const driver = sqlite.createDriver();
      const acquire = driver.acquireConnection.bind(driver);
      driver.acquireConnection = async () => patient(await acquire());
      // Kysely's plain BEGIN takes the write lock only at the first write; when another process has written since our
      // first read, that fails at once instead of waiting. Every transaction of ours writes.
      driver.beginTransaction = async (connection) => {
        await connection.executeQuery(CompiledQuery.raw("begin immediate"));
      };
      // SQLite rolls back by itself when the disk is full; a second ROLLBACK would hide that error behind its own.
      driver.rollbackTransaction = async () => {
        if (database.inTransaction) database.exec("rollback");
      };
      return driver;
    },
    createQueryCompiler: () => sqlite.createQueryCompiler(),
    createIntrospector: (db) => sqlite.createIntrospector(db),
    createAdapter: () => sqlite.createAdapter(),
  };
}

/** Several times as many as there are, but for those that hold a list of any length. */
const statementsKeptMax = 500;
/** Longer ones hold a long list, and hardly come again. */
const keptLengthMax = 4000;

/** Compiling a statement takes longer than running it, and Kysely would do so every time. */
function preparedOnce(database: Database.Database): (text: string) => Database.Statement {
  const kept = new Map<string, Database.Statement>();
  return (text) => {
    if (text.length > keptLengthMax) return database.prepare(text);
    const statement = kept.get(text) ?? database.prepare(text);
    if (kept.size === statementsKeptMax) kept.clear();
    kept.set(text, statement);
    return statement;
  };
}

/** The same connection, which tries again while another process writes. */
function patient(connection: DatabaseConnection): DatabaseConnection {
  return {
    streamQuery: (query, chunkSize) => connection.streamQuery(query, chunkSize),
    executeQuery: async (query) => {
      for (let step = 1; ; step += 1) {
        try {
          return await connection.executeQuery(query);
        } catch (error) {
          if (!isBusy(error) || step >= busyStepsMax) throw error;
          await wait(busyStepMs);
        }
      }
    },
  };
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY");
}
