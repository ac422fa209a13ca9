import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { sql } from "kysely";
import { expect, test, vi } from "vitest";
import { acceptDelivery } from "../../src/store/deliveries.ts";
import { backlog } from "../../src/store/marks.ts";
import { openStore, StoreError } from "../../src/store/store.ts";
import { freshFolder, freshStore } from "./fresh-store.ts";

const delivery = { guid: "g-1", event: "pull_request", action: "opened", at: 1_000 };
const effects = {
  marks: [{ target: "pull:acme/app:1", installation: 7, priority: 1 }],
  observations: [],
  pulls: [],
  outcome: "marked",
};

test("the folder and the file are created, for this user only", async () => {
  const dataDir = join(freshFolder(), "not", "there");
  await freshStore({ dataDir });
  expect([statSync(dataDir).mode & 0o777, statSync(join(dataDir, "countersign.sqlite")).isFile()]).toEqual([
    0o700,
    true,
  ]);
});

test("what is committed survives a loss of power, and readers do not wait for writers", async () => {
  const { db } = await freshStore();
  const journal = await sql`pragma journal_mode`.execute(db);
  const synchronous = await sql`pragma synchronous`.execute(db);
  const timeout = await sql`pragma busy_timeout`.execute(db);
  expect([journal.rows, synchronous.rows, timeout.rows]).toEqual([
    [{ journal_mode: "wal" }],
    [{ synchronous: 2 }],
    [{ timeout: 5 }],
  ]);
});

test("a statement is compiled once, however often it runs and whatever it is told", async () => {
  const { db } = await freshStore();
  const prepare = vi.spyOn(Database.prototype, "prepare");
  const said = [];
  for (const word of ["one", "two", "three"])
    said.push(...(await sql<{ word: string }>`select ${word} as word`.execute(db)).rows);
  expect(said).toEqual([{ word: "one" }, { word: "two" }, { word: "three" }]);
  expect(prepare).toHaveBeenCalledTimes(1);
});

test("deliveries that come at once wait for the disk once", async () => {
  const store = await freshStore();
  const transactions = vi.spyOn(store.db, "transaction");
  const guids = Array.from({ length: 50 }, (_, index) => `g-${index}`);
  await Promise.all(guids.map(async (guid) => acceptDelivery(store, { ...delivery, guid }, effects)));
  expect(transactions).toHaveBeenCalledTimes(1);
});

test("a table that changed is read as it is, and not as it was when the statement was compiled", async () => {
  const { db } = await freshStore();
  const read = async () => (await sql`select * from note`.execute(db)).rows;
  await sql`create table note (a integer)`.execute(db);
  await sql`insert into note values (1)`.execute(db);
  expect(await read()).toEqual([{ a: 1 }]);
  await sql`alter table note add column b integer default 2`.execute(db);
  expect(await read()).toEqual([{ a: 1, b: 2 }]);
});

test("a folder that cannot be created is an error that names it and DATA_DIR", async () => {
  const file = join(freshFolder(), "a-file");
  writeFileSync(file, "");
  const dataDir = join(file, "data");
  await expect(openStore({ dataDir })).rejects.toThrow(
    new StoreError(
      `The data folder ${dataDir} cannot be created. Create it, or set DATA_DIR to a folder this user can write to.`,
    ),
  );
});

test("a database file that cannot be opened is an error that names it and says what to do", async () => {
  const dataDir = freshFolder();
  const file = join(dataDir, "countersign.sqlite");
  mkdirSync(file);
  await expect(openStore({ dataDir })).rejects.toThrow(
    new StoreError(
      `The database ${file} cannot be opened for writing. Give this user write access to it and to its folder.`,
    ),
  );
});

test("a file that is not a database is an error that names it, and is left as it was", async () => {
  const dataDir = freshFolder();
  const file = join(dataDir, "countersign.sqlite");
  writeFileSync(file, "This is a letter, not a database.\n".repeat(100));
  const before = statSync(file).size;
  await expect(openStore({ dataDir })).rejects.toThrow(
    new StoreError(
      `The database ${file} is not an SQLite database. Move it away, or restore it from a backup.`,
    ),
  );
  expect(statSync(file).size).toBe(before);
});

test("a full database refuses a delivery with its own error and accepts it once there is room", async () => {
  const store = await freshStore();
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(store.db);
  await sql.raw(`pragma max_page_count = ${rows[0]?.page_count}`).execute(store.db);
  const large = { ...effects, outcome: "x".repeat(1_000_000) };
  await expect(acceptDelivery(store, delivery, large)).rejects.toThrow("database or disk is full");
  await sql`pragma max_page_count = 1000000`.execute(store.db);
  expect([
    (await backlog(store, 1_000)).count,
    await acceptDelivery(store, delivery, large),
    (await backlog(store, 1_000)).count,
  ]).toEqual([0, "accepted", 1]);
});
