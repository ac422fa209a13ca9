/** Mutation testing of the gate: docs/mutation-testing.md. */
export default {
  mutate: ["src/gate/**/*.ts"],
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner"],
  vitest: { configFile: "vitest.mutation.config.ts", related: false },
  coverageAnalysis: "perTest",
  concurrency: 2,
  // Generous, so that a busy machine does not take a slow test for an endless loop.
  timeoutMS: 20_000,
  // Stryker would rewrite tsconfig.json for its copy with a part of TypeScript's API that version 7 does not have.
  ignorePatterns: ["tsconfig*.json"],
  // It would put @ts-nocheck into all files; nothing checks types in the copy.
  disableTypeChecks: false,
  reporters: ["progress-append-only", "clear-text", "json", "html"],
  clearTextReporter: { allowColor: false, logTests: false },
  jsonReporter: { fileName: "reports/mutation.json" },
  htmlReporter: { fileName: "reports/mutation.html" },
  // For `npm run mutation -- --incremental`, which takes the results of tests that did not change from the run before. Not by
  // default: it does not see that a scenario or a helper of the tests changed.
  incrementalFile: "reports/mutation-incremental.json",
  thresholds: { high: 95, low: 90, break: 90 },
};
