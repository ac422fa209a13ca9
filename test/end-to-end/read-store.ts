import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../src/store/store.ts";
import type { Company } from "./company.ts";

/** The rows of the audit log, and every byte of the database, as text. */
export async function readStore({ dataDir }: Company) {
  const store = await openStore({ dataDir });
  const rows = await store.db.selectFrom("audit").select(["kind", "body"]).execute();
  const files = ["countersign.sqlite", "countersign.sqlite-wal"].map((file) => join(dataDir, file));
  const everything = files.map((file) => (existsSync(file) ? readFileSync(file, "latin1") : "")).join("");
  await store.close();
  return { rows, everything };
}
