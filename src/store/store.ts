import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Kysely } from "kysely";
import type { z } from "zod";
import { copyConfigs, explainOpenError, openDatabase, openDatabaseToRead } from "./dialect.ts";
import { migrate, requireMigrated } from "./migrations.ts";
import type { Tables } from "./tables.ts";

/** The open database. Every function of this folder takes it first. */
export type Store = {
  readonly db: Kysely<Tables>;
  /** Waits for running statements, then closes the file. */
  close(): Promise<void>;
};

/** The store, or one transaction on it. Inside a transaction only the latter may be used: SQLite has one connection. */
export type Queryable = Pick<Store, "db">;

/** The database cannot be used as it is; the message says why and what to do. */
export class StoreError extends Error {}

/**
 * Opens `countersign.sqlite` in `dataDir`, creating folder and file, and migrates it. Several processes may open the
 * same file. Throws StoreError when the folder cannot be written, the file is not a database, or a newer Countersign wrote it.
 */
export async function openStore({ dataDir }: { dataDir: string }): Promise<Store> {
  try {
    // Facts of private repositories are kept here: nobody else's business.
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const repair = "Create it, or set DATA_DIR to a folder this user can write to.";
    throw new StoreError(`The data folder ${dataDir} cannot be created. ${repair}`, { cause });
  }
  const file = join(dataDir, databaseName);
  return openWith(file, { open: () => openDatabase(file), prepare: migrate });
}

/**
 * Opens the store in `dataDir` for a look that is not recorded, beside a running server. Of the file nothing changes: what
 * is remembered of configuration goes to a copy in memory, every other write fails.
 * @returns null where there is no database. @throws StoreError as `openStore`, and for one that has to be migrated first.
 */
export async function openStoreToRead({ dataDir }: { dataDir: string }): Promise<Store | null> {
  const file = join(dataDir, databaseName);
  if (!existsSync(file)) return null;
  const prepare = async (db: Kysely<Tables>) => {
    await requireMigrated(db);
    await copyConfigs(db);
  };
  return openWith(file, { open: () => openDatabaseToRead(file), prepare });
}

/** A store in memory, in which nothing was ever seen. */
export async function openEmptyStore(): Promise<Store> {
  return openWith("in memory", { open: () => openDatabase(":memory:"), prepare: migrate });
}

const databaseName = "countersign.sqlite";

async function openWith(
  file: string,
  { open, prepare }: { open: () => Kysely<Tables>; prepare: (db: Kysely<Tables>) => Promise<void> },
): Promise<Store> {
  let db: Kysely<Tables> | null = null;
  try {
    db = open();
    await prepare(db);
  } catch (cause) {
    await db?.destroy();
    throw new StoreError(`The database ${file} ${explainOpenError(cause)}`, { cause });
  }
  const opened = db;
  return { db: opened, close: () => opened.destroy() };
}

/** Runs `work` in a transaction, or in the one that `store` already is. An error in it undoes everything it wrote. */
export async function inTransaction<T>(
  store: Queryable,
  work: (transaction: Queryable) => Promise<T>,
): Promise<T> {
  if (store.db.isTransaction) return work(store);
  return store.db.transaction().execute((db) => work({ db }));
}

/** Reads JSON out of a row. Throws StoreError naming `where` it stands when it is not what `schema` says. */
export function parseStored<T>(schema: z.ZodType<T>, json: string, where: string): T {
  try {
    return schema.parse(JSON.parse(json));
  } catch (cause) {
    const repair = "Was it written by a newer Countersign? Start that one, or restore a backup.";
    throw new StoreError(`${where} in the database cannot be understood. ${repair}`, { cause });
  }
}
