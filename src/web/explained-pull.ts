import { strictest } from "../gate/strictest.ts";
import type { Verdict } from "../gate/verdict.ts";
import { type PastVerdict, pastVerdicts } from "../store/history.ts";
import { openPullsWithHead, type StoredPull, storedPull } from "../store/pulls.ts";
import type { Store } from "../store/store.ts";

/** Everything the explain page shows, as it was recorded. */
export type ExplainedPull = {
  readonly pull: StoredPull;
  /** As the check run shows it: of open pull requests with one head SHA, the strictest. */
  readonly verdict: Verdict;
  /** Newest first. */
  readonly history: readonly PastVerdict[];
  /** How many older ones are not in it. */
  readonly older: number;
};

/** Entries of the time line: a change has a handful. */
const entriesMax = 200;

/** What is recorded of a pull request; null where nothing is. @param repo `owner/name` in lower case. */
export async function explainedPull(
  store: Store,
  repo: string,
  number: number,
): Promise<ExplainedPull | null> {
  const pull = await storedPull(store, repo, number);
  if (pull === null) return null;
  const { headSha } = pull.verdict;
  const numbers = pull.open ? await openPullsWithHead(store, repo, headSha) : [];
  const others = await Promise.all(
    numbers.filter((other) => other !== number).map(async (other) => storedPull(store, repo, other)),
  );
  const verdicts = others.flatMap((other) => (other?.verdict.headSha === headSha ? [other.verdict] : []));
  const { verdicts: history, older } = await pastVerdicts(store, { repo, number, max: entriesMax });
  return { pull, verdict: strictest([pull.verdict, ...verdicts]), history, older };
}
