import { defineConfig } from "vitest/config";
import { testDatabase } from "./test/store/test-database.ts";

/** What is tested with several servers on one database, and what says so where there is no PostgreSQL. */
const postgresOnly = ["test/faults/*-postgresql.test.ts"];
const postgresMissing = "test/store/postgresql-missing.test.ts";

const database = await testDatabase();

export default defineConfig({
  test: {
    globalSetup: ["test/setup.ts"],
    expect: { requireAssertions: true },
    restoreMocks: true,
    // Looks that a dead server has begun are taken up after twenty seconds, those past GitHub's limits of a minute in the next, and
    // those that failed again and again after ten minutes.
    env: { TEST_WAIT_MS: "660000" },
    // They mostly wait: for leases of servers that were killed.
    maxWorkers: 4,
    testTimeout: 900_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "sqlite",
          include: ["test/faults/*.test.ts"],
          exclude: postgresOnly,
          provide: { testDatabase: null },
        },
      },
      {
        extends: true,
        test: {
          name: "postgresql",
          include: database.answers ? ["test/faults/*.test.ts"] : [postgresMissing],
          exclude: ["test/faults/*-sqlite.test.ts"],
          provide: { testDatabase: database.url },
        },
      },
    ],
  },
});
