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
    if (why !== null) {
      const { reason, instead } = why;
      const command = { comment: seen.comment, instead };
      refused.push({ reviewer: seen.by.login, state: "override", reason, command });
    } else if (said.kind === "listed") {
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

/** Why an override does not count, and what its author can do instead. */
type Refusal = { readonly reason: string; readonly instead: string };

function whyNot(
  { by, reason, sha }: Override,
  facts: Facts,
  policy: Policy,
  people: readonly Contributor[],
  roster: Roster,
): Refusal | null {
  const approve = "The check run says whose approval is needed.";
  if (policy.override === null) return { reason: `${policy.origin} lets nobody override`, instead: approve };
  const { level } = policy.override;
  const ask = `Ask somebody at ${level} or above who is no contributor to this change and can push.`;
  if (by.kind !== "User") return { reason: "is not a person: bots and apps have no say", instead: ask };
  const said = standing(roster, by);
  if (said.kind === "not-listed") return { reason: said.why, instead: ask };
  if (rank(roster, level) === -1)
    return { reason: `the policy asks for ${level}, which the roster does not have`, instead: approve };
  if (rank(roster, said.level) < rank(roster, level))
    return { reason: `is ${said.level}; overriding takes ${level} or above`, instead: ask };
  if (partsBy(by, people, roster).length > 0)
    return { reason: "is a contributor to this change", instead: ask };
  if (reason.trim() === "")
    return { reason: "gave no reason", instead: "Write the reason behind the command, on the same line." };
  if (sha !== facts.headSha) return notShown(sha, facts);
  const noPush = whyNoPush(facts, by);
  return noPush === null ? null : { reason: noPush, instead: ask };
}

function notShown(sha: string | null, { headSha }: Facts): Refusal {
  const head = headSha.slice(0, 7);
  return {
    reason:
      sha === null
        ? "was written when no check run stood here that it could have lifted"
        : `was written for ${sha.slice(0, 7)}, the head is now ${head}`,
    instead: `Look at the check run of ${head}, then write it again if it is to hold for that.`,
  };
}

/** Last of all: it is read only of those whom nothing else speaks against. */
function whyNoPush({ pushAccess }: Facts, by: Account): string | null {
  const access = pushAccess.find(({ account }) => isSame(account, by))?.canPush;
  if (access?.kind === "read") return access.value ? null : "cannot push to the repository";
  const why = access?.kind === "unreadable" ? access.why : "GitHub was not asked";
  return `may not be able to push to the repository: ${why}`;
}
