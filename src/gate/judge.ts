import { type Approval, atLevel, type Objection, type Reviews, weighReviews } from "./approvals.ts";
import { changeLevel, contributors, partsBy } from "./contributors.ts";
import { counts, detectPull, messageBytesMax } from "./detect.ts";
import type { Evidence } from "./evidence.ts";
import type { Account } from "./accounts.ts";
import type { Facts } from "./facts.ts";
import { matchesBranch } from "./patterns.ts";
import { defaultPolicy, type Policy, type Rule } from "./policy.ts";
import { isSame, peopleAtOrAbove, rank, type Roster } from "./roster.ts";
import { exemption, whyRuleApplies } from "./rules.ts";
import { strictest } from "./strictest.ts";
import type { Config, Contributor, Outcome, Problem, RefusedReview, RuleResult, Verdict } from "./verdict.ts";

/**
 * Judges one pull request at one head SHA: each policy by itself, with its own mode and branches, and the strictest result.
 * @param facts everything read about the pull request; complete or saying what could not be read.
 * @param config the roster and the policies in force.
 * @returns the verdict, or null when no policy gates the base branch: such a pull request gets no check run at all, so
 *   that no green SHA can be carried from there to a branch that is gated.
 */
export function judge(facts: Facts, config: Config): Verdict | null {
  const verdicts = policiesOf(config)
    .filter((policy) => policy.kind === "broken" || gates(policy.value, facts))
    .map((policy) =>
      policy.kind === "broken"
        ? undecidable(facts, config, policy.problem)
        : judgeBy(policy.value, facts, config),
    );
  return verdicts.length === 0 ? null : strictest(verdicts);
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

/** Whether a policy gates the base branch. What cannot be read about branch protection is taken for a requirement. */
function gates(policy: Policy, facts: Facts): boolean {
  if (policy.branches.some((pattern) => matchesBranch(pattern, facts.base, facts.defaultBranch))) return true;
  return (
    facts.requiredOnBase.kind === "unreadable" ||
    (facts.requiredOnBase.kind === "read" && facts.requiredOnBase.value)
  );
}

type Parts = Partial<Pick<Verdict, "evidence" | "contributors" | "rules" | "refused" | "notes">>;

function judgeBy(policy: Policy, facts: Facts, config: Config): Verdict {
  const evidence = evidenceOf(facts, policy);
  const roster = config.roster.kind === "read" ? config.roster.value : null;
  const people = roster === null ? [] : contributors(facts, roster);
  const say = (outcome: Outcome, parts: Parts = {}) =>
    verdict(facts, config, policy.mode, outcome, { evidence, contributors: people, ...parts });

  const problems = missingFacts(facts, policy);
  if (problems.length > 0) return say({ kind: "undecidable", problems });
  const exempt = exemption(policy, facts);
  if (exempt !== null) return say({ kind: "not-needed", why: exempt });

  const level = roster === null ? null : changeLevel(facts, people, roster);
  const matched = policy.rules.flatMap((rule) => {
    const because = whyRuleApplies(rule, { facts, evidence, roster, level });
    return because === null ? [] : [{ rule, because }];
  });
  if (matched.length === 0) return say({ kind: "not-needed", why: whyNothing(evidence, level) });
  if (roster === null) return withoutRoster(matched, policy, config, say);
  const unknown = matched.filter(({ rule }) => rank(roster, rule.require.level) === -1);
  if (unknown.length > 0)
    return say({
      kind: "undecidable",
      problems: unknown.map(({ rule }) => unknownLevel(rule, policy, roster)),
    });
  return judgeReviews({ facts, policy, roster, people, matched, say });
}

type Matched = { readonly rule: Rule; readonly because: string };
type Say = (outcome: Outcome, parts?: Parts) => Verdict;

function judgeReviews(given: {
  facts: Facts;
  policy: Policy;
  roster: Roster;
  people: readonly Contributor[];
  matched: readonly Matched[];
  say: Say;
}): Verdict {
  const { facts, policy, roster, people, matched, say } = given;
  const reviews = weighReviews(facts, people, roster);
  const able = (level: string) => candidates(facts, roster, people, level);
  const rules = matched.map(({ rule, because }) =>
    ruleResult(rule, because, policy, reviews.approvals, roster, able),
  );
  const asked = matched
    .map(({ rule }) => rule.require.level)
    .toSorted((one, other) => rank(roster, one) - rank(roster, other));
  const floor = asked[0] ?? "";
  const heard = reviews.objections.filter((entry) => rank(roster, entry.person.level) >= rank(roster, floor));
  rules.push(
    ...heard.flatMap((entry) => afterDismissal(entry, floor, policy, reviews.approvals, roster, able)),
  );

  const parts = { rules, refused: [...reviews.refused, ...tooLow(reviews, floor, roster)] };
  const objecting = heard.filter((entry) => entry.dismissedBy === null).map((entry) => entry.person);
  if (objecting.length > 0) return say({ kind: "objected", by: objecting }, parts);
  const needs = rules
    .filter((rule) => rule.missing > 0)
    .map((rule) => ({
      rule: rule.name,
      approvals: rule.missing,
      level: rule.require.level,
      candidates: rule.candidates,
    }));
  if (needs.length > 0) return say({ kind: "waiting", needs }, parts);
  const by = new Map(
    rules.flatMap((rule) => rule.countersignedBy.map((person) => [person.login, person] as const)),
  );
  return say({ kind: "countersigned", by: [...by.values()] }, parts);
}

/** What the reader sees as evidence: found now, remembered from earlier looks, or assumed by the policy. */
function evidenceOf(facts: Facts, policy: Policy): readonly Evidence[] {
  const now = detectPull(facts, policy.ai.labels);
  const seen = new Set(now.map(evidenceKey));
  const earlier = facts.observations
    .flatMap((entry) => (entry.kind === "evidence" ? [{ ...entry.evidence, remembered: true }] : []))
    .filter((entry) => !seen.has(evidenceKey(entry)));
  const evidence = counts([...now, ...earlier]);
  if (evidence.length > 0 || policy.ai.undeclared === "human") return evidence;
  const quote = `${policy.origin}: what declares nothing is taken for AI-assisted`;
  const place = { kind: "pull-request" } as const;
  return [
    {
      tool: "any",
      kind: "undeclared",
      role: "assisted",
      confidence: "official",
      place,
      quote,
      remembered: false,
    },
  ];
}

/** What makes two pieces of evidence the same piece, seen at different times. */
export function evidenceKey(evidence: Evidence): string {
  const where = evidence.place.kind === "commit" ? evidence.place.sha : evidence.place.kind;
  return [evidence.kind, evidence.tool, where, evidence.quote].join("\n");
}

/** What the policy would need to know and GitHub did not tell. Reviews always: they decide every rule. */
function missingFacts(facts: Facts, policy: Policy): Problem[] {
  const problems: Problem[] = [];
  const repair = "Nothing to do: Countersign tries again. To try at once, comment /countersign recheck.";
  const missing = (name: string, read: { kind: string; why?: string }) => {
    if (read.kind !== "read")
      problems.push({
        what: `The ${name} could not be read completely: ${read.why ?? "GitHub sent none"}.`,
        repair,
      });
  };
  missing("commits", facts.commits);
  missing("labels", facts.labels);
  missing("reviews", facts.reviews);
  missing("timeline", facts.timeline);
  const needsFiles =
    policy.exempt.length > 0 ||
    policy.rules.some(({ when }) => when.paths !== null || when.changedLinesOver !== null);
  if (needsFiles) missing("changed files", facts.files);
  for (const commit of facts.commits.kind === "read" ? facts.commits.value : []) {
    // Two bytes a character is the most UTF-8 can save against the limit, so a quick look at the length suffices mostly.
    if (
      commit.message.length <= messageBytesMax / 4 ||
      new TextEncoder().encode(commit.message).length <= messageBytesMax
    )
      continue;
    const what = `The message of commit ${commit.sha.slice(0, 7)} is longer than ${messageBytesMax} bytes.`;
    problems.push({ what, repair: "Shorten the message and push again." });
  }
  return problems;
}

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
  return say({ kind: "waiting", needs }, { rules, notes: [...staleNotes(config), noRoster] });
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
  rule: Rule,
  because: string,
  policy: Policy,
  approvals: readonly Approval[],
  roster: Roster,
  able: (level: string) => Account[],
): RuleResult {
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
            able(rule.require.level),
            counting.map(({ account }) => account),
          ),
  };
}

