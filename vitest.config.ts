import { defineConfig } from "vitest/config";
import { testDatabase } from "./test/store/test-database.ts";

/** What can only be tested on PostgreSQL, and what says so where there is none. */
const postgresOnly = ["test/**/*-postgresql.test.ts"];
const postgresMissing = "test/store/postgresql-missing.test.ts";
/** What takes a minute: vitest.faults.config.ts runs it. */
const faults = "test/faults/**";

const database = await testDatabase();

export default defineConfig({
  test: {
    globalSetup: ["test/setup.ts"],
    // Tests may run in any order; a failure prints the seed that repeats it (--sequence.seed).
    sequence: { shuffle: { files: true, tests: true } },
    // A test that asserts nothing cannot fail.
    expect: { requireAssertions: true },
    restoreMocks: true,
    unstubEnvs: true,
    // The slowest tests start servers or git; two cores run them beside each other.
    maxWorkers: 2,
    // Files share their worker's modules: GitHub's schema alone takes a second to build.
    isolate: false,
    testTimeout: 15_000,
    hookTimeout: 15_000,
    projects: [
      {
        extends: true,
        test: {
          name: "sqlite",
          include: ["test/**/*.test.ts"],
          exclude: [...postgresOnly, postgresMissing, faults],
          provide: { testDatabase: null },
        },
      },
      {
        // Whatever opens a store runs on the other engine too.
        extends: true,
        test: {
          name: "postgresql",
          include: database.answers
            ? ["test/{store,delivery,look}/**/*.test.ts", ...postgresOnly]
            : [postgresMissing],
          exclude: ["test/**/*-sqlite.test.ts", faults, ...(database.answers ? [postgresMissing] : [])],
          provide: { testDatabase: database.url },
        },
      },
    ],
  },
});
