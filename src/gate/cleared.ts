import type { Evidence } from "./evidence.ts";
import type { Facts } from "./facts.ts";
import { matchesBranch } from "./patterns.ts";
import type { Policy, Rule } from "./policy.ts";

/** What asks a policy for nothing again: SHAs of commits, and numbers of pull requests that came to nothing else. */
export type Cleared = { readonly commits: ReadonlySet<string>; readonly pulls: ReadonlySet<number> };

/** Nothing was cleared. */
export const nothingCleared: Cleared = { commits: new Set(), pulls: new Set() };

/**
 * What this policy let pass in enforce mode on the gated branch it reached. A policy that was not asked there, as one that gates
 * only this branch, has cleared nothing; nor has one with a rule for this branch in particular, which was asked nowhere else.
 */
export function clearedFor(facts: Facts, policy: Policy): Cleared {
  if (policy.rules.some((rule) => baseNamedBy(rule, facts) !== undefined)) return nothingCleared;
  const passed = facts.cleared.filter(({ policies }) => policies.includes(policy.origin));
  return {
    commits: new Set(passed.flatMap((one) => (one.kind === "commit" ? [one.sha] : []))),
    pulls: new Set(passed.flatMap((one) => (one.kind === "pull" ? [one.number] : []))),
  };
}

/**
 * Whether a piece of evidence asks for nothing again: its commit was cleared, or the pull request it is inherited from, with what
 * this one shares with it.
 */
export function isCleared({ place, seenOn, left }: Evidence, { commits, pulls }: Cleared): boolean {
  if (place.kind === "commit" && commits.has(place.sha)) return true;
  return seenOn !== undefined && left !== true && pulls.has(seenOn);
}

/** Whether nothing in the range is new: it has commits, and each was cleared. */
export function nothingIsNew(facts: Facts, { commits }: Cleared): boolean {
  if (facts.commits.kind !== "read" || facts.commits.value.length === 0) return false;
  return facts.commits.value.every(({ sha }) => commits.has(sha));
}

/** The base branch, or that of the stack, which a rule names; undefined where it names none of them. */
export function baseNamedBy({ when }: Rule, facts: Facts): string | undefined {
  const bases = facts.stackBase === null ? [facts.base] : [facts.base, facts.stackBase];
  return bases.find((name) =>
    when.base?.some((pattern) => matchesBranch(pattern, name, facts.defaultBranch)),
  );
}
