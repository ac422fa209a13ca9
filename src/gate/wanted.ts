import type { Account } from "./accounts.ts";
import { strangersToAskAbout } from "./answers.ts";
import { revisionsToCompare } from "./approvals.ts";
import { commitsToLocate } from "./assistance.ts";
import { untoldHeads } from "./branch-pushes.ts";
import { excusesToProve, wantsSuggestions } from "./contributors.ts";
import type { Facts } from "./facts.ts";
import { judge } from "./judge.ts";
import { oldHeadsToRead } from "./old-heads.ts";
import { overridersToAskAbout } from "./override.ts";
import type { Revision } from "./patches.ts";
import { defaultPolicy, type Policy } from "./policy.ts";
import { isSame, type Roster } from "./roster.ts";
import { blocks } from "./strictest.ts";
import { type Config, readable } from "./verdict.ts";

/** What a verdict depends on besides the facts of the one query; empty and false for an ordinary pull request. */
export type Wanted = {
  /** Each once. */
  readonly patches: readonly Revision[];
  /** SHAs of commits of which to ask whether the base branch has them. */
  readonly landed: readonly string[];
  /** SHAs that were the head once and that nobody looked at. */
  readonly oldHeads: readonly string[];
  readonly suggestions: boolean;
  /** Of whom to ask whether they can push. */
  readonly pushAccess: readonly Account[];
  readonly notes: boolean;
  /** Where renamed files came from: a path rule or an exemption looks at both names. */
  readonly oldPaths: boolean;
};

/**
 * What has to be read before the facts can be judged. Pure, so that the reader asks GitHub for no more than the gate will look
 * at. Without a roster nobody can countersign, so no patch needs to be compared.
 */
export function wanted(facts: Facts, roster: Roster | null, policies: readonly Policy[]): Wanted {
  const all = roster === null ? [] : [...revisionsToCompare(facts), ...revisionsToProve(facts, roster)];
  return {
    patches: [...new Map(all.map((revision) => [`${revision.base} ${revision.sha}`, revision])).values()],
    landed: commitsToLocate(facts, policies.length === 0 ? [defaultPolicy] : policies),
    oldHeads: oldHeadsToRead(facts),
    suggestions: roster !== null && wantsSuggestions(facts),
    pushAccess:
      roster === null
        ? []
        : [
            ...overridersToAskAbout(facts, roster, policies),
            ...strangersToAskAbout(facts, roster),
            ...acceptersIn(facts),
          ],
    notes: policies.some((policy) => policy.ai.notes),
    oldPaths: policies.some(
      ({ rules, exempt }) => exempt.length > 0 || rules.some(({ when }) => when.paths !== null),
    ),
  };
}

/** People who accepted what was merged, each once: whether they can push decides whether it counts. */
export function acceptersIn({ observations }: Facts): readonly Account[] {
  const people = observations.flatMap((seen) => (seen.kind === "accept" ? [seen.by] : []));
  return people.filter((person, at) => people.findIndex((other) => isSame(other, person)) === at);
}

/**
 * Whether GitHub's activity log has to be asked who pushed: the change would pass, on the word of people or for their level, and
 * nobody told who brought some head of it.
 */
export function wantsPushers(facts: Facts, config: Config): boolean {
  if (untoldHeads(facts).length === 0) return false;
  const verdict = judge(facts, config);
  if (verdict === null || blocks({ ...verdict, mode: "enforce" })) return false;
  return (
    verdict.outcome.kind !== "not-needed" || verdict.evidence.length > 0 || config.policies.some(asksForLevel)
  );
}

/** Whether the level of a change may matter though no AI was seen. */
function asksForLevel(policy: Config["policies"][number]): boolean {
  return (
    policy.kind === "read" &&
    policy.value.rules.some(({ when }) => when.levelBelow !== null && when.provenance === "any")
  );
}

/**
 * Whether facts that were read for other rules may lack something that these rules make a verdict depend on. In doubt they do:
 * of some facts nobody can tell that nothing was found from that nothing was asked.
 * @param given.samePolicies only the roster differs.
 */
export function lacks(
  facts: Facts,
  config: Config,
  { samePolicies }: { readonly samePolicies: boolean },
): boolean {
  const { roster, policies } = config;
  const want = wanted(facts, roster.kind === "read" ? roster.value : null, readable(policies));
  return (
    wantsPushers(facts, config) ||
    (want.oldPaths && !samePolicies) ||
    (want.notes && facts.notes.kind === "absent") ||
    want.landed.length > 0 ||
    want.oldHeads.some((sha) => !facts.oldHeads.some((head) => head.sha === sha)) ||
    (want.suggestions && facts.suggestedBy.length === 0) ||
    want.patches.some(
      ({ base, sha }) => !facts.patches.some((patch) => patch.base === base && patch.sha === sha),
    ) ||
    want.pushAccess.some((account) => !facts.pushAccess.some((known) => isSame(known.account, account)))
  );
}

function revisionsToProve(facts: Facts, roster: Roster): Revision[] {
  const { base } = facts;
  return excusesToProve(facts, roster).flatMap(({ before, after }) => [
    ...(before === null ? [] : [{ base, sha: before }]),
    { base, sha: after },
  ]);
}
