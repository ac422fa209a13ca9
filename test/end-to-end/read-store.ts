import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { choreDoneAt } from "../../src/store/chores.ts";
import { openStore } from "../../src/store/store.ts";
import type { Company } from "./company.ts";
import { until } from "./until.ts";

/** Waits until the server is idle and has done what it does at every start, of which tidying is the last. */
export async function begun({ dataDir, idle }: Company): Promise<void> {
  const store = await openStore({ dataDir });
  await until("the chores of the start", async () => (await choreDoneAt(store, "tidying")) > 0);
  await store.close();
  await idle();
}

/** The rows of the audit log, and every byte of the database, as text. */
export async function readStore({ dataDir }: Company) {
  const store = await openStore({ dataDir });
  const rows = await store.db.selectFrom("audit").select(["kind", "body"]).execute();
  const files = ["countersign.sqlite", "countersign.sqlite-wal"].map((file) => join(dataDir, file));
  const everything = files.map((file) => (existsSync(file) ? readFileSync(file, "latin1") : "")).join("");
  await store.close();
  return { rows, everything };
}
