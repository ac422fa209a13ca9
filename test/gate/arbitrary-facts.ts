/** Whatever a pull request, its people and the policies may be: what the properties of the gate are held against. */
import fc from "fast-check";
import type { Account } from "../../src/gate/accounts.ts";
import type {
  Commit,
  ConfigChange,
  Facts,
  Observation,
  Patch,
  Review,
  TimelineEvent,
} from "../../src/gate/facts.ts";
import { defaultPolicy, type Policy, type Rule } from "../../src/gate/policy.ts";
import * as small from "./world.ts";

/** Records as everybody makes them; without this, half of them would have no prototype. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}

export const seniors = [small.sara, small.stan, small.paula];
export const others = [small.june, small.milo, small.mallory, small.copilot, { ...small.sara, id: 9999 }];
/** A coding agent that works through an ordinary account. */
const agent = small.user("kiro-agent", 244629292);
export const someone = fc.constantFrom<Account>(...seniors, ...others);
/** Who shapes a change: mostly a junior, so that reviews decide often enough. */
const author = fc.constantFrom<Account>(small.june, small.june, small.june, ...others, ...seniors, agent);
const minute = fc
  .integer({ min: 0, max: 59 })
  .map((at) => `2026-11-20T10:${String(at).padStart(2, "0")}:00Z`);
const shas = fc.constantFrom(small.headSha, small.headSha, small.headSha, small.olderSha);

export const commit: fc.Arbitrary<Commit> = record({
  author: author,
  committer: author,
  coAuthors: fc.array(author, { maxLength: 2 }),
  ai: fc.constantFrom(true, true, false),
  sha: shas,
  parents: fc.constantFrom(["ba5e"], ["01de4"], ["01de4", "ba5e2"]),
  signedByGitHub: fc.boolean(),
}).map(({ author, committer, coAuthors, ai, sha, parents, signedByGitHub }) =>
  (ai ? small.commit : small.plainCommit)({
    sha,
    parents: parents.map(small.sha),
    signedByGitHub,
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

export const evidence: fc.Arbitrary<Observation> = record({
  tool: fc.constantFrom("claude-code", "cursor"),
  role: fc.constantFrom("wrote", "review-only", "none"),
  confidence: fc.constantFrom("official", "reported"),
}).map((change) => ({ kind: "evidence", evidence: small.evidence(change) }));

export const push: fc.Arbitrary<Observation> = record({
  kind: fc.constant("push"),
  actor: someone,
  before: shas,
  after: shas,
  at: minute,
});

const override: fc.Arbitrary<Observation> = record({
  kind: fc.constant("override"),
  comment: fc.constant("345"),
  by: someone,
  reason: fc.constantFrom("the shop is down", ""),
  sha: shas,
  at: minute,
});

const fingerprint = fc.constantFrom(small.read("one"), small.read("one"), small.read("another"), {
  kind: "unreadable",
  why: "GitHub cut the tree",
} as const);
const patches: fc.Arbitrary<Patch[]> = fc.tuple(fingerprint, fingerprint).map(([older, head]) =>
  ["main", "next"].flatMap((base) => [
    { base, sha: small.olderSha, fingerprint: older },
    { base, sha: small.headSha, fingerprint: head },
  ]),
);

const raised = { ...small.smallRoster, people: [small.entry(small.sara, "principal")] };
export const configChange: fc.Arbitrary<ConfigChange> = record({
  file: fc.constant("roster"),
  name: fc.constant("acme/.github › .github/countersign/roster.yml"),
  proposal: fc.constantFrom<ConfigChange["proposal"]>(
    { kind: "roster", roster: small.smallRoster },
    { kind: "roster", roster: raised },
    { kind: "removed" },
    { kind: "broken", problems: ["roster.yml:1:1: expected people"] },
  ),
});

export const facts: fc.Arbitrary<Facts> = record({
  patches,
  suggestedBy: fc.subarray(seniors),
  pushAccess: fc.subarray(seniors).map((able) => able.map(small.pushes)),
  stackBase: fc.constantFrom(null, null, "main", "release/2"),
  body: fc.constantFrom("", "- [x] No AI", "- [x] AI"),
  bodyEdited: fc.constantFrom(null, { by: small.june }, { by: small.milo }),
  configChanges: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, fc.tuple(configChange)),
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
  observations: fc.array(fc.oneof(evidence, push, push, override), { maxLength: 2 }),
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

export const policy: fc.Arbitrary<Policy> = record({
  mode: fc.constantFrom("enforce", "enforce", "observe"),
  branches: fc.constantFrom(["~DEFAULT_BRANCH"], ["~ALL"], ["release/*"]),
  ai: record({
    labels: fc.subarray(["ai-assisted", "docs"]),
    undeclared: fc.constantFrom("human", "ai"),
    attestation: fc.constantFrom(null, { human: "No AI", ai: "AI" }),
  }).map((change) => ({ ...defaultPolicy.ai, ...change })),
  rules: fc.array(rule, { maxLength: 3 }),
  exempt: fc.constantFrom([], [{ onlyPaths: ["docs/**"] }]),
  override: fc.constantFrom(null, null, { level: "staff" }),
}).map((change) => small.policy(change));
export const policies = fc.array(policy, { minLength: 1, maxLength: 2 });
