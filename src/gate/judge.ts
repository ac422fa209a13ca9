import { type Approval, atLevel, type Objection, type Reviews, weighReviews } from "./approvals.ts";
import { assistanceIn } from "./assistance.ts";
import { candidates, type Electorate, loginsWithout, waysOut } from "./candidates.ts";
import { clearedFor, nothingIsNew } from "./cleared.ts";
import { changeLevel, contributors } from "./contributors.ts";
import { detectNotes } from "./detect.ts";
import type { Evidence } from "./evidence.ts";
import type { Facts } from "./facts.ts";
import { configProblems, guardName, guardPolicy, isGuard, raisesLevelOf, whyGuarded } from "./guard.ts";
import { missingFacts } from "./missing.ts";
import { overrideOf } from "./override.ts";
import { matchesBranch } from "./patterns.ts";
import { defaultPolicy, type Policy, type Rule } from "./policy.ts";
import { isSame, rank, type Roster } from "./roster.ts";
import { exemption, whyRuleApplies } from "./rules.ts";
import { strictest } from "./strictest.ts";
import type { Config, Outcome, Problem, RefusedReview, RuleResult, Verdict } from "./verdict.ts";

/**
 * Judges one pull request at one head SHA: each policy by itself, with its own mode and branches, and the strictest result.
 * @param facts everything read about the pull request; complete or saying what could not be read.
 * @param config the roster and the policies in force.
 * @returns the verdict, or null when no policy gates the base branch: such a pull request gets no check run at all, so
 *   that no green SHA can be carried from there to a branch that is gated.
 */
export function judge(facts: Facts, config: Config): Verdict | null {
  const policies = policiesOf(config);
  const verdicts = policies
    .filter((policy) => policy.kind === "broken" || gates(policy.value, facts))
    .map((policy) =>
      policy.kind === "broken"
        ? undecidable(facts, config, [policy.problem])
        : judgeBy(policy.value, facts, config),
    );
  const roster = config.roster.kind === "read" ? config.roster.value : null;
  const readable = policies.flatMap((policy) => (policy.kind === "policy" ? [policy.value] : []));
  const problems = config.roster.kind === "absent" ? [] : configProblems(facts, config);
  const guard = guardPolicy(facts, roster, readable);
  if (problems.length > 0) verdicts.push(undecidable(facts, config, problems));
  else if (guard !== null) verdicts.push(judgeBy(guard, facts, config));
  return verdicts.length === 0 ? null : strictest(verdicts);
}

/** The origins of the policies that gate the base branch, or that of the stack, in enforce mode. */
export function enforcedBy(facts: Facts, config: Config): string[] {
  return policiesOf(config).flatMap((policy) => {
    const enforced = policy.kind === "policy" && policy.value.mode === "enforce";
    return enforced && gates(policy.value, facts) ? [policy.value.origin] : [];
  });
}

type InForce = { kind: "policy"; value: Policy } | { kind: "broken"; problem: Problem };

function policiesOf(config: Config): InForce[] {
  const inForce = config.policies.flatMap((policy): InForce[] => {
    if (policy.kind === "read") return [{ kind: "policy", value: policy.value }];
    if (policy.kind === "absent") return [];
    return [
      {
        kind: "broken",
        problem: { what: policy.why, repair: "Repair the policy file on the default branch." },
      },
    ];
  });
  return inForce.length === 0 ? [{ kind: "policy", value: defaultPolicy }] : inForce;
}

/** Whether a policy gates the base branch, or that of the stack the pull request is in. What cannot be read about branch protection is taken for a requirement. */
function gates(policy: Policy, facts: Facts): boolean {
  const bases = facts.stackBase === null ? [facts.base] : [facts.base, facts.stackBase];
  const named = (base: string) =>
    policy.branches.some((pattern) => matchesBranch(pattern, base, facts.defaultBranch));
  if (bases.some(named)) return true;
  return (
    facts.requiredOnBase.kind === "unreadable" ||
    (facts.requiredOnBase.kind === "read" && facts.requiredOnBase.value)
  );
}

type Parts = Partial<Pick<Verdict, "evidence" | "contributors" | "rules" | "refused" | "notes">>;

