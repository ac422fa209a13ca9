/**
 * Everything that is SQLite's own: opening, pragmas, transactions, column types and triggers. All other SQL of this
 * folder is portable. Two statements need care on an engine with more than one writer, and say so where they stand:
 * the claim of a mark (marks.ts) and the append to the audit log (audit.ts).
 */
import { setTimeout as wait } from "node:timers/promises";
import Database from "better-sqlite3";
import { CompiledQuery, Kysely, SqliteDialect, sql } from "kysely";
import type { ColumnDefinitionBuilder, DatabaseConnection, Dialect } from "kysely";
import type { Tables } from "./tables.ts";

/** How long another process's write is waited for at start: longer than any write of ours takes. */
const busyTimeoutMs = 5_000;

// Later as long in all, but in steps: SQLite's own waiting blocks this whole process, and an open transaction of its
// own could not go on meanwhile. The first few milliseconds are cheaper waited for than scheduled.
const busyStepMs = 5;
const busyStepsMax = busyTimeoutMs / (2 * busyStepMs);

/** The column type of bytes. */
export const bytesType = "blob";

/** Makes `column` a primary key that numbers its rows by itself, in the order they were inserted. */
export function numberedByItself(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder {
  return column.primaryKey().autoIncrement();
}

/**
 * Opens the SQLite file, creating it if there is none. Throws better-sqlite3's SqliteError when it cannot be opened,
 * written, or is no database (`explainOpenError` says it in words).
 */
export function openDatabase(file: string): Kysely<Tables> {
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
 * Opens the SQLite file to read it beside a process that writes it: no write reaches it. Throws as `openDatabase` does, and
 * when there is no such file.
 */
export function openDatabaseToRead(file: string): Kysely<Tables> {
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
  // What `copyConfigs` copies belongs in no file.
  database.pragma("temp_store = memory");
  return new Kysely<Tables>({ dialect: sqliteDialect(database) });
}

/** Puts a copy of the table `configs`, which can be written and ends with this connection, in its place. */
export async function copyConfigs(db: Kysely<Tables>): Promise<void> {
  await sql`create temp table configs as select * from main.configs`.execute(db);
  await sql`create unique index temp.configs_key on configs (owner, repo, path, version)`.execute(db);
}

/** What an error of `openDatabase` or a migration means and what to do, without the file's name. */
export function explainOpenError(error: unknown): string {
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
  return `cannot be opened: ${error instanceof Error ? error.message : String(error)}`;
}

/** Lets `table` refuse every update and delete, with the message `TABLE is append-only`. */
export async function makeAppendOnly(
  db: Kysely<Tables>,
  table: "audit" | "branch_pushes" | "observations" | "traces",
): Promise<void> {
  for (const event of ["update", "delete"] as const) {
    const trigger = sql.id(`${table}_no_${event}`);
    await sql`create trigger if not exists ${trigger} before ${sql.raw(event)} on ${sql.table(table)}
      begin select raise(abort, ${sql.lit(`${table} is append-only`)}); end`.execute(db);
  }
}

/** Lets the audit log give up the rows that a row of kind `checkpoint` in it names, and no others. */
export async function allowCheckpoints(db: Kysely<Tables>): Promise<void> {
  await sql`drop trigger if exists audit_no_delete`.execute(db);
  await sql`create trigger audit_no_delete before delete on audit
    when old.seq > coalesce((select max(number) from audit where kind = 'checkpoint'), 0)
    begin select raise(abort, 'audit is append-only'); end`.execute(db);
}

function sqliteDialect(database: Database.Database): Dialect {
  const sqlite = new SqliteDialect({ database });
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
    // SQLite's DDL is transactional, which Kysely does not use by default: with it, a migration happens wholly or not,
    // and two processes that start at once wait for one another.
    createAdapter: () =>
      Object.defineProperty(sqlite.createAdapter(), "supportsTransactionalDdl", { value: true }),
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
