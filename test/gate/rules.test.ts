import { describe, expect, test } from "vitest";
import type { Facts } from "../../src/gate/facts.ts";
import type { RuleCondition } from "../../src/gate/policy.ts";
import { exemption, whyRuleApplies } from "../../src/gate/rules.ts";
import * as small from "./world.ts";

const ai = [small.evidence()];

/** Why a rule with this condition applies to a junior's AI-assisted change, or null. */
function why(when: Partial<RuleCondition>, facts: Facts = small.pull(), evidence = ai): string | null {
  return whyRuleApplies(small.rule({ when }), {
    facts,
    evidence,
    roster: small.smallRoster,
    level: "junior",
  });
}

const infra: Facts["files"] = small.read([
  { path: "src/a.ts", previousPath: null, additions: 1, deletions: 0 },
  { path: "src/dns.tf", previousPath: "infra/dns.tf", additions: 3, deletions: 4 },
]);
const facts = small.pull({ files: infra, labels: small.read(["Security"]), base: "release/2" });

describe("a condition", () => {
  test.each<[string, Partial<RuleCondition>, string | null]>([
    ["that is left out always holds", {}, "AI-assisted"],
    ["on provenance any holds without evidence, too", { provenance: "any" }, "applies to every change"],
    ["on the level holds below it", { levelBelow: "mid" }, "AI-assisted, its lowest contributor is junior"],
    ["on the level rests at it", { levelBelow: "junior" }, null],
    [
      "on a level that does not exist holds",
      { levelBelow: "wizard" },
      "AI-assisted, wizard is no level of the roster",
    ],
    ["on paths holds for an old name", { paths: ["infra/**"] }, "AI-assisted, changes infra/dns.tf"],
    ["on paths holds for one of them", { paths: ["docs/**", "src/a*"] }, "AI-assisted, changes src/a.ts"],
    ["on paths rests where none matches", { paths: ["docs/**"] }, null],
    ["on size holds above the limit", { changedLinesOver: 7 }, "AI-assisted, changes 8 lines"],
    ["on size rests at the limit", { changedLinesOver: 8 }, null],
    ["on labels holds in any case", { labels: ["x", "SECURITY"] }, "AI-assisted, labelled Security"],
    ["on labels rests without them", { labels: ["docs"] }, null],
    [
      "on tools holds for a tool found",
      { tools: ["cursor", "claude-code"] },
      "AI-assisted, made with claude-code",
    ],
    ["on tools rests for others", { tools: ["cursor"] }, null],
    ["on the base holds for that base", { base: ["release/*"] }, "AI-assisted, goes to release/2"],
    ["on the base holds for one of them", { base: ["main", "release/*"] }, "AI-assisted, goes to release/2"],
    ["on the base rests for others", { base: ["~DEFAULT_BRANCH"] }, null],
    ["on the base rests for other names", { base: ["null", "main"] }, null],
    ["beside one that rests does not help", { paths: ["infra/**"], labels: ["docs"] }, null],
  ])("%s", (_name, when, expected) => {
    expect(why(when, facts)).toBe(expected);
  });

  test("on provenance ai rests without evidence", () => {
    expect(why({}, small.pull(), [])).toBeNull();
  });

  test.each([
    { roster: null, level: null },
    { roster: small.smallRoster, level: null },
    { roster: null, level: "principal" },
  ])("on the level holds when nobody knows the level or the ladder", (known) => {
    const rule = small.rule({ when: { levelBelow: "senior" } });
    expect(whyRuleApplies(rule, { facts: small.pull(), evidence: ai, ...known })).toBe(
      "AI-assisted, the level of its contributors is not known",
    );
  });

  test("on labels rests when they could not be read", () => {
    expect(why({ labels: ["security"] }, small.pull({ labels: { kind: "absent" } }))).toBeNull();
  });

  test.each<[Partial<RuleCondition>, string]>([
    [{}, "AI-assisted"],
    [
      { paths: ["docs/**"] },
      "AI-assisted, changes more files than can be read, so every path and size counts as matched",
    ],
    [
      { changedLinesOver: 9 },
      "AI-assisted, changes more files than can be read, so every path and size counts as matched",
    ],
  ])("%j holds past the limit of files", (when, expected) => {
    const files = { kind: "unreadable", why: "too many", pastLimit: true } as const;
    expect(why(when, small.pull({ files }))).toBe(expected);
  });

  test("on the level says when a bot decides it", () => {
    expect(why({ levelBelow: "senior" }, small.pull({ author: small.copilot }))).toBe(
      "AI-assisted, opened by a bot account, which counts as junior",
    );
  });
});

describe("an exemption", () => {
  const docs = small.policy({ exempt: [{ onlyPaths: ["docs/**", "*.md"] }, { onlyPaths: ["src/**"] }] });
  const changing = (...paths: readonly string[]) =>
    small.pull({
      files: small.read(paths.map((path) => ({ path, previousPath: null, additions: 1, deletions: 0 }))),
    });

  test("covers a change of nothing but its files", () => {
    expect(exemption(docs, changing("docs/a/b", "README.md"))).toBe(
      "all changed files are exempt (docs/**, *.md)",
    );
  });

  test.each([[["docs/a", "src/b"]], [["docs/a", "lib/b"]], [[]]])(
    "does not cover a change of %j",
    (paths) => {
      expect(exemption(docs, changing(...paths))).toBeNull();
    },
  );

  test("does not cover a file that came from elsewhere", () => {
    expect(exemption(docs, small.pull({ files: infra }))).toBeNull();
  });
});
