import { expect, test } from "vitest";
import {
  decideDeployment,
  type DeploymentFacts,
  type DeploymentRange,
  type LedgerCommit,
} from "../../src/gate/deployment.ts";
import { defaultPolicy, type Policy } from "../../src/gate/policy.ts";

const day = 86_400_000;
const [base, sha, older] = ["b".repeat(40), "a".repeat(40), "c".repeat(40)];

function commit(change: Partial<LedgerCommit> = {}) {
  const landed = { sha, number: 7, how: "squash", cleared: true, assisted: false, by: [], ...change };
  return { sha: landed.sha, landed };
}

function facts(range: DeploymentRange, change: Partial<DeploymentFacts> = {}): DeploymentFacts {
  return {
    environment: "production",
    sha,
    runOf: "acme/shop",
    repository: "acme/shop",
    policies: [],
    range,
    partOf: null,
    able: { byPull: new Map(), others: ["grace"] },
    waitedMs: 0,
    ...change,
  };
}

function since(...commits: readonly { sha: string; landed: LedgerCommit | null }[]): DeploymentRange {
  return { kind: "since", base, commits };
}

function policies(change: Partial<Policy["deployments"]>, more: Partial<Policy> = {}) {
  const deployments = { ...defaultPolicy.deployments, ...change };
  return [{ kind: "read", value: { ...defaultPolicy, ...more, deployments } }] as const;
}

const open = commit({ cleared: false });
const unknown = { sha: older, landed: null };
const pushed = (sha: string) => commit({ sha, cleared: false, number: null });
const people = (...logins: readonly string[]) => ({ byPull: new Map(), others: logins });

test.each<[string, DeploymentFacts]>([
  ["a commit that was approved before", facts({ kind: "approved-before" })],
  ["one commit, made without AI", facts(since(commit()))],
  [
    "several, of which two pull requests and a push are AI-assisted",
    facts(
      since(
        commit({ assisted: true, by: ["grace"] }),
        commit({ sha: older, assisted: true, by: ["grace", "vera"] }),
        commit({ sha: "d".repeat(40), number: 8, assisted: true }),
        commit({ sha: "e".repeat(40), number: null, assisted: true, by: ["ada"] }),
        commit({ sha: "f".repeat(40), number: 9 }),
      ),
    ),
  ],
  [
    "the whole history, all of it cleared",
    facts({ kind: "whole", base: null, commits: [commit()], complete: true }),
  ],
  [
    "trusted history below cleared work",
    facts(
      {
        kind: "whole",
        base: null,
        commits: [
          commit({ sha: older, cleared: false, how: "history" }),
          commit({ assisted: true, by: ["ada"] }),
        ],
        complete: true,
      },
      { policies: policies({ first: "trust" }) },
    ),
  ],
  [
    "trusted history that was not read to its beginning",
    facts(
      { kind: "whole", base, commits: [commit(), unknown], complete: false },
      { policies: policies({ first: "trust" }) },
    ),
  ],
])("the approval of %s", (_what, deployment) => {
  expect(decideDeployment(deployment)).toMatchSnapshot();
});

