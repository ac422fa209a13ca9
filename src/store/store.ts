import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Kysely } from "kysely";
import type { z } from "zod";
import { explainOpenError, openDatabase } from "./dialect.ts";
import { migrate } from "./migrations.ts";
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
  const file = join(dataDir, "countersign.sqlite");
  let db: Kysely<Tables> | null = null;
  try {
    db = openDatabase(file);
    await migrate(db);
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
