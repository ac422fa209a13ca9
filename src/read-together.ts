import { isDeepStrictEqual } from "node:util";
import type { GitHub } from "./github/client.ts";
import { GitHubError } from "./github/errors.ts";
import { nameOf, type PullRead, type PullRef, readPull } from "./github/read-pull.ts";
import { repoKey } from "./github/targets.ts";
import { openPullsWithHead } from "./store/pulls.ts";
import type { Store } from "./store/store.ts";

/** What reading needs. `now` is the server's clock, ms since epoch; `appId` is null for a reader that is no app. */
export type ReadContext = {
  readonly store: Store;
  readonly appId: number | null;
  readonly configRepo: string;
  readonly now: () => number;
};

/** How often several pull requests may change while they are read before the look is given up and repeated later. */
const roundsMax = 4;

/** The one query about a pull request. @throws GitHubError */
export async function read(
  { configRepo, appId, now }: ReadContext,
  github: GitHub,
  pull: PullRef,
): Promise<PullRead> {
  return readPull(github, pull, { configRepo, appId, now: now() });
}

/**
 * A pull request and the other open ones with the same head SHA, as they were at one moment.
 * @throws GitHubError also when one of them gets another head meanwhile.
 */
export async function readWithSiblings(
  context: ReadContext,
  github: GitHub,
  seen: PullRead,
): Promise<readonly PullRead[]> {
  const { owner, repo, number, headSha } = seen.facts;
  const withSiblings = async (first: PullRead) => [first, ...(await readSiblings(context, github, first))];
  const again = async () => withSiblings(await readAt(context, github, { owner, repo, number }, headSha));
  return atOneMoment(await withSiblings(seen), again);
}

/**
 * Reads again until two rounds in a row are equal: what they say held when the first had ended and the second had not begun.
 * Read once, two pull requests could be judged by what was true of the first before, and of the second after, a change of
 * both. One alone is read once.
 * A double collect: Afek, Attiya, Dolev, Gafni, Merritt, Shavit, "Atomic Snapshots of Shared Memory", 1993, section 3,
 * https://doi.org/10.1145/153724.153741
 * @param first what the first round read. @param again another round. @returns the last one. @throws GitHubError after four.
 */
export async function atOneMoment<T extends PullRead | null>(
  first: readonly T[],
  again: () => Promise<readonly T[]>,
): Promise<readonly T[]> {
  let before = first;
  for (let rounds = 1; rounds < roundsMax; rounds++) {
    if (before.length <= 1) return before;
    const after = await again();
    if (isDeepStrictEqual(before.map(timeless), after.map(timeless))) return after;
    before = after;
  }
  const numbers = before.flatMap((pull) => (pull === null ? [] : `#${pull.facts.number}`));
  throw new GitHubError(`${numbers.join(", ")} kept changing while they were read.`);
}

/** Without the time it was read at. */
function timeless(pull: PullRead | null) {
  return pull && { ...pull, facts: { ...pull.facts, readAt: "" } };
}

async function readAt(context: ReadContext, github: GitHub, pull: PullRef, sha: string): Promise<PullRead> {
  const seen = await read(context, github, pull);
  if (seen.facts.headSha === sha) return seen;
  throw new GitHubError(`The head of ${nameOf(pull)} moved while it was read.`);
}

/**
 * Other open pull requests with this head SHA: those GitHub names, and those deliveries told us of, because GitHub names
 * only the merged one as soon as the commit is on the default branch. @throws GitHubError when the head of one moves meanwhile.
 */
async function readSiblings(context: ReadContext, github: GitHub, seen: PullRead): Promise<PullRead[]> {
  const { owner, repo, number, headSha } = seen.facts;
  const known = await openPullsWithHead(context.store, repoKey(owner, repo), headSha);
  const numbers = [...new Set([...seen.siblings, ...known])].filter((other) => other !== number);
  const reads = await Promise.all(
    numbers.map(async (other) => readIfThere(context, github, { owner, repo, number: other })),
  );
  return reads.flatMap((other) => {
    // Nobody can merge it, and this look is not about it.
    if (other === null) return [];
    const { facts } = other;
    if (facts.headSha === headSha) return facts.open ? [other] : [];
    // It had this head a moment ago, and perhaps held it up: without it the head would be judged by what was true at no time.
    if (seen.siblings.includes(facts.number))
      throw new GitHubError(`The head of ${nameOf(facts)} moved while #${number} was read.`);
    return [];
  });
}

/** The same, null for a pull request that GitHub does not show any more. @throws GitHubError for anything else */
export async function readIfThere(
  context: ReadContext,
  github: GitHub,
  pull: PullRef,
): Promise<PullRead | null> {
  try {
    return await read(context, github, pull);
  } catch (error) {
    if (error instanceof GitHubError && error.gone) return null;
    throw error;
  }
}
