/** What our own check runs remember of a pull request and the store does not: the store was lost, or is an old backup. */
import { evidenceKey } from "./gate/assistance.ts";
import type { Facts, Observation } from "./gate/facts.ts";
import type { GitHub } from "./github/client.ts";
import { observationKey } from "./github/events.ts";
import { readOwnTexts } from "./github/read-old-heads.ts";
import { nameOf, type PullRead, type PullRef } from "./github/read-pull.ts";
import { repoKey } from "./github/targets.ts";
import { fromText, isRemembered, type Remembered, shortened } from "./memory.ts";
import { evidenceObservation, type NewObservation } from "./store/observations.ts";

export type RestoreContext = {
  readonly appId: number | null;
  readonly now: () => number;
  readonly log: { readonly warn: (details: object, message: string) => void };
};

/** Four requests at most. Each look writes all it knows into the newest check run, so that the last one is enough. */
const earlierHeadsMax = 200;

/**
 * What our check run on the head, which was read with the facts, remembers beyond what is known; and only where the pull
 * request was not opened before our eyes and never looked at as far as the store knows, what those on earlier heads do.
 * One that is damaged is left out, and the log says so: nobody could ever repair it.
 * @throws GitHubError when GitHub could not answer: a look that forgets must not be published.
 */
export async function restore(
  context: RestoreContext,
  github: GitHub,
  { facts, checkRun }: Pick<PullRead, "facts" | "checkRun">,
  known: readonly Observation[],
): Promise<Remembered[]> {
  const { appId, now, log } = context;
  const { headSha, number } = facts;
  const recalled = (texts: readonly { sha: string; text: string }[]) =>
    texts.flatMap(({ sha, text }) => {
      const remembered = fromText(text, number);
      if (remembered === null)
        log.warn(
          { pull: nameOf(facts), sha },
          "What our check run on this commit remembers is damaged and left out",
        );
      return remembered ?? [];
    });
  const here = recalled(checkRun?.text == null ? [] : [{ sha: headSha, text: checkRun.text }]);
  const forgotten = !known.some(({ kind }) => kind === "scanned" || kind === "opened");
  const earlier = here.length > 0 || !forgotten || appId === null ? [] : earlierHeads(facts);
  const texts = appId === null ? [] : await readOwnTexts(github, facts, earlier, { appId, now: now() });
  const all = new Map([...here, ...recalled(texts)].map((entry) => [keyOf(entry), entry]));
  for (const entry of known.filter(isRemembered)) all.delete(keyOf(shortened(entry)));
  // What is inherited no more, because the other pull request was merged, must not come back by ourselves.
  return [...all.values()].filter(
    (entry) => forgotten || entry.kind !== "evidence" || entry.evidence.seenOn === undefined,
  );
}

/** As rows of the store. */
export function toStore(facts: PullRef, restored: readonly Remembered[], at: number): NewObservation[] {
  const repo = repoKey(facts.owner, facts.repo);
  const { number } = facts;
  return restored.map((entry) =>
    entry.kind === "evidence"
      ? evidenceObservation(repo, number, entry.evidence, at)
      : { repo, number, key: observationKey(entry), at, observation: entry },
  );
}

/** The commits of the pull request, any of which may have been its head, and what force-pushes replaced; the newest of each. */
function earlierHeads({
  headSha,
  commits,
  timeline,
}: Pick<Facts, "headSha" | "commits" | "timeline">): string[] {
  const inRange = commits.kind === "read" ? commits.value.map(({ sha }) => sha) : [];
  const events = timeline.kind === "read" ? timeline.value : [];
  const replaced = events.flatMap((event) => (event.kind === "force-pushed" ? (event.before ?? []) : []));
  const heads = [...inRange.slice(-earlierHeadsMax / 2), ...replaced.slice(-earlierHeadsMax / 2)];
  return [...new Set(heads)].filter((sha) => sha !== headSha);
}

function keyOf(entry: Remembered): string {
  return entry.kind === "evidence" ? evidenceKey(entry.evidence) : observationKey(entry);
}
