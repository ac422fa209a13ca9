import { describe, expect, test } from "vitest";
import type { Evidence } from "../../src/gate/evidence.ts";
import { nextSteps, onTerminal, render, rowsMax, tablesOf } from "../../src/gate/render.ts";
import type { Need, Outcome, Person, Verdict } from "../../src/gate/verdict.ts";
import * as small from "./world.ts";

const names = (count: number) => Array.from({ length: count }, (_, at) => `s${at}`);
const people = (count: number): Person[] => names(count).map((login) => ({ login, level: "senior" }));
const need = (change: Partial<Need> = {}): Need => ({
  rule: "Senior sign-off",
  approvals: 1,
  level: "senior",
  candidates: ["sara"],
  ...change,
});
const waiting = (...needs: readonly Need[]): Outcome => ({ kind: "waiting", needs });

function rendered(change: Partial<Verdict>) {
  return render(small.verdict(change));
}
/** The state and what to do, without the tables. */
function words(change: Partial<Verdict>): readonly string[] {
  return rendered(change)
    .summary.split("\n")
    .filter((line) => line !== "");
}

describe("the title", () => {
  test.each<[Outcome, string]>([
    [waiting(need({ candidates: names(3) })), "Waiting for 1 approval by senior or above: s0, s1 or s2 can"],
    [
      waiting(need({ candidates: names(5) })),
      "Waiting for 1 approval by senior or above: s0, s1, s2 or 2 more can",
    ],
    [
      waiting(need({ approvals: 3, candidates: ["sara", "stan"] })),
      "Waiting for 3 approvals by senior or above: only sara and stan can, which is too few",
    ],
    [
      waiting(need({ approvals: 2, candidates: ["sara", "stan"] })),
      "Waiting for 2 approvals by senior or above: sara or stan can",
    ],
    [
      waiting(need(), need({ rule: "the same again" })),
      "Waiting for 1 approval by senior or above: sara can",
    ],
    [
      waiting(need({ candidates: ["sara", "stan"] }), need({ level: "staff", candidates: ["stan"] })),
      "Waiting for 1 approval by staff or above: stan can",
    ],
    [
      waiting(
        need({ approvals: 2, candidates: ["sara", "stan", "paula"] }),
        need({ level: "staff", candidates: ["stan", "paula"] }),
      ),
      "Waiting for 2 approvals by senior or above: sara, stan or paula can; and for 1 approval by staff or above: stan or paula can",
    ],
    [
      waiting(need(), need({ candidates: ["stan"] }), need({ candidates: ["paula"] })),
      "Waiting for 1 approval by senior or above: sara can; and for 1 approval by senior or above: stan can; and 1 more",
    ],
    [{ kind: "objected", by: people(3) }, "s0 (senior), s1 (senior) and s2 (senior) requested changes"],
    [
      { kind: "countersigned", by: people(5) },
      "Countersigned by s0 (senior), s1 (senior), s2 (senior) and 2 more",
    ],
    [{ kind: "countersigned", by: [] }, "Countersigned by nobody"],
    [
      { kind: "countersigned", by: [{ login: "sara", level: "senior", by: "same patch as 01de400" }] },
      "Countersigned by sara (senior, same patch as 01de400)",
    ],
    [
      { kind: "overridden", by: { login: "stan", level: "staff" }, reason: "outage" },
      "Overridden by stan (staff): outage",
    ],
  ])("of %j", (outcome, title) => {
    expect(rendered({ outcome }).title).toBe(title);
  });

  test("names the pull request where it has siblings, and observing first of all", () => {
    const outcome = { kind: "not-needed", why: "no rule applies" } as const;
    expect(rendered({ outcome, siblings: [8], mode: "observe" }).title).toBe(
      "Observe only: #7: No countersignature needed: no rule applies",
    );
  });
});

describe("the conclusion", () => {
  test.each<[Outcome, string]>([
    [{ kind: "undecidable", problems: [] }, "failure"],
    [{ kind: "objected", by: [] }, "failure"],
    [waiting(need()), "action_required"],
    [{ kind: "overridden", by: { login: "stan", level: "staff" }, reason: "outage" }, "success"],
    [{ kind: "countersigned", by: [] }, "success"],
    [{ kind: "not-needed", why: "no rule applies" }, "success"],
  ])("of %j is %s, and neutral in observe mode", (outcome, conclusion) => {
    expect(rendered({ outcome }).conclusion).toBe(conclusion);
    expect(rendered({ outcome, mode: "observe" }).conclusion).toBe("neutral");
  });
});

