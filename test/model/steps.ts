import fc from "fast-check";
import type { Step } from "./play.ts";

/** How often each step comes. */
const weights: readonly (readonly [Step["what"], number])[] = [
  ["branch", 2],
  ["copy", 2],
  ["open", 2],
  ["push", 4],
  ["rewrite", 1],
  ["amend", 2],
  ["rewind", 2],
  ["update", 1],
  ["advance", 1],
  ["review", 22],
  ["dismiss", 6],
  ["body", 1],
  ["label", 2],
  ["unlabel", 1],
  ["retarget", 2],
  ["close", 1],
  ["reopen", 1],
  ["roster", 2],
  ["policy", 1],
  ["override", 3],
  ["recheck", 1],
  ["enqueue", 2],
  ["dequeue", 1],
  ["deliver", 5],
  ["deliver-all", 3],
  ["duplicate", 2],
  ["drop", 1],
  ["answer", 8],
  ["answer-all", 3],
  ["quiet", 9],
  ["later", 1],
];

/** What comes besides with `COUNTERSIGN_MERGES=1`, as in `npm run check:long`: it takes thousands of sequences until a fault comes up. */
const merging: typeof weights = [
  ["carry", 2],
  ["merge", 4],
  ["reuse", 3],
];
const played = process.env["COUNTERSIGN_MERGES"] === "1" ? [...weights, ...merging] : weights;

const number = fc.nat(11);
/** Anything that people or the network do. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  ...played.map(([what, weight]) => ({
    weight,
    arbitrary: fc.record({ what: fc.constant(what), a: number, b: number, c: number }),
  })),
);
