import type { Account } from "./accounts.ts";
import type { Facts } from "./facts.ts";
import { defaultPolicy, type Policy, type Rule } from "./policy.ts";
import { findPerson, rank, type Roster, standing } from "./roster.ts";
import type { Config, Problem } from "./verdict.ts";

/** The name of the built-in rule, and the origin it is shown with. */
export const guardName = "The rules guard themselves";
const guardOrigin = "Countersign itself";

/**
 * The policy that holds for a pull request which changes a roster or policy file in force, whatever its provenance and whatever
 * the files say: one approval at the highest level that any rule or override in force names. Null when it changes none, or no
 * roster is in force.
 */
export function guardPolicy(facts: Facts, roster: Roster | null, policies: readonly Policy[]): Policy | null {
  if (roster === null || facts.configChanges.length === 0) return null;
  return {
    ...defaultPolicy,
    // Which labels declare AI assistance is for the other policies to say.
    ai: { ...defaultPolicy.ai, labels: [] },
    origin: guardOrigin,
    mode: "enforce",
    branches: ["~ALL"],
    rules: [guardRule(highestLevelNamed(policies, roster))],
  };
}

/** The highest level that any rule or override in force names. */
export function highestLevelNamed(policies: readonly Policy[], roster: Roster): string {
  const inForce = policies.length === 0 ? [defaultPolicy] : policies;
  const named = inForce.flatMap((policy) => levelsNamed(policy, roster));
  return named.reduce(
    (high, level) => (rank(roster, level) > rank(roster, high) ? level : high),
    named[0] ?? "",
  );
}

/** A policy that names no level asks for the top of the ladder: one more policy that names some could loosen it otherwise. */
function levelsNamed({ rules, override }: Policy, roster: Roster): string[] {
  const named = [...rules.map((rule) => rule.require.level), ...(override === null ? [] : [override.level])];
  return named.length === 0 ? roster.levels.slice(-1) : named;
}

function guardRule(level: string): Rule {
  const when = { ...noCondition, provenance: "any" as const };
  return { name: guardName, when, require: { approvals: 1, level } };
}

const noCondition = {
  levelBelow: null,
  paths: null,
  changedLinesOver: null,
  labels: null,
  tools: null,
  base: null,
};

/** Whether a policy is the built-in one. */
export function isGuard({ origin }: Policy): boolean {
  return origin === guardOrigin;
}

/** Which roster or policy files the pull request changes, in the words of a rule's reason. */
export function whyGuarded(facts: Facts): string {
  return `changes ${facts.configChanges.map(({ name }) => name).join(", ")}`;
}

/**
 * What keeps a changed roster or policy from landing, whoever approves it: it would not parse, or could not be read; or the
 * roster in force is broken, so that nobody can tell who could approve it.
 */
export function configProblems(facts: Facts, config: Config): Problem[] {
  const broken: Problem[] =
    facts.configChanges.length > 0 && config.roster.kind === "unreadable"
      ? [{ what: config.roster.why, repair: repairPastCheck }]
      : [];
  return [...broken, ...proposalProblems(facts)];
}

const repairPastCheck =
  "Somebody who may bypass this check has to repair the roster on the default branch: until then nobody can countersign a change of it.";

/** What to do about a file that would be broken, or could not be read: it is no text file then, or too large. */
export const repairHere = "Repair the file in this pull request.";

/** In the check run about the files, too. */
export const wouldBeBroken = "would be broken by this pull request";

function proposalProblems(facts: Facts): Problem[] {
  return facts.configChanges.flatMap(({ name, proposal }): Problem[] => {
    if (proposal.kind === "broken") {
      return [{ what: `${name} ${wouldBeBroken}: ${proposal.problems.join("; ")}.`, repair: repairHere }];
    }
    if (proposal.kind !== "unreadable") return [];
    const why = proposal.why.replace(/\.$/u, "");
    return [
      { what: `What this pull request makes of ${name} could not be read: ${why}.`, repair: repairHere },
    ];
  });
}

/** Nobody countersigns a change that gives themselves a higher level. What teams will hold cannot be known, so it counts as raised. */
export function raisesLevelOf(account: Account, facts: Facts, roster: Roster): boolean {
  return facts.configChanges.some(({ proposal }) => {
    if (proposal.kind !== "roster") return false;
    const proposed = withKnownTeams(proposal.roster, roster);
    const byTeam = findPerson(proposed, account) === undefined;
    if (byTeam && proposed.teams.some((team) => team.members.kind !== "read")) return true;
    const [before, after] = [standing(roster, account), standing(proposed, account)];
    if (after.kind === "not-listed") return false;
    return before.kind === "not-listed" || isAbove([proposed, after.level], [roster, before.level]);
  });
}

type Rung = readonly [ladder: Roster, level: string];

/**
 * Whether a rung of the proposed ladder is above one of the present ladder: it reaches a level of both that the other does not,
 * or stands higher on the proposed ladder. Rungs of ladders without a name in common are compared by their distance from the top.
 */
function isAbove([proposed, after]: Rung, [present, before]: Rung): boolean {
  const common = present.levels.filter((level) => proposed.levels.includes(level));
  if (common.length === 0) return fromTop(proposed, after) < fromTop(present, before);
  const gains = common.some(
    (level) => rank(proposed, after) >= rank(proposed, level) && rank(present, before) < rank(present, level),
  );
  return gains || (common.includes(before) && rank(proposed, after) > rank(proposed, before));
}

function fromTop(roster: Roster, level: string): number {
  return roster.levels.length - 1 - rank(roster, level);
}

function withKnownTeams(proposed: Roster, roster: Roster): Roster {
  const known = new Map(roster.teams.map((team) => [team.name.toLowerCase(), team.members]));
  const teams = proposed.teams.map((team) => ({
    ...team,
    members: known.get(team.name.toLowerCase()) ?? team.members,
  }));
  return { ...proposed, teams };
}
