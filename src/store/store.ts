import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { Kysely } from "kysely";
import type { z } from "zod";
import {
  copyConfigs,
  copySqlite,
  explainOpenError,
  isDeadlock,
  openPostgres,
  openPostgresToMigrate,
  openPostgresToRead,
  openSqlite,
  openSqliteToRead,
} from "./dialect.ts";
import { migrate, requireMigrated } from "./migrations.ts";
import type { Tables } from "./tables.ts";

/** The open database. Every function of this folder takes it first. */
export type Store = {
  readonly db: Kysely<Tables>;
  /** Waits for running statements, then closes the file. */
  close(): Promise<void>;
};

/**
 * The store, or one transaction on it. Inside a transaction only the latter may be used: SQLite has one connection, and
 * PostgreSQL knows the other's locks only from within.
 */
export type Queryable = Pick<Store, "db">;

/** Where the database is: PostgreSQL's address, else a folder for SQLite's file. */
export type Place = { readonly dataDir: string; readonly databaseUrl?: string | null };

/** The database cannot be used as it is; the message says why and what to do. */
export class StoreError extends Error {}

/**
 * Opens the database and migrates it: the one at `databaseUrl`, or where there is none `countersign.sqlite` in `dataDir`,
 * creating folder and file. Several processes may open the same one. Throws StoreError when it cannot be reached or written,
 * the file is not a database, or a newer Countersign wrote it.
 */
export async function openStore({ dataDir, databaseUrl }: Place): Promise<Store> {
  if (databaseUrl) {
    const migrating = { open: () => openPostgresToMigrate(databaseUrl), prepare: migrate };
    await (await openWith(shownUrl(databaseUrl), migrating)).close();
    return storeOn(openPostgres(databaseUrl));
  }
  try {
    // Facts of private repositories are kept here: nobody else's business.
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const repair = "Create it, or set DATA_DIR to a folder this user can write to.";
    throw new StoreError(`The data folder ${dataDir} cannot be created. ${repair}`, { cause });
  }
  const file = join(dataDir, databaseName);
  return openWith(file, { open: () => openSqlite(file), prepare: migrate });
}

/**
 * Opens the database for a look that is not recorded, beside a running server. Nothing in it changes: what is remembered
 * of configuration goes to a copy of this connection's own, every other write fails.
 * @returns null where there is no file. @throws StoreError as `openStore`, and for one that has to be migrated first.
 */
export async function openStoreToRead({ dataDir, databaseUrl }: Place): Promise<Store | null> {
  const prepare = async (db: Kysely<Tables>) => {
    await requireMigrated(db);
    await copyConfigs(db);
  };
  if (databaseUrl) {
    return openWith(shownUrl(databaseUrl), { open: () => openPostgresToRead(databaseUrl), prepare });
  }
  const file = join(dataDir, databaseName);
  if (!existsSync(file)) return null;
  return openWith(file, { open: () => openSqliteToRead(file), prepare });
}

/** A store in memory, in which nothing was ever seen. */
export async function openEmptyStore(): Promise<Store> {
  return openWith("in memory", { open: () => openSqlite(":memory:"), prepare: migrate });
}

/**
 * Copies the SQLite database in `dataDir`, beside a running server, into the new file `copy`, for this user only.
 * @returns where it was, and the size of the copy. @throws StoreError when there is none, it is PostgreSQL's, or the copy is
 *   there already or cannot be written; nothing is left behind then.
 */
export async function backUp(
  { dataDir, databaseUrl }: Place,
  copy: string,
): Promise<{ from: string; bytes: number }> {
  if (databaseUrl) {
    throw new StoreError(
      `The database is PostgreSQL's. Back it up with pg_dump --format=custom --file=${copy} "$DATABASE_URL"`,
    );
  }
  const from = join(dataDir, databaseName);
  if (!existsSync(from)) throw new StoreError(`There is no database ${from}. Set DATA_DIR to its folder.`);
  const handle = await openNew(copy);
  try {
    copySqlite(from, copy);
    await handle.sync();
    return { from, bytes: (await handle.stat()).size };
  } catch (cause) {
    rmSync(copy);
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError(`The database ${from} cannot be copied to ${copy}: ${why}.`, { cause });
  } finally {
    await handle.close();
  }
}

async function openNew(file: string): Promise<FileHandle> {
  try {
    return await open(file, "wx", 0o600);
  } catch (cause) {
    const there = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    const why = there
      ? "is there already; nothing is overwritten. Name a new file."
      : `cannot be created: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new StoreError(`${file} ${why}`, { cause });
  }
}

const databaseName = "countersign.sqlite";

/** Without what may hold a password: that of the user, and the options. */
function shownUrl(databaseUrl: string): string {
  const { protocol, host, pathname } = new URL(databaseUrl);
  return `${protocol}//${host}${pathname}`;
}

async function openWith(
  name: string,
  way: { open: () => Kysely<Tables>; prepare: (db: Kysely<Tables>) => Promise<void> },
): Promise<Store> {
  let db: Kysely<Tables> | null = null;
  try {
    db = way.open();
    await way.prepare(db);
  } catch (cause) {
    await db?.destroy();
    throw new StoreError(`The database ${name} ${explainOpenError(cause)}`, { cause });
  }
  return storeOn(db);
}

function storeOn(db: Kysely<Tables>): Store {
  return { db, close: () => db.destroy() };
}

/** How often a transaction is begun that PostgreSQL ends to let another one go on. */
const deadlocksMax = 3;

/**
 * Runs `work` in a transaction, or in the one that `store` already is. An error in it undoes everything it wrote; when it and
 * another transaction wait for each other it is begun anew, so it may do nothing but use the store.
 */
export async function inTransaction<T>(
  store: Queryable,
  work: (transaction: Queryable) => Promise<T>,
): Promise<T> {
  if (store.db.isTransaction) return work(store);
  for (let begun = 1; ; begun += 1) {
    try {
      return await store.db.transaction().execute((db) => work({ db }));
    } catch (error) {
      if (!isDeadlock(error) || begun === deadlocksMax) throw error;
    }
  }
}

/** Throws when nothing can be written: the disk is full, the database is read-only or gone. Leaves nothing behind. */
export async function tryToWrite({ db }: Store): Promise<void> {
  const transaction = await db.startTransaction().execute();
  try {
    const nothing = { guid: randomUUID(), at: 0, event: "", action: null, outcome: "", repeats: 0 };
    await transaction.insertInto("deliveries").values(nothing).execute();
  } finally {
    await transaction.rollback().execute();
  }
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
