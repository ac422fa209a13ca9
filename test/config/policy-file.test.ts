import { describe, expect, test } from "vitest";
import { builtInPolicy, checkTogether, parsePolicy } from "../../src/config/policy-file.ts";
import { defaultLevels, parseRoster } from "../../src/config/roster-file.ts";
import { formatProblem } from "../../src/config/yaml-file.ts";
import { defaultPolicy } from "../../src/gate/policy.ts";

function problemsOf(text: string, levels: readonly string[] | null = defaultLevels): string[] {
  const parsed = parsePolicy(text, "acme/.github", levels);
  return parsed.kind === "ok" ? [] : parsed.problems.map((problem) => formatProblem("policy.yml", problem));
}

function goodPolicy(text: string, levels: readonly string[] | null = defaultLevels) {
  const parsed = parsePolicy(text, "acme/.github", levels);
  if (parsed.kind === "broken") throw new Error(JSON.stringify(parsed.problems));
  return parsed;
}

function goodRoster(text: string) {
  const parsed = parseRoster(text, "acme/.github");
  if (parsed.kind === "broken") throw new Error(JSON.stringify(parsed.problems));
  return parsed;
}

const always = {
  levelBelow: null,
  paths: null,
  changedLinesOver: null,
  labels: null,
  tools: null,
  base: null,
  provenance: "ai",
};

describe("a policy", () => {
  test("with every key is read as written", () => {
    const text = `
mode: observe
branches: [~DEFAULT_BRANCH, "release/*"]
ai:
  labels: [robot]
  undeclared: ai
rules:
  - name: Senior sign-off
    when: { level_below: senior }
    require: { approvals: 1, level: senior }
  - name: Everything
    when:
      paths: ["infra/**", "**/*.tf"]
      changed_lines_over: 400
      labels: [risky]
      tools: [copilot]
      base: [main]
      provenance: any
    require: { approvals: 2, level: staff }
  - name: Always
    require: { approvals: 1, level: mid }
exempt:
  - { only_paths: ["docs/**", "**/*.md"] }
`;
    expect(goodPolicy(text).value).toEqual({
      origin: "acme/.github",
      mode: "observe",
      branches: ["~DEFAULT_BRANCH", "release/*"],
      ai: { labels: ["robot"], undeclared: "ai" },
      rules: [
        {
          name: "Senior sign-off",
          when: { ...always, levelBelow: "senior" },
          require: { approvals: 1, level: "senior" },
        },
        {
          name: "Everything",
          when: {
            levelBelow: null,
            paths: ["infra/**", "**/*.tf"],
            changedLinesOver: 400,
            labels: ["risky"],
            tools: ["copilot"],
            base: ["main"],
            provenance: "any",
          },
          require: { approvals: 2, level: "staff" },
        },
        { name: "Always", when: always, require: { approvals: 1, level: "mid" } },
      ],
      exempt: [{ onlyPaths: ["docs/**", "**/*.md"] }],
    });
  });

  test.each([
    ["mode", "mode: observe", { mode: "observe" }],
    ["branches", "branches: [~ALL]", { branches: ["~ALL"] }],
    ["ai.labels", "ai: { labels: [x] }", { ai: { labels: ["x"], undeclared: "human" } }],
    [
      "ai.undeclared",
      "ai: { undeclared: ai }",
      { ai: { labels: ["ai-assisted", "ai-generated"], undeclared: "ai" } },
    ],
    ["no rules", "rules: []", { rules: [] }],
    ["exempt", "exempt: [{ only_paths: [a] }]", { exempt: [{ onlyPaths: ["a"] }] }],
  ])("that only says %s has the default of every other key", (_, text, said) => {
    expect(goodPolicy(text).value).toEqual({ ...defaultPolicy, origin: "acme/.github", ...said });
  });

  test("may name any level while the roster's are not known", () => {
    expect(problemsOf("rules: [{ name: a, require: { approvals: 1, level: boss } }]", null)).toEqual([]);
  });
});

