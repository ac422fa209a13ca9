import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
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
  },
});
