import { describe, expect, test } from "vitest";
import { builtInPolicy, checkTogether, parsePolicy } from "../../src/config/policy-file.ts";
import { defaultLevels, parseRoster } from "../../src/config/roster-file.ts";
import { formatProblem } from "../../src/config/yaml-file.ts";

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

  test("warn of an override that nobody can use", () => {
    const policy = goodPolicy("rules: []\noverride: { level: staff }");
    const warnings = (people: string) =>
      checkTogether(goodRoster(people), [policy])
        .warnings.flat()
        .map((warning) => formatProblem("policy.yml", warning));
    expect(warnings("people: { ada: senior }")).toEqual([
      "policy.yml:2:20: override.level: nobody can override: the roster has nobody of level staff or above; name a lower level, or remove override",
    ]);
    expect(warnings("people: { ada: principal }")).toEqual([]);
    expect(warnings("teams: { acme/staff: staff }")).toEqual([]);
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