test("all problems of a policy come at once, in the order of the file", () => {
  const text = `mode: enfore
branches: main
ai: { labels: [3], undeclared: x }
rules:
  - name: ""
    when: { level_below: seniour, paths: ["/a"], changed_lines_over: -1, labels: [], path: [] }
    require: { aprovals: two, level: boss }
  - when:
    require: { approvals: 1.5, level: senior }
  - name: No requirement
  - x
exempt: { only_paths: [a] }
`;
  const levels = "the levels are junior, mid, senior, staff, principal";
  expect(problemsOf(text)).toEqual([
    'policy.yml:1:7: mode: expected enforce or observe, got "enfore"',
    'policy.yml:2:11: branches: expected a list, got "main"',
    "policy.yml:3:16: ai.labels[0]: expected text, got the number 3; write it in quotes",
    'policy.yml:3:32: ai.undeclared: expected human or ai, got "x"',
    'policy.yml:5:11: rules[0].name: expected text that is not empty, got ""',
    `policy.yml:6:26: rules[0].when.level_below: level "seniour" does not exist; did you mean "senior"? ${levels}`,
    `policy.yml:6:43: rules[0].when.paths[0]: "/a": paths begin at the repository's root without "/"; write "a"`,
    "policy.yml:6:70: rules[0].when.changed_lines_over: expected a whole number of at least 0, got -1",
    "policy.yml:6:82: rules[0].when.labels: expected at least one entry, got an empty list",
    'policy.yml:6:86: rules[0].when.path: unknown key "path"; did you mean "paths"? the keys here are level_below, paths, changed_lines_over, labels, tools, base, provenance',
    'policy.yml:7:14: rules[0].require: the key "approvals" is missing; expected a whole number of at least 1',
    'policy.yml:7:16: rules[0].require.aprovals: unknown key "aprovals"; did you mean "approvals"? the keys here are approvals, level',
    `policy.yml:7:38: rules[0].require.level: level "boss" does not exist; ${levels}`,
    'policy.yml:8:5: rules[1]: the key "name" is missing; expected text',
    "policy.yml:8:10: rules[1].when: expected keys with values, got nothing; fill it in or remove the key",
    "policy.yml:9:27: rules[1].require.approvals: expected a whole number of at least 1, got 1.5",
    'policy.yml:10:5: rules[2]: the key "require" is missing; expected keys with values',
    'policy.yml:11:5: rules[3]: expected keys with values, got "x"',
    "policy.yml:12:9: exempt: expected a list, got keys with values",
  ]);
});

describe("a policy is broken by", () => {
  test.each([
    [
      "a key of a later version",
      "override: { level: staff }",
      'policy.yml:1:1: override: this version does not know the key "override" yet; remove it',
    ],
    [
      "attestation, which is for a later version",
      "ai: { attestation: {} }",
      'policy.yml:1:7: ai.attestation: this version does not know the key "attestation" yet; remove it',
    ],
    [
      "notes, which are for a later version",
      "ai: { notes: true }",
      'policy.yml:1:7: ai.notes: this version does not know the key "notes" yet; remove it',
    ],
    [
      "markers, which are for a later version",
      "ai: { markers: [] }",
      'policy.yml:1:7: ai.markers: this version does not know the key "markers" yet; remove it',
    ],
    [
      "no approvals asked for",
      "rules: [{ name: a, require: { approvals: 0, level: mid } }]",
      "policy.yml:1:42: rules[0].require.approvals: expected a whole number of at least 1, got 0",
    ],
    [
      "approvals in words",
      "rules: [{ name: a, require: { approvals: two, level: mid } }]",
      'policy.yml:1:42: rules[0].require.approvals: expected a whole number of at least 1, got "two"',
    ],
    [
      "more approvals than can be counted",
      "rules: [{ name: a, require: { approvals: 1e30, level: mid } }]",
      "policy.yml:1:42: rules[0].require.approvals: expected a whole number of at least 1, got 1e+30",
    ],
    [
      "a pattern that means something else elsewhere",
      'exempt: [{ only_paths: ["*.{md,txt}"] }]',
      'policy.yml:1:25: exempt[0].only_paths[0]: "*.{md,txt}": "{" has no meaning in patterns; list the alternatives as patterns of their own, or write "?" where a file name really has this character',
    ],
    [
      "an exemption for nothing",
      "exempt: [{ only_paths: [] }]",
      "policy.yml:1:24: exempt[0].only_paths: expected at least one entry, got an empty list",
    ],
    [
      "a branch that is none",
      "branches: [~MAIN]",
      'policy.yml:1:12: branches[0]: "~MAIN" is not known; write ~DEFAULT_BRANCH, ~ALL, or a branch such as main or release/*',
    ],
    [
      "a base that is none",
      "rules: [{ name: a, when: { base: [refs/tags/v1] }, require: { approvals: 1, level: mid } }]",
      `policy.yml:1:35: rules[0].when.base[0]: "refs/tags/v1" is not a branch; write the branch's name, such as main or release/*`,
    ],
  ])("%s", (_, text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });
});

