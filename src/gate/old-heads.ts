/**
 * Head SHAs that were replaced before anybody looked: several pushes may lead to one look, and after the store was lost every
 * earlier look is forgotten.
 */
import { evidenceKey } from "./assistance.ts";
import type { Evidence } from "./evidence.ts";
import type { Facts, Observation } from "./facts.ts";
import type { CheckOutput, Config } from "./verdict.ts";

type Scanned = Extract<Observation, { kind: "scanned" | "scanned-later" }>;

/**
 * The old heads whose commits are still to be searched: those that force-pushes replaced or brought, as the timeline shows
 * them, and those that any push brought, as deliveries told, before the pull request was opened, too; without those that were scanned when they were the head, and those whose commits the pull request still has. Each
 * once, oldest first.
 */
export function oldHeadsToRead({ headSha, commits, timeline, observations }: Facts): string[] {
  const known = new Set([
    headSha,
    ...(commits.kind === "read" ? commits.value.map(({ sha }) => sha) : []),
    ...scannedAmong(observations),
  ]);
  const events = timeline.kind === "read" ? timeline.value : [];
  const heads = events.flatMap((event) => (event.kind === "force-pushed" ? [event.before, event.after] : []));
  const pushed = observations.flatMap((entry) => (entry.kind === "push" ? [entry.after] : []));
  return [...new Set([...pushed, ...heads].filter((sha) => sha !== null))].filter((sha) => !known.has(sha));
}

function scannedAmong(observations: Facts["observations"]): string[] {
  return observations.flatMap((entry) =>
    entry.kind === "scanned" || entry.kind === "scanned-later" ? [entry.sha] : [],
  );
}

/**
 * The heads that this look has searched completely and none before did: nobody has to read them again. None while
 * something is missing: a policy that cannot be read may name markers of its own, and a timeline further heads.
 */
export function headsScanned(facts: Facts, { policies }: Config): Scanned[] {
  const { headSha, commits, timeline, oldHeads, observations, merged } = facts;
  if (policies.some(({ kind }) => kind === "unreadable")) return [];
  if (commits.kind !== "read" || timeline.kind !== "read") return [];
  const known = new Set(scannedAmong(observations));
  return [{ sha: headSha, commits }, ...oldHeads]
    .filter((head) => head.commits.kind === "read" && !known.has(head.sha))
    .map(({ sha }) => ({ kind: merged && sha !== headSha ? "scanned-later" : "scanned", sha }));
}

/** Whether this look saw a head or a sign that none did before. */
export function isNews(facts: Facts, evidence: readonly Evidence[], config: Config): boolean {
  const known = facts.observations.flatMap((entry) =>
    entry.kind === "evidence" && entry.evidence.seenOn === undefined ? [evidenceKey(entry.evidence)] : [],
  );
  return (
    headsScanned(facts, config).length > 0 || evidence.some((sign) => !known.includes(evidenceKey(sign)))
  );
}

/** What a check run says that passed on a head which the pull request has left since, and does not pass on its head of now. */
export function leftHead({ number, headSha }: Pick<Facts, "number" | "headSha">): CheckOutput {
  const summary = `This commit passed while it was the head of #${number}. By now the head is ${headSha}, and #${number} does not pass. If it goes back to this commit, it is looked at anew.`;
  return { conclusion: "action_required", title: `No longer the head of #${number}`, summary };
}
