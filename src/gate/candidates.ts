import type { Account } from "./accounts.ts";
import { partsBy } from "./contributors.ts";
import type { Facts } from "./facts.ts";
import { isGuard, raisesLevelOf } from "./guard.ts";
import type { Policy } from "./policy.ts";
import { isSame, peopleAtOrAbove, type Roster } from "./roster.ts";
import type { Contributor, RuleResult } from "./verdict.ts";

/** What decides who could countersign. */
export type Electorate = {
  readonly facts: Facts;
  readonly policy: Policy;
  readonly roster: Roster;
  readonly people: readonly Contributor[];
};

/**
 * Who could countersign at `level`: on the roster, not away, not a contributor, and where the roster changes not raised by
 * that. Whether they can push is seen when they review.
 */
export function candidates(given: Electorate, level: string): Account[] {
  const { facts, policy, roster, people } = given;
  return present(given, level).filter(
    (account) =>
      partsBy(account, people, roster).length === 0 &&
      !(isGuard(policy) && raisesLevelOf(account, facts, roster)),
  );
}

/** The logins of the accounts that are none of `others`. */
export function loginsWithout(accounts: readonly Account[], others: readonly Account[]): string[] {
  return accounts
    .filter((account) => !others.some((other) => isSame(other, account)))
    .map(({ login }) => login);
}

/** What to do where fewer people can countersign than a rule asks for: it would otherwise wait for ever. Empty where enough can. */
export function waysOut(given: Electorate, rules: readonly RuleResult[]): string[] {
  const { policy, roster, people } = given;
  const stuck = rules.filter(({ missing, candidates }) => candidates.length < missing);
  const [first] = stuck;
  if (first === undefined) return [];
  const able = present(given, first.require.level);
  const involved = able.filter((account) => partsBy(account, people, roster).length > 0);
  const who =
    able.length > 0 && involved.length === able.length
      ? `Everybody who could countersign is a contributor to this change: ${namesOf(involved)}.`
      : "Too few people can countersign: the others are contributors to this change, away, or below the level asked for.";
  const ways = [
    ...(involved.length > 0 ? [gateSource, split] : []),
    "add people to the roster",
    ...(policy.override === null
      ? []
      : [
          `have somebody at ${policy.override.level} or above who is no contributor comment /countersign override <reason>`,
        ]),
  ];
  const observing = policy.mode === "observe" ? "Observing only: " : "";
  const rule = `No way to satisfy ${stuck.map(({ name }) => name).join(", ")} as it stands.`;
  return [`${observing}${rule} ${who} Ways out: ${joined(ways)}.`];
}

const gateSource =
  "gate the branch its commits come from, so that they are countersigned there and arrive cleared";
const split = "split the change, so that somebody is no contributor to a part of it";
/** Names in the sentence. */
const namesMax = 10;

function namesOf(accounts: readonly Account[]): string {
  const named = accounts.slice(0, namesMax).map(({ login }) => login);
  return accounts.length > named.length
    ? `${named.join(", ")} and ${accounts.length - named.length} more`
    : named.join(", ");
}

function joined(ways: readonly string[]): string {
  return ways.length < 2 ? ways.join("") : `${ways.slice(0, -1).join("; ")}; or ${ways.at(-1)}`;
}

function present({ facts, roster }: Electorate, level: string): Account[] {
  return peopleAtOrAbove(roster, level, facts.readAt.slice(0, 10));
}