/** Dismissing somebody else's objection does not silence it: somebody at that level has to look again. */
function afterDismissal(
  objection: Objection,
  level: string,
  policy: Policy,
  approvals: readonly Approval[],
  roster: Roster,
  able: (level: string) => Account[],
): RuleResult[] {
  if (objection.dismissedBy === null) return [];
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
  const candidates = missing === 0 ? [] : loginsWithout(able(level), dismissers);
  const require = { approvals: 1, level };
  return [
    {
      policy: policy.origin,
      name: "Dismissed objection",
      because,
      require,
      countersignedBy: by,
      missing,
      candidates,
    },
  ];
}

/** Who could countersign at `level`: on the roster, not away, not a contributor. Whether they can push is seen when they review. */
function candidates(facts: Facts, roster: Roster, people: readonly Contributor[], level: string): Account[] {
  const able = peopleAtOrAbove(roster, level, facts.readAt.slice(0, 10));
  return able.filter((account) => partsBy(account, people, roster).length === 0);
}

function loginsWithout(accounts: readonly Account[], others: readonly Account[]): string[] {
  return accounts
    .filter((account) => !others.some((other) => isSame(other, account)))
    .map(({ login }) => login);
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

function undecidable(facts: Facts, config: Config, problem: Problem): Verdict {
  return verdict(facts, config, "enforce", { kind: "undecidable", problems: [problem] }, {});
}

function staleNotes(config: Config): string[] {
  if (config.stale === undefined) return [];
  return [
    `${config.stale.problem} The last version that could be read, seen ${config.stale.since}, is used for at most 24 hours.`,
  ];
}

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
    notes: staleNotes(config),
    ...parts,
  };
}