function judgeBy(policy: Policy, facts: Facts, config: Config): Verdict {
  const evidence = assistanceIn(facts, policy);
  const roster = config.roster.kind === "read" ? config.roster.value : null;
  const cleared = clearedFor(facts, policy);
  const people = roster === null ? [] : contributors(facts, roster, cleared);
  const say = (outcome: Outcome, parts: Parts = {}) =>
    verdict(facts, config, policy.mode, outcome, { evidence, contributors: people, ...parts });

  const problems = missingFacts(facts, policy);
  if (problems.length > 0) return say({ kind: "undecidable", problems });
  if (evidence.length === 0 && nothingIsNew(facts, cleared))
    return say({ kind: "not-needed", why: allCleared });
  const exempt = exemption(policy, facts);
  if (exempt !== null) return say({ kind: "not-needed", why: exempt });

  const level = roster === null ? null : changeLevel(facts, people, roster);
  const matched = policy.rules.flatMap((rule) => {
    const why = isGuard(policy)
      ? whyGuarded(facts)
      : whyRuleApplies(rule, { facts, evidence, roster, level });
    // Beside an enforcing policy, nothing else in the list of rules tells which ones only observe.
    return why === null
      ? []
      : [{ rule, because: policy.mode === "observe" ? `observing only: ${why}` : why }];
  });
  if (matched.length === 0) return say({ kind: "not-needed", why: whyNothing(evidence, level) });
  if (roster === null) return withoutRoster(matched, policy, config, say);
  const unknown = matched.filter(({ rule }) => rank(roster, rule.require.level) === -1);
  if (unknown.length > 0)
    return say({
      kind: "undecidable",
      problems: unknown.map(({ rule }) => unknownLevel(rule, policy, roster)),
    });
  return judgeReviews({ facts, policy, roster, people }, matched, say);
}

type Matched = { readonly rule: Rule; readonly because: string };
type Say = (outcome: Outcome, parts?: Parts) => Verdict;

function judgeReviews(given: Electorate, matched: readonly Matched[], say: Say): Verdict {
  const { facts, policy, roster, people } = given;
  const weighed = weighReviews(facts, people, roster);
  const reviews = isGuard(policy) ? withoutRaised(weighed, facts, roster) : weighed;
  const rules = matched.map((entry) => ruleResult(entry, given, reviews.approvals));
  const asked = matched
    .map(({ rule }) => rule.require.level)
    .toSorted((one, other) => rank(roster, one) - rank(roster, other));
  const floor = asked[0] ?? "";
  const heard = reviews.objections.filter((entry) => rank(roster, entry.person.level) >= rank(roster, floor));
  rules.push(...heard.flatMap((entry) => afterDismissal(entry, floor, given, reviews.approvals)));

  const parts = { rules, refused: [...reviews.refused, ...tooLow(reviews, floor, roster)] };
  const objecting = heard.filter((entry) => entry.dismissedBy === null).map((entry) => entry.person);
  const override = overrideOf(facts, policy, people, roster);
  const refusedOverrides = { ...parts, refused: [...parts.refused, ...override.refused] };
  if (objecting.length > 0) {
    return say(override.outcome ?? { kind: "objected", by: objecting }, refusedOverrides);
  }
  const needs = rules
    .filter((rule) => rule.missing > 0)
    .map((rule) => ({
      rule: rule.name,
      approvals: rule.missing,
      level: rule.require.level,
      candidates: rule.candidates,
    }));
  if (needs.length > 0) {
    if (override.outcome !== null) return say(override.outcome, refusedOverrides);
    return say({ kind: "waiting", needs }, { ...refusedOverrides, notes: waysOut(given, rules) });
  }
  const by = new Map(
    rules.flatMap((rule) => rule.countersignedBy.map((person) => [person.login, person] as const)),
  );
  return say({ kind: "countersigned", by: [...by.values()] }, parts);
}

/** Rules for paths, size or labels were asked about each commit where it was cleared. */
const allCleared = "every commit in it was cleared before, on a gated branch of this repository";

function whyNothing(evidence: readonly Evidence[], level: string | null): string {
  if (evidence.length === 0) return "no sign of AI assistance";
  return level === null
    ? "no rule applies"
    : `no rule applies: the lowest level among its contributors is ${level}`;
}

function withoutRoster(matched: readonly Matched[], policy: Policy, config: Config, say: Say): Verdict {
  if (config.roster.kind === "unreadable") {
    const repair =
      "Repair the roster on the default branch; every open pull request is then looked at again.";
    return say({ kind: "undecidable", problems: [{ what: config.roster.why, repair }] });
  }
  const rules = matched.map(({ rule, because }) => ({
    policy: policy.origin,
    name: rule.name,
    because,
    require: rule.require,
    countersignedBy: [],
    missing: rule.require.approvals,
    candidates: [],
  }));
  const needs = rules.map(({ name, missing, require }) => ({
    rule: name,
    approvals: missing,
    level: require.level,
    candidates: [],
  }));
  return say({ kind: "waiting", needs }, { rules, notes: [noRoster] });
}

/** The first words of the note about a missing roster; the renderer adds an example to paste. */
export const noRoster = "There is no roster, so nobody can countersign.";

function unknownLevel(rule: Rule, policy: Policy, roster: Roster): Problem {
  return {
    what: `The rule ${rule.name} of ${policy.origin} asks for the level ${rule.require.level}, which ${roster.origin} does not have.`,
    repair: `Use one of ${roster.levels.join(", ")} in the policy, or add the level to the roster.`,
  };
}

