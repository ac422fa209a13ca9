/** Whether what landed with a pull request is what was approved, where GitHub's signature does not say so. */
import type { Facts } from "../gate/facts.ts";
import { type Landing, unproven } from "../gate/landing.ts";
import type { Revision } from "../gate/patches.ts";
import type { GitHub } from "../github/client.ts";
import { readChangedFiles } from "../github/read-branch.ts";
import { type Made, readDifference } from "../github/read-merged.ts";
import { readPatches } from "../github/read-more.ts";
import { repoKey } from "../github/targets.ts";
import { patchCache } from "../store/configs.ts";
import { landedCommits } from "../store/landed.ts";
import type { Store } from "../store/store.ts";

type ProofContext = { readonly store: Store; readonly now: () => number };

/**
 * The landing itself where what landed changes what was approved, and nothing else; otherwise what that means. Nothing is asked where
 * GitHub made it, where nothing would be cleared, and where the ledger has it as cleared; else up to six requests, and as many again
 * where it is not the same. @throws GitHubError
 */
export async function provenLanding(
  context: ProofContext,
  github: GitHub,
  landing: Landing,
  made: Made | null,
): Promise<Landing> {
  const { store, now } = context;
  const { facts, verdict } = landing;
  const { merge, headSha, base } = facts;
  if (made === null || merge?.commit == null || verdict.mode === "observe") return landing;
  const { commit } = merge;
  const { sha } = commit;
  const known = await landedCommits(store, repoKey(facts.owner, facts.repo), [sha], base);
  if (known.get(sha)?.cleared === true) return landing;
  const { isMerge, onto } = made;
  const found = { commit, merge, isMerge };
  if (onto === null)
    return unproven(landing, { ...found, difference: { kind: "absent" }, files: facts.files });
  const wanted = [
    { base: onto, sha },
    { base: onto, sha: headSha },
  ] as const;
  if (await isSameChange(context, github, facts, wanted)) return landing;
  const difference = await readDifference(github, facts, { sha, onto }, now());
  // The base branch had a part of it already.
  if (difference.kind === "read" && Object.values(difference.value).every((paths) => paths.length === 0))
    return landing;
  const files = await readChangedFiles(github, facts, [{ sha, parents: [onto] }], now());
  return unproven(landing, { ...found, difference, files });
}

/** Whether two commits are proven to change the same, each against its own base. */
export async function isSameChange(
  { store, now }: ProofContext,
  github: GitHub,
  facts: Facts,
  wanted: readonly [Revision, Revision],
): Promise<boolean> {
  const key = repoKey(facts.owner, facts.repo);
  const [one, other] = await readPatches(github, facts, wanted, patchCache(store, key, now), now());
  if (one?.fingerprint.kind !== "read" || other?.fingerprint.kind !== "read") return false;
  return one.fingerprint.value === other.fingerprint.value;
}
