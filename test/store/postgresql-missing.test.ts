import { test } from "vitest";
import { missingDatabase } from "./test-database.ts";

// Run in place of all tests on PostgreSQL where there is none: `npm run test:postgresql` says so and passes, `.ci/run` fails on it.
test("the store on PostgreSQL", ({ skip }) => {
  process.stderr.write(`${missingDatabase()}\n`);
  skip(missingDatabase());
});
