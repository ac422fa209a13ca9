/** `.github/countersign/policy.yml`: text -> policy; and what only shows when roster and policies meet. */
import { z } from "zod";
import { branchPatternProblem, pathPatternProblem } from "../gate/patterns.ts";
import { defaultPolicy, type Policy, type Rule } from "../gate/policy.ts";
import type { Roster } from "../gate/roster.ts";
import { mapping, quote } from "./describe-issue.ts";
import { levelSchema } from "./roster-file.ts";
import { type FileProblem, type Locate, type Parsed, parseYamlFile } from "./yaml-file.ts";

/** Every key a policy may have, now or in a later version; files whose name says nothing are told by them. */
export const policyKeys: readonly string[] = ["mode", "branches", "ai", "rules", "exempt", "override"];

/** A parsed file beside others: what it says and where its parts stand. `Parsed` of kind "ok" is one. */
export type Located<T> = { readonly value: T; readonly locate: Locate };

/** The policy that holds where no file does, to be checked beside a roster. */
export const builtInPolicy: Located<Policy> = {
  value: defaultPolicy,
  locate: () => ({ line: 1, column: 1 }),
};

/**
 * Reads a policy; keys left out are as in `defaultPolicy`. `origin` says where the text came from, for people.
 * `levels` are the roster's, lowest first; null: no roster could be read, so any level will do.
 */
export function parsePolicy(text: string, origin: string, levels: readonly string[] | null): Parsed<Policy> {
  const parsed = parseYamlFile(
    text,
    () => policySchema(levels),
    () => [],
  );
  if (parsed.kind === "broken") return parsed;
  const { mode, branches, ai, rules, exempt } = parsed.value;
  const policy: Policy = {
    origin,
    mode: mode ?? defaultPolicy.mode,
    branches: branches ?? defaultPolicy.branches,
    ai: {
      ...defaultPolicy.ai,
      labels: ai?.labels ?? defaultPolicy.ai.labels,
      undeclared: ai?.undeclared ?? defaultPolicy.ai.undeclared,
    },
    rules: rules?.map(toRule) ?? defaultPolicy.rules,
    exempt: exempt?.map((entry) => ({ onlyPaths: entry.only_paths })) ?? defaultPolicy.exempt,
    override: defaultPolicy.override,
  };
  return { ...parsed, value: policy };
}

/**
 * What is wrong only with the files together. `problems` belong to the roster: levels of its own that a policy without
 * rules cannot know. `warnings` belong to the policies, one list for each, in their order: rules that nobody on the
 * roster can satisfy. Pass `builtInPolicy` where the defaults hold. A team whose members are not read is taken to have
 * enough of them.
 */
export function checkTogether(
  roster: Located<Roster>,
  policies: readonly Located<Policy>[],
): { readonly problems: readonly FileProblem[]; readonly warnings: readonly (readonly FileProblem[])[] } {
  const levels = roster.value.levels;
  const lost = policies.find(
    ({ value }) =>
      value.rules === defaultPolicy.rules &&
      !defaultPolicy.rules.every((rule) => levels.includes(rule.require.level)),
  );
  const problems = lost === undefined ? [] : [withoutRules(roster, lost.value)];
  return { problems, warnings: policies.map((policy) => unsatisfiable(policy, roster.value)) };
}

function policySchema(levels: readonly string[] | null) {
  const level = levelSchema(levels);
  const when = mapping({
    level_below: level.optional(),
    paths: patterns(pathPatternProblem).min(1).optional(),
    changed_lines_over: wholeNumber(0).optional(),
    labels: z.array(text).min(1).optional(),
    tools: z.array(text).min(1).optional(),
    base: patterns(branchPatternProblem).min(1).optional(),
    provenance: z.enum(["ai", "any"]).optional(),
  });
  const rule = mapping({
    name: text.max(100),
    when: when.default({}),
    require: mapping({ approvals: wholeNumber(1), level }),
  });
  return mapping(
    {
      mode: z.enum(["enforce", "observe"]).optional(),
      branches: patterns(branchPatternProblem).optional(),
      ai: mapping({ labels: z.array(text).optional(), undeclared: z.enum(["human", "ai"]).optional() }, [
        "attestation",
        "notes",
        "markers",
      ]).optional(),
      rules: z.array(rule).optional(),
      exempt: z.array(mapping({ only_paths: patterns(pathPatternProblem).min(1) })).optional(),
    },
    ["override"],
  );
}

const text = z.string().min(1);

function wholeNumber(least: number) {
  const error = `expected a whole number of at least ${least}`;
  return z.int({ error }).min(least, { error });
}

function patterns(problemOf: (pattern: string) => string | null) {
  const pattern = text.superRefine((value, context) => {
    const message = problemOf(value);
    if (message !== null) context.addIssue({ code: "custom", message, input: value });
  });
  return z.array(pattern);
}

type RuleInFile = NonNullable<z.infer<ReturnType<typeof policySchema>>["rules"]>[number];

function toRule({ name, when, require }: RuleInFile): Rule {
  return {
    name,
    when: {
      levelBelow: when.level_below ?? null,
      paths: when.paths ?? null,
      changedLinesOver: when.changed_lines_over ?? null,
      labels: when.labels ?? null,
      tools: when.tools ?? null,
      base: when.base ?? null,
      provenance: when.provenance ?? "ai",
    },
    require,
  };
}

function withoutRules(roster: Located<Roster>, policy: Policy): FileProblem {
  const needed = quote(defaultPolicy.rules[0]?.require.level ?? "");
  const levels = roster.value.levels.join(", ");
  return {
    path: "levels",
    ...roster.locate(["levels"]),
    message:
      `no level ${needed} in ${levels}, and ${policy.origin} has no rules of its own, so the built-in rule asks for a ` +
      `level that does not exist; write a policy.yml with rules that name these levels, or add ${needed}`,
  };
}

function unsatisfiable({ value, locate }: Located<Policy>, roster: Roster): FileProblem[] {
  // The built-in rule stands nowhere in the file.
  const builtIn = value.rules === defaultPolicy.rules;
  return value.rules.flatMap(({ name, require }, at) => {
    // A level that is not on the ladder is a problem of its own.
    if (!roster.levels.includes(require.level)) return [];
    const able = atLeast(require.level, roster);
    if (able >= require.approvals) return [];
    const message =
      `nobody can satisfy the rule ${quote(name)}: it asks for ${require.approvals} of level ${require.level} or above, ` +
      `and the roster has ${able}; pull requests it matches will wait`;
    const place = locate(builtIn ? [] : ["rules", at, "require"]);
    return [{ path: builtIn ? "" : `rules[${at}].require`, ...place, message }];
  });
}

/** How many people of the roster have that level or a higher one. */
function atLeast(level: string, roster: Roster): number {
  const rank = (name: string) => roster.levels.indexOf(name);
  const reaches = (entry: { readonly level: string }) => rank(entry.level) >= rank(level);
  // An entry under people wins over teams, also when it is the lower one.
  const listed = new Set(roster.people.map(({ login }) => login.toLowerCase()));
  const able = new Set(roster.people.filter(reaches).map(({ login }) => login.toLowerCase()));
  for (const { members } of roster.teams.filter(reaches)) {
    if (members.kind !== "read") return Number.POSITIVE_INFINITY;
    for (const { login, kind } of members.value) {
      if (kind === "User" && !listed.has(login.toLowerCase())) able.add(login.toLowerCase());
    }
  }
  return able.size;
}
