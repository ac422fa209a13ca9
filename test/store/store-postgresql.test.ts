import { sql } from "kysely";
import { expect, inject, it } from "vitest";
import { appendAudit, verifyAudit } from "../../src/store/audit.ts";
import { putMarks } from "../../src/store/marks.ts";
import { inTransaction, openStore, openStoreToRead, type Queryable } from "../../src/store/store.ts";
import { freshPlace, freshStore } from "./fresh-store.ts";

const mark = (target: string) => ({ target, installation: 5_000_000_000, priority: 0 });

/** The address of the tests' PostgreSQL with something else in it. */
function addressWith(change: (url: URL) => void): string {
  const url = new URL(inject("testDatabase") ?? "");
  change(url);
  return url.href;
}

it.each([
  [
    "that nothing listens at",
    addressWith((url) => {
      url.port = "1";
    }),
    /^The database postgres:\/\/[^@]*:1\/\w+ cannot be reached \(ECONNREFUSED\)\. Start PostgreSQL, or correct DATABASE_URL\.$/u,
  ],
  [
    "of no database",
    addressWith((url) => {
      url.pathname = "/nowhere";
    }),
    /^The database postgres:\/\/[^@]*\/nowhere does not exist\. Create it, or correct DATABASE_URL\.$/u,
  ],
  [
    "of a user that there is not",
    addressWith((url) => {
      url.username = "nobody-of-this-name";
      url.password = "hunter2";
    }),
    /^The database postgres:\/\/[^@]* refuses us: .*\. Correct user and password in DATABASE_URL\.$/u,
  ],
])("an address %s is an error that says what to do, without the password", async (_, databaseUrl, says) => {
  await expect(openStore({ dataDir: "", databaseUrl })).rejects.toThrow(says);
});

it("a database in which no server was started yet is an error to whoever only reads", async () => {
  await expect(openStoreToRead(await freshPlace())).rejects.toThrow(
    /has no tables yet\. Start the server once: it makes them\.$/u,
  );
});

it("numbers that need eight bytes are numbers", async () => {
  const store = await freshStore();
  await putMarks(store, [mark("pull:acme/app:1")], 1_700_000_000_000);
  const marks = await store.db.selectFrom("marks").select(["installation", "due_at"]).execute();
  expect(marks).toEqual([{ installation: 5_000_000_000, due_at: 1_700_000_000_000 }]);
});

it("of two appends that begin at once the second follows the first", async () => {
  const store = await freshStore();
  const row = { at: 1, kind: "verdict", repo: null, number: null, sha: null, actorId: null, body: {} };
  const appended = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const first = inTransaction(store, async (transaction) => {
    await appendAudit(transaction, row);
    appended.resolve();
    await go.promise;
  });
  await appended.promise;
  const second = appendAudit(store, row);
  await waitedFor(store);
  go.resolve();
  await first;
  expect([(await second).seq, await verifyAudit(store)]).toMatchObject([2, { ok: true, newest: { seq: 2 } }]);
});

it("two transactions that wait for each other both come to their end", async () => {
  const store = await freshStore();
  const targets = ["pull:acme/app:1", "pull:acme/app:2"] as const;
  await putMarks(store, targets.map(mark), 1_000);
  const both = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const touching = async (own: 0 | 1) =>
    inTransaction(store, async ({ db }) => {
      const touch = async (target: string) =>
        db.updateTable("marks").set({ priority: sql`priority + 1` }).where("target", "=", target).execute();
      await touch(targets[own]);
      both[own].resolve();
      await both[own === 0 ? 1 : 0].promise;
      await touch(targets[own === 0 ? 1 : 0]);
    });
  await Promise.all([touching(0), touching(1)]);
  const marks = await store.db.selectFrom("marks").select("priority").execute();
  expect(marks).toEqual([{ priority: 2 }, { priority: 2 }]);
});

/** Waits until somebody in this database waits for a lock. */
async function waitedFor({ db }: Queryable): Promise<void> {
  const waiting = sql`select 1 from pg_locks where not granted
    and database = (select oid from pg_database where datname = current_database())`;
  while ((await waiting.execute(db)).rows.length === 0);
}
