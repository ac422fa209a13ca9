import type { Account } from "./accounts.ts";
import { partsBy } from "./contributors.ts";
import type { Facts, Observation } from "./facts.ts";
import type { Policy } from "./policy.ts";
import { isSame, rank, type Roster, standing } from "./roster.ts";
import type { Contributor, Outcome, RefusedReview } from "./verdict.ts";

type Override = Extract<Observation, { kind: "override" }>;

/**
 * What `/countersign override <reason>` does to a policy that lets somebody: it lifts "objected" and "waiting" for the head SHA
 * whose check run its author had seen, if they could countersign at the override level. A push undoes it; nothing else does.
 * @returns the outcome of the newest one that counts, null when none does, and the others with the reason.
 */
export function overrideOf(
  facts: Facts,
  policy: Policy,
  people: readonly Contributor[],
  roster: Roster,
): { outcome: Extract<Outcome, { kind: "overridden" }> | null; refused: RefusedReview[] } {
  const refused: RefusedReview[] = [];
  let outcome: Extract<Outcome, { kind: "overridden" }> | null = null;
  for (const seen of facts.observations) {
    if (seen.kind !== "override") continue;
    const said = standing(roster, seen.by);
    const why = whyNot(seen, facts, policy, people, roster);
    if (why !== null) refused.push({ reviewer: seen.by.login, state: "override", reason: why });
    else if (said.kind === "listed") {
      const by = { login: seen.by.login, level: said.level };
      outcome = { kind: "overridden", by, reason: seen.reason };
    }
  }
  return { outcome, refused };
}

/**
 * Whose access to the repository decides whether an override counts, each once: people of the roster who overrode at this
 * head, where a policy lets somebody. Nobody else can make the reader ask GitHub.
 */
export function overridersToAskAbout(
  facts: Facts,
  roster: Roster,
  policies: readonly Policy[],
): readonly Account[] {
  if (policies.every(({ override }) => override === null)) return [];
  const authors = facts.observations.flatMap((seen) =>
    seen.kind === "override" && seen.sha === facts.headSha ? [seen.by] : [],
  );
  return authors.filter(
    (author, at) =>
      standing(roster, author).kind === "listed" &&
      authors.findIndex((other) => isSame(other, author)) === at,
  );
}

function whyNot(
  { by, reason, sha }: Override,
  facts: Facts,
  policy: Policy,
  people: readonly Contributor[],
  roster: Roster,
): string | null {
  if (policy.override === null) return `${policy.origin} lets nobody override`;
  const { level } = policy.override;
  if (by.kind !== "User") return "is not a person: bots and apps have no say";
  const said = standing(roster, by);
  if (said.kind === "not-listed") return said.why;
  if (rank(roster, level) === -1) return `the policy asks for ${level}, which the roster does not have`;
  if (rank(roster, said.level) < rank(roster, level))
    return `is ${said.level}; overriding takes ${level} or above`;
  if (partsBy(by, people, roster).length > 0) return "is a contributor to this change";
  if (reason.trim() === "") return "gave no reason";
  if (sha === null) return "was written when no check run stood here that it could have lifted";
  if (sha !== facts.headSha)
    return `was written for ${sha.slice(0, 7)}, the head is now ${facts.headSha.slice(0, 7)}`;
  return whyNoPush(facts, by);
}

/** Last of all: it is read only of those whom nothing else speaks against. */
function whyNoPush({ pushAccess }: Facts, by: Account): string | null {
  const access = pushAccess.find(({ account }) => isSame(account, by))?.canPush;
  if (access?.kind === "read") return access.value ? null : "cannot push to the repository";
  const why = access?.kind === "unreadable" ? access.why : "GitHub was not asked";
  return `may not be able to push to the repository: ${why}`;
}