function ruleResult(
  { rule, because }: Matched,
  given: Electorate,
  approvals: readonly Approval[],
): RuleResult {
  const { policy, roster } = given;
  const counting = atLevel(approvals, rule.require.level, roster);
  const countersignedBy = counting.map((approval) => approval.person);
  const missing = Math.max(0, rule.require.approvals - countersignedBy.length);
  return {
    policy: policy.origin,
    name: rule.name,
    because,
    require: rule.require,
    countersignedBy,
    missing,
    candidates:
      missing === 0
        ? []
        : loginsWithout(
            candidates(given, rule.require.level),
            counting.map(({ account }) => account),
          ),
  };
}

/** Approvals of a changed roster by people whose own level it raises do not count for the built-in rule. */
function withoutRaised(reviews: Reviews, facts: Facts, roster: Roster): Reviews {
  const raised = reviews.approvals.filter(({ account }) => raisesLevelOf(account, facts, roster));
  const reason = `may gain a higher level by this change, so it does not count for "${guardName}"`;
  return {
    ...reviews,
    approvals: reviews.approvals.filter((approval) => !raised.includes(approval)),
    refused: [
      ...reviews.refused,
      ...raised.map(({ person }) => ({ reviewer: person.login, state: "approval", reason })),
    ],
  };
}

/** Dismissing somebody else's objection does not silence it: somebody at that level has to look again. */
function afterDismissal(
  objection: Objection,
  level: string,
  given: Electorate,
  approvals: readonly Approval[],
): RuleResult[] {
  if (objection.dismissedBy === null) return [];
  const { policy, roster } = given;
  const dismisser = objection.dismissedBy.actor;
  const dismissers = dismisser === null ? [] : [dismisser];
  const later = atLevel(approvals, level, roster).filter(
    (approval) =>
      approval.submittedAt > objection.submittedAt &&
      !dismissers.some((account) => isSame(account, approval.account)),
  );
  const by = later.map((approval) => approval.person);
  const because = `${dismisser?.login ?? "somebody"} dismissed the request for changes by ${objection.person.login}`;
  const missing = by.length > 0 ? 0 : 1;
  const able = missing === 0 ? [] : loginsWithout(candidates(given, level), dismissers);
  const require = { approvals: 1, level };
  return [
    {
      policy: policy.origin,
      name: "Dismissed objection",
      because,
      require,
      countersignedBy: by,
      missing,
      candidates: able,
    },
  ];
}

/** Approvals and objections of people whose level no rule asks for. */
function tooLow({ approvals, objections }: Reviews, floor: string, roster: Roster): RefusedReview[] {
  const open = objections.filter(({ dismissedBy }) => dismissedBy === null);
  return [
    ...approvals.map((approval) => ({ ...approval, state: "approval" })),
    ...open.map((objection) => ({ ...objection, state: "request for changes" })),
  ]
    .filter(({ person }) => rank(roster, person.level) < rank(roster, floor))
    .map(({ person, state }) => ({
      reviewer: person.login,
      state,
      reason: `is ${person.level}; the rules ask for ${floor} or above`,
    }));
}

function undecidable(facts: Facts, config: Config, problems: readonly Problem[]): Verdict {
  return verdict(facts, config, "enforce", { kind: "undecidable", problems }, {});
}

function staleNotes(config: Config): string[] {
  if (config.stale === undefined) return [];
  return [
    `${config.stale.problem} The last version that could be read, seen ${config.stale.since}, is used for at most 24 hours.`,
  ];
}

/** A note that cannot be read is no evidence; that it was there is said. */
function brokenNotes(facts: Facts): string[] {
  const broken = facts.notes.kind === "read" ? detectNotes(facts.notes.value).broken : [];
  return broken
    .slice(0, brokenNotesMax)
    .map(
      ({ sha, why }) => `The git-ai note on ${sha.slice(0, 7)} could not be read and says nothing: ${why}.`,
    );
}

/** Whoever reads "Countersign" in the list of checks should know which one is ours. */
function sameNamedNotes({ sameNamed }: Facts): string[] {
  if (sameNamed.length === 0) return [];
  const shown = sameNamed
    .slice(0, sameNamedMax)
    .map(({ kind, by }) => `a ${kind} by ${by ?? "nobody GitHub names"}`);
  const more = sameNamed.length > shown.length ? `, and ${sameNamed.length - shown.length} more` : "";
  return [
    `On this commit there is also ${shown.join(", ")}${more} that is named Countersign, too. This app did not make it, and it decides nothing here. But wherever the rule that requires the check does not name this app as its source, GitHub takes it as well: an administrator should choose the source in the ruleset.`,
  ];
}

/** Enough to see who does it. */
const sameNamedMax = 5;

/** Enough to see what is wrong with the tool that writes them. */
const brokenNotesMax = 5;

function verdict(
  facts: Facts,
  config: Config,
  mode: Policy["mode"],
  outcome: Outcome,
  parts: Parts,
): Verdict {
  const { number, url, headSha } = facts;
  const about = { outcome, mode, number, url, headSha, siblings: [] };
  return {
    ...about,
    evidence: [],
    contributors: [],
    rules: [],
    refused: [],
    ...parts,
    notes: [...staleNotes(config), ...brokenNotes(facts), ...sameNamedNotes(facts), ...(parts.notes ?? [])],
  };
}
