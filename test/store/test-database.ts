import { Client } from "pg";

/** Where the tests find PostgreSQL: a database in which this user may make schemas. */
const variable = "COUNTERSIGN_TEST_DATABASE_URL";
const byDefault = "postgres://postgres@127.0.0.1:5432/test";

/** The PostgreSQL to test on, and whether it answers. */
export async function testDatabase(): Promise<{ readonly url: string; readonly answers: boolean }> {
  const url = process.env[variable] || byDefault;
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    return { url, answers: true };
  } catch {
    // The one test that is run then says what was not tested.
    return { url, answers: false };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What is said where it does not. */
export function missingDatabase(): string {
  const shown = process.env[variable] ? `what ${variable} names` : byDefault;
  return `Nothing was tested on PostgreSQL: ${shown} does not answer. Start one there, or name another in ${variable}.`;
}
