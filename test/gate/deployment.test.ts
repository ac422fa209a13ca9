import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decideDeployment,
  deploymentCommentMax,
  type DeploymentFacts,
  deploymentSettings,
  type LedgerCommit,
} from "../../src/gate/deployment.ts";
import { defaultPolicy, type Policy } from "../../src/gate/policy.ts";

const base = "b".repeat(40);
const sha = "a".repeat(40);
const [minute, day] = [60_000, 86_400_000];

function policy(deployments: Partial<Policy["deployments"]>, more: Partial<Policy> = {}) {
  const value = { ...defaultPolicy, ...more, deployments: { ...defaultPolicy.deployments, ...deployments } };
  return { kind: "read", value } as const;
}

function commit(change: Partial<LedgerCommit> = {}) {
  const landed = { sha, number: 7, how: "squash", cleared: true, assisted: false, by: [], ...change };
  return { sha: landed.sha, landed };
}

/** A deployment of one cleared commit, but for `change`. */
function facts(change: Partial<DeploymentFacts> = {}): DeploymentFacts {
  return {
    environment: "production",
    sha,
    runOf: "Acme/Shop",
    repository: "acme/shop",
    policies: [],
    range: { kind: "since", base, commits: [commit()] },
    partOf: null,
    able: { byPull: new Map(), others: ["grace"] },
    waitedMs: 0,
    ...change,
  };
}

const uncleared = { range: { kind: "since", base, commits: [commit({ cleared: false })] } } as const;
const unknown = { range: { kind: "since", base, commits: [{ sha, landed: null }] } } as const;

test("a cleared deployment is approved, and one more commit that is not cleared holds it up", () => {
  const { range } = facts();
  expect(decideDeployment(facts()).kind).toBe("approved");
  expect(decideDeployment(facts(uncleared)).kind).toBe("waiting");
  expect(decideDeployment(facts({ partOf: 7 })).kind).toBe("waiting");
  expect(decideDeployment(facts({ range, runOf: "eve/shop" })).kind).toBe("waiting");
});

test("a roll-back is not approved for a run of another repository", () => {
  const range = { kind: "approved-before" } as const;
  expect(decideDeployment(facts({ range })).kind).toBe("approved");
  expect(decideDeployment(facts({ range, runOf: "eve/shop" })).kind).toBe("waiting");
});

test("of several policies the strictest holds, and one that does not name the environment has the defaults", () => {
  const trust = policy({ environments: ["staging", "PROD*"], first: "trust", onUncleared: "reject" });
  const other = policy({ environments: ["staging"], first: "trust", onUncleared: "reject" });
  const of = (...policies: DeploymentFacts["policies"]) => {
    const { first, onUncleared } = deploymentSettings(policies, "production");
    return `${first} ${onUncleared}`;
  };
  expect([of(), of(trust), of(trust, trust), of(trust, other), of(other)]).toEqual([
    "require wait",
    "trust reject",
    "trust reject",
    "require reject",
    "require wait",
  ]);
  expect(of(trust, { kind: "unreadable", why: "it is broken" })).toBe("require reject");
});

test("only where every policy observes does an uncleared deployment go on", () => {
  const observing = policy({}, { mode: "observe" });
  const of = (...policies: DeploymentFacts["policies"]) =>
    decideDeployment(facts({ ...uncleared, policies })).kind;
  expect([
    of(observing),
    of(observing, policy({})),
    of(observing, { kind: "unreadable", why: "it is broken" }),
  ]).toEqual(["observed", "waiting", "waiting"]);
  expect(decideDeployment(facts({ ...uncleared, policies: [observing], runOf: "eve/shop" })).kind).toBe(
    "waiting",
  );
});

test("what the ledger only does not know yet is not rejected in the first ten minutes", () => {
  const policies = [policy({ onUncleared: "reject" })];
  const after = (waitedMs: number) => decideDeployment(facts({ ...unknown, policies, waitedMs }));
  expect(after(minute - 1)).toEqual({ kind: "waiting", comment: null, soon: true });
  expect(after(minute)).toEqual({
    kind: "waiting",
    comment: expect.stringContaining("not in the ledger"),
    soon: true,
  });
  expect(after(10 * minute - 1).kind).toBe("waiting");
  expect(after(10 * minute).kind).toBe("rejected");
});

test("what nobody can count, or runs elsewhere, waits, or is rejected where a policy says so", () => {
  const reject = [policy({ onUncleared: "reject" })];
  const cases: Partial<DeploymentFacts>[] = [
    { range: { kind: "too-long", base, commits: 1_001, max: 1_000 } },
    { range: { kind: "whole", base: null, commits: [commit()], complete: false } },
    { range: { kind: "unknown-sha" } },
    { runOf: null },
  ];
  const kinds = (policies: DeploymentFacts["policies"]) =>
    new Set(cases.map((one) => decideDeployment(facts({ ...one, policies })).kind));
  expect([kinds([]), kinds(reject)]).toEqual([new Set(["waiting"]), new Set(["rejected"])]);
});

test("whatever is not cleared is rejected a day before GitHub's own time-out", () => {
  const after = (waitedMs: number) => decideDeployment(facts({ ...uncleared, waitedMs })).kind;
  expect([after(29 * day - 1), after(29 * day)]).toEqual(["waiting", "rejected"]);
  expect(decideDeployment(facts({ waitedMs: 31 * day })).kind).toBe("approved");
});

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom(
    "@acme/all",
    "](https://evil.example)",
    "\n### Approved\n",
    "x ".repeat(2_000),
    "🤖".repeat(300),
  ),
);
const ledger = fc.record({
  sha: fc.string({ unit: fc.constantFrom("0", "7", "c", "f"), minLength: 40, maxLength: 40 }),
  number: fc.option(fc.nat()),
  how: fc.constantFrom("squash", "history"),
  cleared: fc.boolean(),
  assisted: fc.boolean(),
  by: fc.array(text, { maxLength: 12 }),
});

test("whatever there is to say, GitHub takes the comment, and the text of others cannot mention anybody or fake a heading", () => {
  const anything = fc.record({
    commits: fc.oneof(fc.array(ledger, { maxLength: 5 }), fc.array(ledger, { minLength: 40, maxLength: 60 })),
    runOf: fc.option(fc.oneof(fc.constant("acme/shop"), text)),
    why: text,
    names: fc.array(text, { maxLength: 20 }),
    kind: fc.constantFrom("since" as const, "whole" as const),
  });
  fc.assert(
    fc.property(anything, ({ commits, runOf, why, names, kind }) => {
      const listed = commits.map((landed) => ({ sha: landed.sha, landed }));
      const range =
        kind === "since"
          ? { kind, base, commits: listed }
          : { kind, base: null, commits: listed, complete: false };
      const policies = [policy({}), { kind: "unreadable", why } as const];
      const able = { byPull: new Map(), others: names };
      const { comment } = decideDeployment(facts({ range, runOf, policies, able, waitedMs: day }));
      expect(comment?.length).toBeLessThanOrEqual(deploymentCommentMax);
      expect(comment).not.toMatch(/@\w|^#{1,6} |(?<!\\)\]\(/mu);
    }),
  );
});
