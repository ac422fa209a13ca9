import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Account } from "../../src/gate/accounts.ts";
import type { Commit, Facts, Observation, Review, TimelineEvent } from "../../src/gate/facts.ts";
import { judge } from "../../src/gate/judge.ts";
import { defaultPolicy, type Policy, type Rule } from "../../src/gate/policy.ts";
import { blocks } from "../../src/gate/strictest.ts";
import * as small from "./world.ts";

/** Records as everybody makes them; without this, half of them would have no prototype. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}

const seniors = [small.sara, small.stan, small.paula];
const others = [small.june, small.milo, small.mallory, small.copilot, { ...small.sara, id: 9999 }];
/** A coding agent that works through an ordinary account. */
const agent = small.user("kiro-agent", 244629292);
const someone = fc.constantFrom<Account>(...seniors, ...others);
/** Who shapes a change: mostly a junior, so that reviews decide often enough. */
const author = fc.constantFrom<Account>(small.june, small.june, small.june, ...others, ...seniors, agent);
const minute = fc
  .integer({ min: 0, max: 59 })
  .map((at) => `2026-11-20T10:${String(at).padStart(2, "0")}:00Z`);
const shas = fc.constantFrom(small.headSha, small.headSha, small.headSha, small.olderSha);

const commit: fc.Arbitrary<Commit> = record({
  author: author,
  committer: author,
  coAuthors: fc.array(author, { maxLength: 2 }),
  ai: fc.constantFrom(true, true, false),
  sha: shas,
}).map(({ author, committer, coAuthors, ai, sha }) =>
  (ai ? small.commit : small.plainCommit)({
    sha,
    author: small.gitIdentity(author),
    committer: small.gitIdentity(committer),
    coAuthors: coAuthors.map(small.gitIdentity),
  }),
);

const review: fc.Arbitrary<Omit<Review, "id">> = record({
  author: fc.option(someone, { freq: 9 }),
  canPush: fc.constantFrom(true, true, true, false),
  state: fc.constantFrom("APPROVED", "APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"),
  submittedAt: minute,
  commitSha: fc.option(shas, { freq: 9 }),
});

const timelineEvent: fc.Arbitrary<TimelineEvent> = fc.oneof(
  record({
    kind: fc.constantFrom("labeled", "unlabeled"),
    label: fc.constantFrom("ai-assisted", "docs"),
    actor: someone,
    at: minute,
  }),
  record({ kind: fc.constant("force-pushed"), actor: someone, before: shas, after: shas, at: minute }),
  record({
    kind: fc.constant("review-dismissed"),
    reviewId: fc.constantFrom("1", "2", "3"),
    actor: someone,
    previousState: fc.constantFrom("APPROVED", "CHANGES_REQUESTED"),
    at: minute,
  }),
);

const evidence: fc.Arbitrary<Observation> = record({
  tool: fc.constantFrom("claude-code", "cursor"),
  role: fc.constantFrom("wrote", "review-only", "none"),
  confidence: fc.constantFrom("official", "reported"),
}).map((change) => ({ kind: "evidence", evidence: small.evidence(change) }));

const push: fc.Arbitrary<Observation> = record({
  kind: fc.constant("push"),
  actor: someone,
  before: shas,
  after: shas,
  at: minute,
});

const facts: fc.Arbitrary<Facts> = record({
  author: fc.option(author, { freq: 9 }),
  otherAuthors: fc.array(author, { maxLength: 1 }),
  assignees: fc.array(author, { maxLength: 1 }),
  base: fc.constantFrom("main", "main", "next"),
  requiredOnBase: fc.boolean().map((value) => small.read(value)),
  commits: fc.array(commit, { minLength: 1, maxLength: 2 }).map((value) => small.read(value)),
  files: fc
    .constantFrom("src/a.ts", "docs/a.md")
    .map((path) => small.read([{ path, previousPath: null, additions: 300, deletions: 300 }])),
  reviews: fc
    .array(review, { maxLength: 5 })
    .map((list) => small.read(list.map((each, at) => ({ ...each, id: String(at + 1) })))),
  labels: fc.subarray(["ai-assisted", "docs"]).map((value) => small.read(value)),
  timeline: fc.array(timelineEvent, { maxLength: 1 }).map((value) => small.read(value)),
  observations: fc.array(fc.oneof(evidence, push), { maxLength: 1 }),
}).map((change) => small.pull(change));

const seniorLevels = ["senior", "staff", "principal"];
const rule: fc.Arbitrary<Rule> = record({
  when: record({
    levelBelow: fc.constantFrom(null, "mid", "senior", "staff"),
    paths: fc.constantFrom(null, null, ["src/**"]),
    changedLinesOver: fc.constantFrom(null, null, 100, 1000),
    labels: fc.constantFrom(null, null, null, ["docs"]),
    tools: fc.constantFrom(null, null, ["claude-code"]),
    base: fc.constantFrom(null, ["~DEFAULT_BRANCH"]),
    provenance: fc.constantFrom("ai", "any"),
  }),
  require: record({
    approvals: fc.constantFrom(1, 1, 2),
    level: fc.constantFrom(...seniorLevels),
  }),
}).map(small.rule);

