import { expect, test } from "vitest";
import { clearedFor, isCleared, nothingCleared, nothingIsNew } from "../../src/gate/cleared.ts";
import type { ClearedBefore } from "../../src/gate/facts.ts";
import * as small from "./world.ts";

const policy = small.policy();
const commit = (policies: readonly string[]): ClearedBefore => ({
  kind: "commit",
  sha: small.headSha,
  policies,
});

test("a policy has cleared what it let pass itself, and nothing else", () => {
  const by = (policies: readonly string[]) =>
    clearedFor(small.pull({ cleared: [commit(policies)] }), policy).commits.size;
  expect([by([]), by(["another"]), by(["another", policy.origin])]).toEqual([0, 0, 1]);
});

test("a policy with a rule for this base has cleared nothing elsewhere", () => {
  const facts = small.pull({ cleared: [commit([policy.origin])], stackBase: "release/2" });
  const sizes = [["next"], ["main"], ["release/*"]].map(
    (base) => clearedFor(facts, { ...policy, rules: [small.rule({ when: { base } })] }).commits.size,
  );
  expect(sizes).toEqual([1, 0, 0]);
  const one = [small.rule({}), small.rule({ when: { base: ["main"] } })];
  expect(clearedFor(facts, { ...policy, rules: one })).toBe(nothingCleared);
});

test("evidence asks for nothing again with its commit or the pull request that it was inherited from", () => {
  const cleared = { commits: new Set([small.headSha]), pulls: new Set([3]) };
  const onPull = { place: { kind: "pull-request" } } as const;
  const answers = [
    small.evidence(),
    small.evidence({ place: { kind: "commit", sha: small.olderSha } }),
    small.evidence(onPull),
    small.evidence({ ...onPull, seenOn: 3 }),
    small.evidence({ ...onPull, seenOn: 4 }),
    small.evidence({ ...onPull, seenOn: 3, left: true }),
    small.evidence({ seenOn: 3, left: true }),
  ].map((evidence) => isCleared(evidence, cleared));
  expect(answers).toEqual([true, false, false, true, false, false, true]);
});

test("nothing is new where there are commits, all of them known and cleared", () => {
  const cleared = { commits: new Set([small.headSha]), pulls: new Set<number>() };
  const answers = [
    small.read([small.commit()]),
    small.read([small.commit(), small.commit({ sha: small.olderSha })]),
    small.read([]),
    { kind: "absent" } as const,
  ].map((commits) => nothingIsNew(small.pull({ commits }), cleared));
  expect(answers).toEqual([true, false, false, false]);
});