describe("a roster and its policies together", () => {
  const oneStaff = `rules:\n  - name: Two staff\n    require: { approvals: 2, level: staff }\n`;
  const twoWanted = (has: number) => [
    `policy.yml:3:14: rules[0].require: nobody can satisfy the rule "Two staff": it asks for 2 of level staff or above, and the roster has ${has}; pull requests it matches will wait`,
  ];
  function warningsOf(roster: ReturnType<typeof goodRoster>): string[] {
    const { warnings } = checkTogether(roster, [goodPolicy(oneStaff)]);
    return warnings.flat().map((warning) => formatProblem("policy.yml", warning));
  }

  test("warn of a rule that nobody can satisfy", () => {
    expect(warningsOf(goodRoster("people: { ada: principal, bob: senior }"))).toEqual(twoWanted(1));
  });

  test("count who is away, because they may still approve", () => {
    expect(
      warningsOf(
        goodRoster(
          "people: { ada: principal, bob: { level: staff, away: { from: 2026-01-01, until: 2026-12-31 } } }",
        ),
      ),
    ).toEqual([]);
  });

  test("do not warn while the members of a team that could be enough are not read", () => {
    expect(warningsOf(goodRoster("teams: { acme/staff: staff }"))).toEqual([]);
    expect(warningsOf(goodRoster("teams: { acme/seniors: senior }"))).toEqual(twoWanted(0));
  });

  test("count the human members of teams once, and not those the roster lists lower", () => {
    const roster = goodRoster("people: { eve: mid }\nteams: { acme/staff: staff, acme/top: principal }");
    const members = ["ada", "Ada", "eve"].map((login) => ({ login, id: 1, kind: "User" as const }));
    const read = [...members, { login: "tool[bot]", id: 2, kind: "Bot" as const }];
    const teams = roster.value.teams.map((team) => ({
      ...team,
      members: { kind: "read" as const, value: read },
    }));
    expect(warningsOf({ ...roster, value: { ...roster.value, teams } })).toEqual(twoWanted(1));
  });

  test("keep the warnings of each policy apart, in their order", () => {
    const roster = goodRoster("people: { ada: senior }");
    const { warnings } = checkTogether(roster, [
      builtInPolicy,
      goodPolicy(oneStaff),
      goodPolicy("rules: []"),
    ]);
    expect(warnings.map((list) => list.length)).toEqual([0, 1, 0]);
  });

  test("warn of the built-in rule at the top of the file that leaves it in place", () => {
    const { warnings } = checkTogether(goodRoster("people: { ada: mid }"), [goodPolicy("mode: observe")]);
    expect(warnings.flat().map((warning) => formatProblem("policy.yml", warning))).toEqual([
      'policy.yml:1:1: nobody can satisfy the rule "Senior sign-off": it asks for 1 of level senior or above, and the roster has 0; pull requests it matches will wait',
    ]);
  });

  test("are broken when the roster has no senior and a policy has no rules of its own", () => {
    const roster = goodRoster("people: { ada: L2 }\nlevels: [L1, L2]\n");
    const problem = (origin: string) =>
      `roster.yml:2:9: levels: no level "senior" in L1, L2, and ${origin} has no rules of its own, so the built-in rule asks for a level that does not exist; write a policy.yml with rules that name these levels, or add "senior"`;
    const problemsWith = (policies: Parameters<typeof checkTogether>[1]) =>
      checkTogether(roster, policies).problems.map((found) => formatProblem("roster.yml", found));
    const withRules = goodPolicy("rules: [{ name: a, require: { approvals: 1, level: L2 } }]", ["L1", "L2"]);
    expect(problemsWith([builtInPolicy])).toEqual([problem("built-in defaults")]);
    expect(problemsWith([withRules, goodPolicy("mode: observe", ["L1", "L2"])])).toEqual([
      problem("acme/.github"),
    ]);
    expect(problemsWith([withRules])).toEqual([]);
    expect(checkTogether(goodRoster("people: { ada: senior }"), [builtInPolicy]).problems).toEqual([]);
  });
});
