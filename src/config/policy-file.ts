/** `.github/countersign/policy.yml`: text -> policy; and what only shows when roster and policies meet. */
import type { z } from "zod";
import { toolSlugs } from "../gate/catalogue.ts";
import { defaultPolicy, type Marker, type Policy, type Rule } from "../gate/policy.ts";
import type { Roster } from "../gate/roster.ts";
import { didYouMean, quote } from "./describe-issue.ts";
import { policySchema } from "./policy-schema.ts";
import { type FileProblem, type Locate, type Parsed, parseYamlFile } from "./yaml-file.ts";

/** Every key a policy may have; files whose name says nothing are told by them. */
export const policyKeys: readonly string[] = Object.keys(policySchema(null).shape);

/** A parsed file beside others: what it says and where its parts stand. `Parsed` of kind "ok" is one. */
export type Located<T> = { readonly value: T; readonly locate: Locate };

/** The policy that holds where no file does, to be checked beside a roster. */
export const builtInPolicy: Located<Policy> = {
  value: defaultPolicy,
  locate: () => ({ line: 1, column: 1 }),
};

/**
 * Reads a policy; keys left out are as in `defaultPolicy`. `origin` says where the text came from, for people.
 * `levels` are the roster's, lowest first; null: no roster could be read, so any level will do. Warns of tools nobody knows.
 */
export function parsePolicy(text: string, origin: string, levels: readonly string[] | null): Parsed<Policy> {
  const parsed = parseYamlFile(text, () => policySchema(levels));
  if (parsed.kind === "broken") return parsed;
  const { mode, branches, ai, rules, exempt, override, deployments } = parsed.value;
  const policy: Policy = {
    origin,
    mode: mode ?? defaultPolicy.mode,
    branches: branches ?? defaultPolicy.branches,
    ai: {
      labels: ai?.labels ?? defaultPolicy.ai.labels,
      undeclared: ai?.undeclared ?? defaultPolicy.ai.undeclared,
      attestation: ai?.attestation ?? defaultPolicy.ai.attestation,
      notes: ai?.notes ?? defaultPolicy.ai.notes,
      markers: ai?.markers?.map(toMarker) ?? defaultPolicy.ai.markers,
    },
    rules: rules?.map(toRule) ?? defaultPolicy.rules,
    exempt: exempt?.map((entry) => ({ onlyPaths: entry.only_paths })) ?? defaultPolicy.exempt,
    override: override ?? defaultPolicy.override,
    deployments: {
      environments: deployments?.environments ?? defaultPolicy.deployments.environments,
      first: deployments?.first ?? defaultPolicy.deployments.first,
      onUncleared: deployments?.on_uncleared ?? defaultPolicy.deployments.onUncleared,
    },
  };
  return { ...parsed, value: policy, warnings: unknownTools(policy, parsed.locate) };
}

/**
 * What is wrong only with the files together. `problems` belong to the roster: levels of its own that a policy without
 * rules cannot know. `warnings` belong to the policies, one list for each, in their order: rules that nobody on the
 * roster can satisfy, and an override that nobody can use. Pass `builtInPolicy` where the defaults hold. A team whose
 * members are not read is taken to have enough of them.
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
  return {
    problems,
    warnings: policies.map((policy) => [
      ...unsatisfiable(policy, roster.value),
      ...unusableOverride(policy, roster.value),
    ]),
  };
}

type PolicyInFile = z.infer<ReturnType<typeof policySchema>>;
type RuleInFile = NonNullable<PolicyInFile["rules"]>[number];
type MarkerInFile = NonNullable<NonNullable<PolicyInFile["ai"]>["markers"]>[number];

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

function toMarker({ tool, trailer, value, login }: MarkerInFile): Marker {
  if (login !== undefined) return { tool, kind: "login", login };
  // The schema lets no marker through that has neither.
  return { tool, kind: "trailer", trailer: trailer ?? "", value: value ?? null };
}

/** A slip in a tool's name makes a rule that never matches, and nothing else would show it. */
function unknownTools(policy: Policy, locate: Locate): FileProblem[] {
  const known = new Set([...toolSlugs, ...policy.ai.markers.map(({ tool }) => tool)]);
  return policy.rules.flatMap(({ when }, rule) =>
    (when.tools ?? []).flatMap((tool, at) => {
      if (known.has(tool)) return [];
      const hint = didYouMean(tool, [...known]) || "; add its marker or correct the name";
      const message = `neither the catalogue nor ai.markers has a tool ${quote(tool)}, so no change is made with it${hint}`;
      const place = locate(["rules", rule, "when", "tools", at]);
      return [{ path: `rules[${rule}].when.tools[${at}]`, ...place, message }];
    }),
  );
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

function unusableOverride({ value, locate }: Located<Policy>, roster: Roster): FileProblem[] {
  const level = value.override?.level;
  // A level that is not on the ladder is a problem of its own.
  if (level === undefined || !roster.levels.includes(level) || atLeast(level, roster) > 0) return [];
  const message = `nobody can override: the roster has nobody of level ${level} or above; name a lower level, or remove override`;
  return [{ path: "override.level", ...locate(["override", "level"]), message }];
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
