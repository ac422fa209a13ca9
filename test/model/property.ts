import fc from "fast-check";
import { play, type Step } from "./play.ts";
import { step } from "./steps.ts";

/** juno's pull request with an AI commit, and what comes after. */
export const opening: Step = { what: "branch", a: 0, b: 0, c: 1 };
const sequence = fc.array(step, { minLength: 6, maxLength: 36, size: "max" });

/**
 * Plays random sequences; one that fails is made as short as it can be when it is seen again.
 * @param given.seed, given.path from the message of a failure, to see it again.
 * @returns how often what came up, for a human to see that enough did.
 * @throws the story of a sequence after which a check does not say what the specification says.
 */
export async function playMany(given: {
  sequences: number;
  seed?: number;
  path?: string;
}): Promise<ReadonlyMap<string, number>> {
  const { sequences: numRuns, ...again } = given;
  const tally = new Map<string, number>();
  const count = (what: string, by = 1) => tally.set(what, (tally.get(what) ?? 0) + by);
  const property = fc.asyncProperty(sequence, async (steps) => {
    const { exact, all, kinds, merged, cleared } = await play([opening, ...steps]);
    count("sequences");
    count("commits judged", all);
    count("without a choice", exact);
    for (const kind of kinds) count(kind);
    count("merged", merged);
    count("cleared", cleared);
  });
  // Shortening a story takes minutes; whoever repeats one that failed has them.
  const endOnFailure = given.seed === undefined;
  await fc.assert(property, { numRuns, ...again, ...story, endOnFailure });
  return tally;
}

/** The story is what matters, and it is the message of the last error. */
const story = { includeErrorInReport: true } as const;
