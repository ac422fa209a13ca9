import { describe, expect, test } from "vitest";
import type { Observation } from "../../src/gate/facts.ts";
import { lacks, wanted } from "../../src/gate/wanted.ts";
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

describe("facts that were read for other rules", () => {
  const suggestion = small.plainCommit({
    signedByGitHub: true,
    coAuthors: [small.gitIdentity(small.sara)],
  });
  const overriding: Observation = {
    kind: "override",
    comment: "9",
    by: small.user("stan", 9_104),
    reason: "urgent",
    sha: small.headSha,
    at: "2026-11-20T11:00:00Z",
  };
  const overridable = small.policy({ override: { level: "staff" } });
  const withNotes = small.policy({ ai: { ...small.policy().ai, notes: true } });
  const withExempt = small.policy({ exempt: [{ onlyPaths: ["docs/**"] }] });
  const old: Partial<Parameters<typeof small.pull>[0]> = {
    timeline: small.read([
      {
        kind: "force-pushed",
        actor: small.june,
        before: gone,
        after: small.headSha,
        at: "2026-11-20T09:00:00Z",
      },
    ]),
  };
  const older = small.reviewed(small.review(small.sara, { commitSha: small.olderSha }));
  const byOlder = {
    ...older,
    observations: [{ kind: "review", reviewId: "1", sha: small.olderSha, base: "main" } as const],
  };
  const fingerprint = small.read("same");
  const compared = [small.olderSha, small.headSha].map((sha) => ({ base: "main", sha, fingerprint }));

  test.each([
    ["notes, which nobody read", {}, withNotes, true],
    ["notes, of which there are none", { notes: small.read([]) }, withNotes, false],
    ["where evidence landed", { commits: byHand, observations: [seenInGone] }, small.policy(), true],
    ["a head that was replaced", old, small.policy(), true],
    [
      "a head that was replaced and read",
      { ...old, oldHeads: [{ sha: gone, commits: byHand }] },
      small.policy(),
      false,
    ],
    ["who left suggestions", { commits: small.read([suggestion]) }, small.policy(), true],
    [
      "who left suggestions, which is known",
      { commits: small.read([suggestion]), suggestedBy: [small.sara] },
      small.policy(),
      false,
    ],
    ["a patch that was not compared", byOlder, small.policy(), true],
    ["a patch that was compared", { ...byOlder, patches: compared }, small.policy(), false],
    ["whether who overrode can push", { observations: [overriding], pushAccess: [] }, overridable, true],
    [
      "whether who overrode can push, which is known",
      { observations: [{ ...overriding, by: small.stan }] },
      overridable,
      false,
    ],
    ["the old names of renamed files", {}, withExempt, true],
    ["nothing special", {}, small.policy(), false],
  ])("for %s", (_what, change, policy, expected) => {
    expect(lacks(small.pull(change), small.config(policy), { samePolicies: false })).toBe(expected);
  });

  test("hold the old names of renamed files where only the roster differs", () => {
    expect(lacks(small.pull(), small.config(withExempt), { samePolicies: true })).toBe(false);
  });
});