describe("the summary", () => {
  test("says each repair once and how many problems are left out", () => {
    const problems = Array.from({ length: 12 }, (_, at) => ({ what: `Problem ${at}.`, repair: "Wait." }));
    expect(words({ outcome: { kind: "undecidable", problems } })).toEqual([
      "Could not decide: Problem 0. Problem 1. Problem 2. Problem 3. Problem 4. Problem 5. Problem 6. Problem 7. Problem 8. Problem 9. Wait. 2 more problems.",
    ]);
    expect(words({ outcome: { kind: "undecidable", problems: problems.slice(0, 10) } })[0]).not.toContain(
      "more",
    );
  });

  test("asks everybody who objects to approve", () => {
    expect(words({ outcome: { kind: "objected", by: people(2) } })).toEqual([
      "`s0` (`senior`) and `s1` (`senior`) requested changes.",
      "This stands until each of them approves. If somebody else dismisses it, one more approval is needed, from somebody who did not dismiss it.",
    ]);
  });

  test("says how long an override holds", () => {
    const by = { login: "stan", level: "staff" };
    expect(words({ outcome: { kind: "overridden", by, reason: "outage." } })).toEqual([
      "Overridden by `stan` (`staff`): outage.",
      "This holds for `c0ffee1` alone: after a push the rules apply again.",
    ]);
  });

  test("asks nobody to approve where too few can", () => {
    expect(words({ outcome: waiting(need()) })).toHaveLength(2);
    expect(words({ outcome: waiting(need(), need({ candidates: [] })) })).toHaveLength(1);
  });

  test.each([
    [1, "#8"],
    [2, "#8 and #9"],
    [11, "#8, #9, #10, #11, #12, #13, #14, #15, #16 and #17"],
  ])("names %i siblings", (count, named) => {
    const siblings = Array.from({ length: count }, (_, at) => at + 8);
    expect(words({ siblings })).toEqual([
      "No countersignature needed: no sign of AI assistance.",
      `This head commit is also that of ${named}; the strictest verdict, that of #7, is shown.`,
    ]);
  });

  test("names ten people at most", () => {
    expect(words({ outcome: { kind: "objected", by: people(10) } })[0]).toMatch(
      /and `s9` \(`senior`\) requested/u,
    );
    expect(words({ outcome: { kind: "objected", by: people(12) } })[0]).toMatch(
      /`s9` \(`senior`\) and 2 more requested/u,
    );
  });

  test("shows as many rows as a reader looks at, and says how many more there are", () => {
    const refused = Array.from({ length: rowsMax + 2 }, (_, at) => {
      return { reviewer: `r${at}`, state: "approval", reason: "is mid" };
    });
    const shown = (count: number) => words({ refused: refused.slice(0, count) });
    expect(shown(rowsMax)).toHaveLength(rowsMax + 4);
    expect(shown(rowsMax).at(-1)).toBe(`| \`r${rowsMax - 1}\` | approval | is mid |`);
    expect(shown(rowsMax + 2)).toHaveLength(rowsMax + 5);
    expect(shown(rowsMax + 2).at(-1)).toBe("2 more are not shown.");
  });
});

