import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { inject, onTestFinished } from "vitest";
import { openStore } from "../../src/store/store.ts";
import type { Place, Store } from "../../src/store/store.ts";
import { dataParent } from "./data-parent.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The PostgreSQL that this run of the tests uses; null for SQLite. vitest.config.ts runs them on both. */
    testDatabase: string | null;
  }
}

/** An empty folder that is gone when the test is over. */
export function freshFolder(): string {
  const { dataDir, remove } = makeFolder();
  onTestFinished(remove);
  return dataDir;
}

function makeFolder(): { dataDir: string; remove: () => void } {
  const dataDir = mkdtempSync(join(dataParent, "countersign-store-"));
  return { dataDir, remove: () => rmSync(dataDir, { recursive: true, force: true }) };
}

/** A place for a store where nothing is, on the engine of this run. `remove` leaves nothing of it. */
export async function makePlace(): Promise<{ place: Place; remove: () => Promise<void> }> {
  const folder = makeFolder();
  const testDatabase = inject("testDatabase");
  if (testDatabase === null) {
    return { place: { dataDir: folder.dataDir, databaseUrl: null }, remove: async () => folder.remove() };
  }
  const schema = `test_${randomUUID().replaceAll("-", "")}`;
  const url = new URL(testDatabase);
  // Nobody pulls this machine's plug in a test, and waiting for its disk would take most of the time.
  url.searchParams.set("options", `-csearch_path=${schema} -csynchronous_commit=off`);
  url.searchParams.set("application_name", schema);
  await command(url.href, `create schema ${schema}`);
  return {
    place: { dataDir: folder.dataDir, databaseUrl: url.href },
    remove: async () => {
      folder.remove();
      await command(url.href, `drop schema ${schema} cascade`);
    },
  };
}

/** Such a place, gone when the test is over. */
export async function freshPlace(): Promise<Place> {
  const { place, remove } = await makePlace();
  onTestFinished(remove);
  return place;
}

/** A store in a fresh place; with `place`, one more handle on that one. Closed when the test is over. */
export async function freshStore(given?: Place): Promise<Store & { place: Place }> {
  const place = given ?? (await freshPlace());
  const store = await openStore(place);
  onTestFinished(() => store.close());
  return { ...store, place };
}

/** Runs one statement on a connection of its own. */
export async function command(databaseUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
