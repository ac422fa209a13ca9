import { describe, expect, test } from "vitest";
import type { Observation } from "../../src/gate/facts.ts";
import { wanted } from "../../src/gate/wanted.ts";
import * as small from "./world.ts";

const gone = small.sha("01de4");
const seen = (change: Parameters<typeof small.evidence>[0]): Observation => ({
  kind: "evidence",
  evidence: small.evidence(change),
});
const seenInGone = seen({ place: { kind: "commit", sha: gone } });
const byHand = small.read([small.plainCommit()]);

/** Which commits are looked for in the base branch. */
function located(change: Parameters<typeof small.pull>[0]): readonly string[] {
  return wanted(small.pull(change), null, []).landed;
}

describe("a commit is looked for in the base branch", () => {
  test("when evidence is remembered from it alone, once however many signs it carried", () => {
    const branch = seen({ place: { kind: "commit", sha: gone }, kind: "author", quote: "Claude" });
    expect(located({ commits: byHand, observations: [seenInGone, branch] })).toEqual([gone]);
  });

  test.each([
    ["nothing is remembered", { commits: byHand }],
    ["another commit has evidence now", { observations: [seenInGone] }],
    [
      "evidence is remembered from the pull request itself, too",
      {
        commits: byHand,
        observations: [seenInGone, seen({ place: { kind: "pull-request" }, kind: "body" })],
      },
    ],
    [
      "the commit is still there",
      {
        commits: byHand,
        observations: [seen({ quote: "a note that is gone" })],
      },
    ],
    [
      "the commits could not be read",
      {
        commits: { kind: "unreadable", why: "502" } as const,
        observations: [seenInGone],
      },
    ],
  ])("but not when %s", (_why, change) => {
    expect(located(change)).toEqual([]);
  });
});
