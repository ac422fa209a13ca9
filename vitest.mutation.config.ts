import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Those that draw many examples or ask git; a mutant that a cheaper test kills need not wait for them. */
const slow = /\/(?:render-limits|trailers|markdown|patterns)\.test\.ts$/;

class CheapFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const cost = ({ moduleId }: TestSpecification) => Number(slow.test(moduleId));
    return Promise.resolve(files.toSorted((one, other) => cost(one) - cost(other)));
  }
}

/** The tests that Stryker runs against each mutant of src/gate. */
export default defineConfig({
  test: {
    include: ["test/gate/**/*.test.ts"],
    // They take longer than all others together and killed 6 of 2,000 mutants: without them the score is a little low.
    exclude: ["test/gate/long-texts.test.ts", "test/gate/invariants.test.ts"],
    setupFiles: ["test/mutation-setup.ts"],
    sequence: { sequencer: CheapFirst },
    env: { FC_RUNS: "20" },
    expect: { requireAssertions: true },
    isolate: false,
    testTimeout: 15_000,
  },
});