const policy: fc.Arbitrary<Policy> = record({
  mode: fc.constantFrom("enforce", "enforce", "observe"),
  branches: fc.constantFrom(["~DEFAULT_BRANCH"], ["~ALL"], ["release/*"]),
  ai: record({
    labels: fc.subarray(["ai-assisted", "docs"]),
    undeclared: fc.constantFrom("human", "ai"),
  }).map((change) => ({ ...defaultPolicy.ai, ...change })),
  rules: fc.array(rule, { maxLength: 3 }),
  exempt: fc.constantFrom([], [{ onlyPaths: ["docs/**"] }]),
}).map((change) => small.policy(change));
const policies = fc.array(policy, { minLength: 1, maxLength: 2 });

const runs = { numRuns: 150 };

/** Whether the change is held up; one that is not gated is not. */
function isBlocked(facts: Facts, policies: readonly Policy[]): boolean {
  const verdict = judge(facts, small.config(...policies));
  return verdict !== null && blocks(verdict);
}

/** Checks that what `change` adds never lets pass what is held up without it. */
function neverOpens<T>(added: fc.Arbitrary<T>, change: (facts: Facts, added: T) => Facts): void {
  fc.assert(
    fc.property(facts, policies, added, (facts, policies, added) => {
      fc.pre(isBlocked(facts, policies));
      expect(isBlocked(change(facts, added), policies)).toBe(true);
    }),
    runs,
  );
}

function withCommit(facts: Facts, commit: Commit): Facts {
  return facts.commits.kind === "read"
    ? { ...facts, commits: small.read([...facts.commits.value, commit]) }
    : facts;
}

function withReview(facts: Facts, author: Account): Facts {
  const last = small.review(author, { id: "99", submittedAt: "2026-11-20T11:59:00Z" });
  return facts.reviews.kind === "read"
    ? { ...facts, reviews: small.read([...facts.reviews.value, last]) }
    : facts;
}

function withObservation(facts: Facts, observation: Observation): Facts {
  return { ...facts, observations: [...facts.observations, observation] };
}

describe("a blocked change stays blocked", () => {
  test("after an approval by anybody who is no senior", () => {
    neverOpens(fc.constantFrom(...others), withReview);
  });

  test("after an approval of an older commit, except that it ends its author's objection", () => {
    neverOpens(fc.constantFrom(...seniors), (facts, author) => {
      const { reviews } = facts;
      if (reviews.kind !== "read") return facts;
      const without = reviews.value.filter((each) => each.author?.id !== author.id);
      return without.length < reviews.value.length
        ? facts
        : withObservation(withReview(facts, author), {
            kind: "review",
            reviewId: "99",
            sha: small.olderSha,
            base: facts.base,
          });
    });
  });

  test("after more evidence of any role and confidence", () => {
    neverOpens(evidence, withObservation);
  });

  test("after a label that declares AI assistance", () => {
    const labeled = { kind: "label", action: "labeled", label: "ai-assisted", actor: small.june } as const;
    neverOpens(fc.constant({ ...labeled, at: "2026-11-20T09:00:00Z" }), withObservation);
  });

  test("after one more commit by anybody", () => {
    neverOpens(commit, withCommit);
  });

  test("after one more push by anybody", () => {
    neverOpens(push, withObservation);
  });

  test("after one more pull request of the same change by anybody", () => {
    neverOpens(someone, (facts, author) => ({ ...facts, otherAuthors: [...facts.otherAuthors, author] }));
  });

  test("under one more policy, whatever that says and wherever it stands", () => {
    fc.assert(
      fc.property(facts, policies, policy, (facts, policies, more) => {
        fc.pre(isBlocked(facts, policies));
        expect(isBlocked(facts, [...policies, more])).toBe(true);
        expect(isBlocked(facts, [more, ...policies])).toBe(true);
      }),
      runs,
    );
  });
});

describe("a verdict", () => {
  test("is the same for the same facts, and plain JSON", () => {
    fc.assert(
      fc.property(facts, policies, (facts, policies) => {
        const config = small.config(...policies);
        const verdict = judge(facts, config);
        const replayed: unknown = JSON.parse(JSON.stringify(verdict));
        expect(judge(structuredClone(facts), structuredClone(config))).toStrictEqual(verdict);
        expect(replayed).toStrictEqual(verdict);
      }),
      runs,
    );
  });

  test("is the same whatever the order of the policies", () => {
    fc.assert(
      fc.property(facts, policies, (facts, policies) => {
        const turned = judge(facts, small.config(...policies.toReversed()));
        expect(turned).toStrictEqual(judge(facts, small.config(...policies)));
      }),
      runs,
    );
  });

  test("is countersigned only where a senior, who shaped nothing of it, approved the head", () => {
    fc.assert(
      fc.property(facts, policies, (facts, policies) => {
        const verdict = judge(facts, small.config(...policies));
        const shaped = verdict?.contributors.flatMap(({ account }) => account?.id ?? []) ?? [];
        const approved = (facts.reviews.kind === "read" ? facts.reviews.value : []).flatMap((each) =>
          each.state === "APPROVED" && each.canPush && each.commitSha === small.headSha
            ? (each.author?.id ?? [])
            : [],
        );
        const could = seniors.some(({ id }) => id !== null && approved.includes(id) && !shaped.includes(id));
        expect(could || verdict?.outcome.kind !== "countersigned").toBe(true);
      }),
      runs,
    );
  });
});