describe("the tables", () => {
  const [url, commit] = [
    "https://github.com/acme/shop/pull/7",
    "[`c0ffee1`](https://github.com/acme/shop/pull/7/commits/",
  ];
  const whole = `${commit}${small.headSha})`;
  const onPull = { kind: "pull-request" } as const;
  const label = { kind: "label", by: null, at: null, removedBy: null } as const;

  test.each<[Partial<Evidence>, string]>([
    [{}, `trailer of ${whole}`],
    [{ kind: "login" }, `account of ${whole}`],
    [{ remembered: true }, `trailer of ${whole}, seen earlier, no longer there`],
    [{ remembered: true, gone: true }, `trailer, seen on ${whole}, no longer in the branch`],
    [
      { remembered: true, seenOn: 5 },
      `trailer, seen on [#5](https://github.com/acme/shop/pull/5), [\`c0ffee1\`](https://github.com/acme/shop/pull/5/commits/${small.headSha}), no longer there`,
    ],
    [{ kind: "login", place: onPull }, `[account that opened the pull request](${url})`],
    [{ kind: "branch", place: onPull }, `[name of the head branch](${url})`],
    [{ kind: "body", place: onPull }, `[description](${url})`],
    [{ kind: "trailer", place: onPull }, `[trailer of the pull request](${url})`],
    [
      { kind: "body", place: onPull, remembered: true, seenOn: 5 },
      "[description](https://github.com/acme/shop/pull/5), seen on [#5](https://github.com/acme/shop/pull/5), no longer there",
    ],
    [{ kind: "undeclared", place: onPull }, "policy"],
    [{ kind: "label", place: label }, `[label](${url})`],
    [
      { kind: "label", place: { ...label, by: "june", removedBy: "milo" }, remembered: true, seenOn: 5 },
      "[label](https://github.com/acme/shop/pull/5), put on by `june`, taken off by `milo`, still counts, seen on [#5](https://github.com/acme/shop/pull/5), no longer there",
    ],
  ])("say where the evidence %j is", (change, where) => {
    const lines = words({ evidence: [small.evidence({ ...change, tool: "any", quote: "sign" })] });
    expect(lines.slice(1)).toEqual([
      "### Evidence of AI assistance",
      "| Tool | Sign | Where |",
      "| --- | --- | --- |",
      `| – | \`sign\` | ${where} |`,
    ]);
  });

  test("lead to the pull request the evidence was seen on, whatever numbers are in its address", () => {
    const evidence = [small.evidence({ kind: "body", place: onPull, remembered: true, seenOn: 5 })];
    const lines = words({ evidence, url: "https://github.com/acme2/shop/pull/71" });
    expect(lines.at(-1)).toContain("[description](https://github.com/acme2/shop/pull/5)");
  });

  test.each([
    [["a", "b", "c"], "a, b, c"],
    [["a", "b", "c", "d", "e"], "a, b, c and 2 more"],
  ])("show three parts of a contributor: %j", (parts, shown) => {
    expect(words({ contributors: [small.contributor({ parts })] }).at(-1)).toBe(
      `| \`june\` | \`junior\` | roster | ${shown} |`,
    );
  });

  const rule = {
    policy: "acme",
    name: "Two eyes",
    because: "AI-assisted",
    require: { approvals: 3, level: "senior" },
    countersignedBy: [],
    missing: 3,
    candidates: ["sara", "stan"],
  };
  const overridden = { kind: "overridden", by: { login: "stan", level: "staff" }, reason: "outage" } as const;

  test.each<[Partial<typeof rule>, Partial<Verdict>, string]>([
    [{}, {}, "3, but only `sara` and `stan` can"],
    [{ missing: 2 }, {}, "2 by `sara` or `stan`"],
    [{ candidates: [] }, {}, "3, but nobody can"],
    [{ missing: 0 }, {}, "nothing"],
    [{}, { outcome: overridden }, "nothing: overridden"],
    [{ missing: 0 }, { outcome: overridden }, "nothing"],
  ])("say what a rule that is %j still needs", (change, verdict, needs) => {
    expect(words({ rules: [{ ...rule, ...change }], ...verdict }).at(-1)).toBe(
      `| \`Two eyes\` | AI-assisted | 3 × \`senior\` or above | – | ${needs} |`,
    );
  });

  test("name overrides where one does not count", () => {
    const refused = [{ reviewer: "milo", state: "override", reason: "is mid" }];
    const beside = { reviewer: "june", state: "comment", reason: "only comments" };
    expect(words({ refused: [...refused, beside] })).toContain("### Reviews and overrides that do not count");
    expect(
      words({ refused: [{ ...refused[0], reviewer: "june", state: "comment", reason: "x" }] }),
    ).toContain("### Reviews that do not count");
  });
});

describe("on a terminal", () => {
  const verdict = small.verdict({ outcome: { kind: "objected", by: [{ login: "", level: "senior" }] } });

  test("there are the same sentences without Markdown", () => {
    expect(nextSteps(verdict, onTerminal)).toEqual([
      "This stands until (empty) approves. If somebody else dismisses it, one more approval is needed, from somebody who did not dismiss it.\n",
    ]);
  });

  test("there are the same tables without Markdown", () => {
    const evidence = [small.evidence({ quote: "`sign`" })];
    const refused = [{ reviewer: "milo", state: "approval", reason: "*no*" }];
    expect(tablesOf(small.verdict({ evidence, refused }), onTerminal)).toEqual([
      {
        heading: "Evidence of AI assistance",
        columns: ["Tool", "Sign", "Where"],
        rows: [["claude-code", "`sign`", "trailer of c0ffee1"]],
      },
      { heading: "Contributors", columns: ["Who", "Level", "Level from", "What they did"], rows: [] },
      {
        heading: "Rules that apply",
        columns: ["Rule", "Because", "Asks for", "Countersigned by", "Still needs"],
        rows: [],
      },
      {
        heading: "Reviews that do not count",
        columns: ["By", "Review", "Why"],
        rows: [["milo", "approval", "*no*"]],
      },
    ]);
  });
});
