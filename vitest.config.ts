import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { chromiumPath } from "./test/browser/chromium.ts";
import { testDatabase } from "./test/store/test-database.ts";

/** What can only be tested on PostgreSQL, and what says so where there is none. */
const postgresOnly = ["test/**/*-postgresql.test.ts"];
const postgresMissing = "test/store/postgresql-missing.test.ts";
/** The pages in a browser, and what says so where there is none. */
const browser = "test/browser/**";
const chromiumMissing = "test/browser/chromium-missing.test.ts";
/** What starts npm, the server or the demo as people do, and takes half a minute by itself. */
const processes = [
  "test/end-to-end/{demo,incidents,operating,starting}.test.ts",
  "test/repository/package.test.ts",
];
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
    // The slowest tests start servers or git, and wait for them: three keep two cores busy.
    maxWorkers: 3,
    // Nearly all that tests make is garbage soon; with little room for it, V8 would copy it again and again.
    execArgv: ["--max-semi-space-size=64"],
    // Node would compile the same modules for every process that a test starts; with this it does so once.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/countersign-tests") },
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
          exclude: [...postgresOnly, ...processes, postgresMissing, faults, browser],
          provide: { testDatabase: null },
        },
      },
      {
        extends: true,
        test: { name: "processes", include: processes, provide: { testDatabase: null } },
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
      {
        extends: true,
        test: {
          name: "browser",
          include: [chromiumPath() === null ? chromiumMissing : "test/browser/pages.test.ts"],
          provide: { testDatabase: null },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
