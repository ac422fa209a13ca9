import { describe, expect, test } from "vitest";
import { parsePolicy } from "../../src/config/policy-file.ts";
import { defaultLevels } from "../../src/config/roster-file.ts";
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
  attestation: { human: "Written without AI assistance", ai: "AI assistance was used" }
  notes: true
  markers:
    - { tool: acme-coder, trailer: Written-With, value: "acme-coder*" }
    - { tool: acme-coder, trailer: Acme-Session }
    - { tool: acme.coder-2, login: "acme-coder[bot]" }
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
override: { level: staff }
deployments: { environments: [production, "prod-*"], first: trust, on_uncleared: reject }
`;
    expect(goodPolicy(text).value).toEqual({
      origin: "acme/.github",
      mode: "observe",
      branches: ["~DEFAULT_BRANCH", "release/*"],
      ai: {
        labels: ["robot"],
        undeclared: "ai",
        attestation: { human: "Written without AI assistance", ai: "AI assistance was used" },
        notes: true,
        markers: [
          { tool: "acme-coder", kind: "trailer", trailer: "Written-With", value: "acme-coder*" },
          { tool: "acme-coder", kind: "trailer", trailer: "Acme-Session", value: null },
          { tool: "acme.coder-2", kind: "login", login: "acme-coder[bot]" },
        ],
      },
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
      override: { level: "staff" },
      deployments: { environments: ["production", "prod-*"], first: "trust", onUncleared: "reject" },
    });
  });

  test.each([
    ["mode", "mode: observe", { mode: "observe" }],
    ["branches", "branches: [~ALL]", { branches: ["~ALL"] }],
    ["ai.labels", "ai: { labels: [x] }", { ai: { ...defaultPolicy.ai, labels: ["x"] } }],
    ["ai.undeclared", "ai: { undeclared: ai }", { ai: { ...defaultPolicy.ai, undeclared: "ai" } }],
    [
      "ai.attestation",
      "ai: { attestation: { human: By hand, ai: By tool } }",
      { ai: { ...defaultPolicy.ai, attestation: { human: "By hand", ai: "By tool" } } },
    ],
    ["ai.notes", "ai: { notes: true }", { ai: { ...defaultPolicy.ai, notes: true } }],
    [
      "ai.markers",
      "ai: { markers: [{ tool: t, login: t-bot }] }",
      { ai: { ...defaultPolicy.ai, markers: [{ tool: "t", kind: "login", login: "t-bot" }] } },
    ],
    ["override", "override: { level: mid }", { override: { level: "mid" } }],
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

describe("an attestation, a marker or an override is broken by", () => {
  const markers = (...list: string[]) => `ai:\n  markers:\n${list.map((one) => `    - ${one}\n`).join("")}`;
  test.each([
    [
      "one line of the two missing",
      "ai: { attestation: { human: By hand } }",
      ['policy.yml:1:20: ai.attestation: the key "ai" is missing; expected text'],
    ],
    [
      "two lines that are the same but for case and spaces",
      "ai: { attestation: { human: By hand, ai: by  hand } }",
      [
        'policy.yml:1:42: ai.attestation.ai: the same text as under "human", case does not count; write two lines that can be told apart',
      ],
    ],
    [
      "lines that no pull request could have",
      `ai:\n  attestation:\n    human: ""\n    ai: "two\\nlines"\n`,
      [
        'policy.yml:3:12: ai.attestation.human: expected text on one line, without spaces around it, got ""',
        'policy.yml:4:9: ai.attestation.ai: expected text on one line, without spaces around it, got "two\\nlines"',
      ],
    ],
    [
      "the box of a line and a line too long",
      `ai:\n  attestation:\n    human: "- [ ] By hand"\n    ai: ${"a".repeat(201)}\n`,
      [
        'policy.yml:3:12: ai.attestation.human: write the text of the line alone, without "- [ ]" before it',
        `policy.yml:4:9: ai.attestation.ai: expected at most 200 characters, got "${"a".repeat(59)}…"`,
      ],
    ],
    [
      "notes in words",
      "ai: { notes: please }",
      ['policy.yml:1:14: ai.notes: expected true or false, got "please"'],
    ],
    [
      "a marker of neither kind",
      markers("tool: t"),
      ["policy.yml:3:7: ai.markers[0]: expected trailer or login beside tool, such as trailer: Written-With"],
    ],
    [
      "a marker of both kinds, whatever else is wrong with it",
      markers("{ tool: T, trailer: Made-With, login: t }"),
      [
        'policy.yml:3:15: ai.markers[0].tool: expected a short name of lower-case letters, digits, dots and hyphens, such as acme-coder, got "T"',
        "policy.yml:3:45: ai.markers[0].login: expected either trailer or login; write a marker for each",
      ],
    ],
    [
      "a value without its trailer",
      markers("{ tool: t, value: x }", "{ tool: t, login: t, value: x }"),
      [
        "policy.yml:3:25: ai.markers[0].value: this is what a trailer says, and there is none here; add its key as trailer, or remove it",
        "policy.yml:4:35: ai.markers[1].value: this is what a trailer says, and there is none here; add its key as trailer, or remove it",
      ],
    ],
    [
      "a trailer, a value and logins that could never match",
      markers(
        '{ tool: t, trailer: "Made-With:" }',
        '{ tool: t, trailer: Made-With, value: " x" }',
        '{ tool: t, login: "@t" }',
        '{ tool: t, login: "t-*" }',
      ),
      [
        'policy.yml:3:27: ai.markers[0].trailer: expected the key of a trailer without its colon, letters, digits and hyphens, such as Written-With, got "Made-With:"',
        'policy.yml:4:45: ai.markers[1].value: expected text on one line, without spaces around it, got " x"',
        'policy.yml:5:25: ai.markers[2].login: expected the login of one account, without "@" or "*", such as acme-coder[bot], got "@t"',
        'policy.yml:6:25: ai.markers[3].login: expected the login of one account, without "@" or "*", such as acme-coder[bot], got "t-*"',
      ],
    ],
    [
      "a marker that is none",
      markers("acme-coder"),
      ['policy.yml:3:7: ai.markers[0]: expected keys with values, got "acme-coder"'],
    ],
    [
      "more markers than are read",
      `ai: { markers: [${"{ tool: t, login: t },".repeat(101)}] }`,
      ["policy.yml:1:16: ai.markers: expected at most 100 entries, got a list"],
    ],
    [
      "an override for a level that does not exist",
      "override: { level: stuff }",
      [
        'policy.yml:1:20: override.level: level "stuff" does not exist; did you mean "staff"? the levels are junior, mid, senior, staff, principal',
      ],
    ],
    [
      "an override without a level",
      "override: {}",
      ['policy.yml:1:11: override: the key "level" is missing; expected a level'],
    ],
  ])("%s", (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });
});

test("the key of a marker's trailer has at most a hundred characters", () => {
  const marker = (trailer: string) => `ai: { markers: [{ tool: t, trailer: ${trailer} }] }`;
  expect(problemsOf(marker("a".repeat(100)))).toEqual([]);
  expect(problemsOf(marker("a".repeat(101)))).toHaveLength(1);
});

describe("a rule about tools", () => {
  const warningsOf = (tools: string, ai = "ai: {}") =>
    goodPolicy(
      `${ai}\nrules:\n  - name: a\n    when: { tools: ${tools} }\n    require: { approvals: 1, level: mid }\n`,
    ).warnings.map((warning) => formatProblem("policy.yml", warning));

  test("warns of a name that neither the catalogue nor a marker has", () => {
    expect(warningsOf("[copilot, claud-code, hammer]")).toEqual([
      'policy.yml:4:30: rules[0].when.tools[1]: neither the catalogue nor ai.markers has a tool "claud-code", so no change is made with it; did you mean "claude-code"?',
      'policy.yml:4:42: rules[0].when.tools[2]: neither the catalogue nor ai.markers has a tool "hammer", so no change is made with it; add its marker or correct the name',
    ]);
  });

  test("may name a tool of the policy's own markers, and one that its sign does not name", () => {
    expect(warningsOf("[hammer, any]", "ai: { markers: [{ tool: hammer, login: hammer-bot }] }")).toEqual([]);
  });

  test("warns of automation, which is in the catalogue and never evidence", () => {
    expect(warningsOf("[automation]")).toHaveLength(1);
  });
});
