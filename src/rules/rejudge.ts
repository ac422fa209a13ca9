import type { Facts } from "../gate/facts.ts";
import { judge } from "../gate/judge.ts";
import { render } from "../gate/render.ts";
import { blocks } from "../gate/strictest.ts";
import type { CheckOutput } from "../gate/verdict.ts";
import { lacks } from "../gate/wanted.ts";
import type { GitHub } from "../github/client.ts";
import { rosterPath } from "../github/facts-query.ts";
import { type OpenPull, readConfigFiles } from "../github/read-open-pulls.ts";
import { repoKey, type RepositoryRef } from "../github/targets.ts";
import { configInForce, type InForce, withKnownIds } from "./in-force.ts";
import { type StoredPull, understoodPull } from "../store/pulls.ts";
import type { Store } from "../store/store.ts";

/** What a look at a pull request would find after roster or policy have changed, as far as stored facts tell. */
export type Rejudged =
  /** It passes on GitHub now, and would be blocked. */
  | "blocks"
  /** Nothing is known of it; or it passes, and has changed since it was looked at or these rules ask for what was not read. */
  | "unread"
  /** The verdict would be another one; or may be, of one that does not pass. */
  | "changes"
  /** The same verdict in other words, or GitHub does not show it. */
  | "rewords"
  /** GitHub shows what would be published. */
  | "same";

/** Roster and policies in force in a repository, read for many pull requests at once. @throws GitHubError */
export async function rulesOf(
  context: { readonly store: Store; readonly configRepo: string; readonly now: number },
  github: GitHub,
  ref: RepositoryRef,
): Promise<InForce> {
  const files = await readConfigFiles(github, ref, context);
  const inForce = await configInForce({ ...context, github }, ref.owner, files);
  return { ...inForce, config: await withKnownIds(context.store, inForce.config, ref.owner) };
}

/**
 * Judges the facts that the last look at a pull request read by the rules of now. Nothing is recorded or published: it only says
 * whether and how soon to look, so facts that are out of date cost time and never a verdict. `same` needs all of it: GitHub shows
 * head, base and time of the last change that were looked at, the facts hold whatever these rules ask for, and verdict and check
 * run say already what they would say.
 */
export async function rejudge(
  store: Store,
  { owner, repo }: RepositoryRef,
  rules: InForce,
  { open, now }: { readonly open: OpenPull; readonly now: number },
): Promise<Rejudged> {
  const stored = await understoodPull(store, repoKey(owner, repo), open.number);
  if (stored === null) return "unread";
  // Who is away today is not named.
  const facts = { ...stored.facts, readAt: new Date(now).toISOString() };
  const verdict = judge(facts, rules.config);
  const unread = !isCurrent(stored, open) || needsReading(stored, rules);
  // What was not read is no reason to hurry.
  const guessed = unread && verdict?.outcome.kind === "undecidable";
  if (passes(open) && verdict !== null && blocks(verdict) && !guessed) return "blocks";
  if (unread) return passes(open) ? "unread" : "changes";
  if (verdict === null || verdict.outcome.kind !== stored.verdict.outcome.kind) return "changes";
  if (verdict.mode !== stored.verdict.mode) return "changes";
  const said = render(verdict);
  const same = isShown(open, said) && said.summary === render(stored.verdict).summary;
  return same ? "same" : "rewords";
}

function passes({ shown }: OpenPull): boolean {
  return shown !== null && ["success", "neutral", "skipped"].includes(shown.conclusion);
}

function isCurrent({ facts, updatedAt }: StoredPull, open: OpenPull): boolean {
  return facts.headSha === open.headSha && facts.base === open.base && updatedAt === open.updatedAt;
}

function isShown({ shown }: OpenPull, said: CheckOutput): boolean {
  return shown !== null && shown.conclusion === said.conclusion && shown.title === said.title;
}

/** Whether these rules may ask for facts that were not read for the rules of then. */
function needsReading(
  { facts, configVersions }: StoredPull,
  { config, versions, guarded }: InForce,
): boolean {
  const own = (name: string) => name.startsWith(`${repoKey(facts.owner, facts.repo)} `);
  // Which files of the repository are in force decides which of them are guarded.
  if (!sameNames(Object.keys(configVersions).filter(own), Object.keys(versions).filter(own))) return true;
  if (touches(facts, guarded)) return true;
  return lacks(facts, config, {
    samePolicies: sameNames(policiesAmong(configVersions), policiesAmong(versions)),
  });
}

function policiesAmong(versions: Readonly<Record<string, string>>): string[] {
  return Object.entries(versions).flatMap(([name, version]) =>
    name.endsWith(rosterPath) ? [] : [`${name} ${version}`],
  );
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  return one.toSorted().join("\n") === other.toSorted().join("\n");
}

/** Whether the pull request changes a file in force, which is held against the one it would replace. */
function touches({ files, configChanges }: Facts, guarded: InForce["guarded"]): boolean {
  if (configChanges.length > 0 || files.kind !== "read") return true;
  const paths = guarded.map(({ path }) => path);
  return files.value.some(
    ({ path, previousPath }) => paths.includes(path) || paths.includes(previousPath ?? ""),
  );
}