test.each<[string, DeploymentFacts]>([
  ["a pull request that nobody countersigned", facts(since(open, commit({ sha: older, cleared: false })))],
  [
    "that only those who may countersign it can, and a push others",
    facts(since(open, commit({ sha: older, cleared: false, number: null })), {
      able: { byPull: new Map([[7, ["ada", "vera"]]]), others: ["grace", "ada", "vera"] },
    }),
  ],
  ["that nobody can countersign", facts(since(open), { able: people() })],
  ["more people than it names", facts(since(open), { able: people("a", "b", "c", "d", "e", "f", "g", "h") })],
  ["six people", facts(since(open), { able: people("a", "b", "c", "d", "e", "f") })],
  [
    "what is not proven to be what was approved",
    facts(since(commit({ cleared: false, unproven: { why: "it was rebased", sha: older } }))),
  ],
  ["a commit that the ledger does not know", facts(since(unknown), { waitedMs: day })],
  [
    "several that the ledger does not know, beside one that is not cleared",
    facts(since(open, ...["c", "d", "e", "f"].map((digit) => ({ sha: digit.repeat(40), landed: null })))),
  ],
  ["a part of a pull request", facts(since(commit()), { partOf: 7 })],
  [
    "that a policy cannot be read",
    facts(since(commit()), { policies: [{ kind: "unreadable", why: "Line 3 is broken." }] }),
  ],
  ["more commits than are looked up", facts({ kind: "too-long", base, commits: 1_001, max: 1_000 })],
  ["a first deployment", facts({ kind: "whole", base: null, commits: [commit(), open], complete: true })],
  [
    "that a first deployment has a commit that is not cleared and one that is not known",
    facts({ kind: "whole", base: null, commits: [open, unknown], complete: true }),
  ],
  ["two direct pushes", facts(since(pushed(sha), pushed(older)))],
  [
    "three that the ledger does not know, beside one that is not cleared",
    facts(since(open, ...["c", "d", "e"].map((digit) => ({ sha: digit.repeat(40), landed: null })))),
  ],
  ["history that was rewritten", facts({ kind: "whole", base, commits: [unknown], complete: true })],
  [
    "a first deployment of a long history",
    facts({ kind: "whole", base: null, commits: [commit()], complete: false }),
  ],
  [
    "what came after trusted history, and a commit of no gated branch",
    facts(
      { kind: "whole", base: null, commits: [open, { sha, landed: null }, unknown], complete: true },
      { policies: policies({ first: "trust" }) },
    ),
  ],
  ["a commit that GitHub does not know", facts({ kind: "unknown-sha" })],
  ["a run of another repository", facts(since(open), { runOf: "eve/shop" })],
  ["a run of a repository that is gone", facts(since(open), { runOf: null })],
])("a deployment waits and says %s", (_what, deployment) => {
  expect(decideDeployment(deployment)).toMatchSnapshot();
});

test("a rejection and an observation say why they are what they are", () => {
  expect([
    decideDeployment(facts(since(open), { policies: policies({ onUncleared: "reject" }) })),
    decideDeployment(facts(since(open), { waitedMs: 29 * day })),
    decideDeployment(facts(since(open), { policies: policies({}, { mode: "observe" }) })),
  ]).toMatchSnapshot();
});

test("what does not fit is counted, up to the last character", () => {
  const many = Array.from({ length: 60 }, (_, at) =>
    commit({ sha: `${at}`.padStart(40, "0"), number: at + 1, cleared: false }),
  );
  const { comment } = decideDeployment(facts(since(...many)));
  expect(comment?.length).toBeLessThanOrEqual(1024);
  const lines = comment?.split("\n") ?? [];
  const named = lines.filter((line) => line.startsWith("- #")).length;
  expect(lines).toContain(`- and ${60 - named} more`);
  expect((comment?.length ?? 0) + `- #${named + 1} needs a senior: grace can\n`.length).toBeGreaterThan(1024);
  expect(lines.slice(-2)).toEqual(["", expect.stringContaining("Approve the merged pull request")]);
});

/** What is said where three policies cannot be read, for reasons of which the last has this many characters. */
function afterReasons(length: number): string {
  const whys = ["x".repeat(280), "x".repeat(280), "x".repeat(length)];
  const unread = whys.map((why) => ({ kind: "unreadable", why }) as const);
  return decideDeployment(facts(since(open), { policies: unread, waitedMs: day })).comment ?? "";
}

test("a comment may be as long as GitHub takes, and counts what does not fit as long as the count does", () => {
  const line = "- #7 needs a senior: grace can";
  const foot =
    "\n\nApprove the merged pull request, or comment `/countersign accept` with the full SHA there; then this goes on by itself.";
  const shortest = afterReasons(1);
  expect(shortest.endsWith(`\n${line}${foot}`)).toBe(true);
  const fits = 1024 - shortest.length + 1;
  expect([afterReasons(fits).length, afterReasons(fits).endsWith(`\n${line}${foot}`)]).toEqual([1024, true]);
  expect(afterReasons(fits + 1).endsWith(`.\n- and 1 more${foot}`)).toBe(true);
});

test("where not even the reasons fit they are cut, and never between the halves of a character", () => {
  const policies = (first: string) =>
    [first, ...Array<string>(5).fill("")].map(
      (start) => ({ kind: "unreadable", why: `${start}${"🤖".repeat(130)}` }) as const,
    );
  const cut = ["", "x"].map(
    (first) => decideDeployment(facts(since(open), { policies: policies(first) })).comment ?? "",
  );
  expect(cut.map((comment) => [comment.isWellFormed(), comment.endsWith("🤖")])).toEqual([
    [true, true],
    [true, true],
  ]);
  expect(new Set(cut.map(({ length }) => length))).toEqual(new Set([1023, 1024]));
});
