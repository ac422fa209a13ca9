import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { acceptDelivery } from "../../src/store/deliveries.ts";
import { inTransaction, openStore } from "../../src/store/store.ts";
import { freshPlace, freshStore } from "./fresh-store.ts";

const delivery = { guid: "g-1", event: "pull_request", action: "opened", at: 1_000 };
const effects = {
  marks: [{ target: "pull:acme/app:1", installation: 7, priority: 1 }],
  observations: [],
  pulls: [],
  outcome: "marked",
};

test("a store that is opened again still has what was stored", async () => {
  const place = await freshPlace();
  const store = await openStore(place);
  await acceptDelivery(store, delivery, effects);
  await store.close();
  const again = await freshStore(place);
  expect(await acceptDelivery(again, delivery, effects)).toBe("repeated");
});

test("a database that a newer Countersign has migrated is refused", async () => {
  const store = await freshStore();
  await sql`insert into kysely_migration (name, timestamp) values ('9999-later', '2030-01-01T00:00:00.000Z')`.execute(
    store.db,
  );
  await expect(openStore(store.place)).rejects.toThrow(
    /^The database \S+ cannot be opened: migration 9999-later is of a newer Countersign. Start that version, or restore a backup of before it.$/u,
  );
});

test("several processes that start at once on no database all open the same one", async () => {
  const place = await freshPlace();
  const script = join(import.meta.dirname, "open-store.ts");
  const starts = await Promise.all(
    [1, 2, 3, 4].map(() => promisify(execFile)(process.execPath, [script, JSON.stringify(place)])),
  );
  const { db } = await freshStore(place);
  const migrations = await sql`select name from kysely_migration order by name`.execute(db);
  expect([starts.map(({ stdout }) => stdout), migrations.rows]).toEqual([
    Array(4).fill("opened\n"),
    [
      { name: "0001-spine" },
      { name: "0002-groups" },
      { name: "0003-traces" },
      { name: "0004-shown" },
      { name: "0005-branch-pushes" },
      { name: "0006-audit-checkpoints" },
      { name: "0007-chores" },
      { name: "0008-scopes" },
      { name: "0009-landed" },
      { name: "0010-examinations" },
      { name: "0011-deployments" },
      { name: "0012-audit-no-replace" },
      { name: "0013-bypasses" },
      { name: "0014-opened" },
      { name: "0015-laid-aside" },
      { name: "0016-seen-no-replace" },
    ],
  ]);
});

test("a transaction that fails leaves nothing, and the next one works", async () => {
  const store = await freshStore();
  const failing = inTransaction(store, async (transaction) => {
    await acceptDelivery(transaction, delivery, effects);
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(await acceptDelivery(store, delivery, effects)).toBe("accepted");
});
