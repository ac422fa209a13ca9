import { randomUUID } from "node:crypto";
import { command } from "../test/store/fresh-store.ts";
import { missingDatabase, testDatabase } from "../test/store/test-database.ts";

/** An empty place on PostgreSQL, for the environment of servers; `drop` leaves nothing of it. @throws where there is no PostgreSQL. */
export async function freshDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const database = await testDatabase();
  if (!database.answers) throw new Error(missingDatabase());
  const schema = `bench_${randomUUID().replaceAll("-", "")}`;
  const url = new URL(database.url);
  url.searchParams.set("options", `-csearch_path=${schema}`);
  await command(url.href, `create schema ${schema}`);
  return { url: url.href, drop: async () => command(url.href, `drop schema ${schema} cascade`) };
}
