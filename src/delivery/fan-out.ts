/** What one mark of a repository or an installation leads to: marks of its pull requests. */
import type { GitHub } from "../github/client.ts";
import { priority } from "../github/effects.ts";
import { listOpenPulls, listRepositories } from "../github/open-pulls.ts";
import { type OpenPull, type Quota, readOpenPulls } from "../github/read-open-pulls.ts";
import {
  groupTarget,
  pullTarget,
  repoKey,
  type RepositoryRef,
  repoTarget,
  rulesTarget,
} from "../github/targets.ts";
import { type Rejudged, rejudge, rulesOf } from "../rules/rejudge.ts";
import { openGroupsWith } from "../store/groups.ts";
import { markWaitingDeployments } from "../store/deployments.ts";
import { claimedIn, type ClaimedMark, type Mark, marksOf, putMarks } from "../store/marks.ts";
import { hintPulls } from "../store/pulls.ts";
import { recordVersions } from "../store/record-look.ts";
import type { Store } from "../store/store.ts";
import { dueTime } from "./quota.ts";

export type FanOutContext = {
  readonly store: Store;
  readonly appId: number;
  readonly configRepo: string;
  readonly now: () => number;
  readonly log: { info(fields: object, message: string): void };
};
type Due = Pick<ClaimedMark, "target" | "installation" | "priority">;

/** An installation fans out to its repositories, for the same reason. @throws GitHubError */
export async function markRepositories(
  { store, now }: FanOutContext,
  github: GitHub,
  { installation, priority: urgency }: Due,
  kind: "installation" | "all-rules",
): Promise<void> {
  const target = kind === "installation" ? repoTarget : rulesTarget;
  const repositories = await listRepositories(github, now());
  await putMarks(
    store,
    repositories.map((repo) => ({ target: target(repo), installation, priority: urgency })),
    now(),
  );
}

/**
 * A repository fans out to its open pull requests, told apart from GitHub's list and not from what deliveries said.
 * @throws GitHubError
 */
export async function markOpenPulls(
  { store, now }: FanOutContext,
  github: GitHub,
  { installation, priority: urgency }: Due,
  { owner, repo }: RepositoryRef,
): Promise<void> {
  const key = repoKey(owner, repo);
  const pulls = await listOpenPulls(github, owner, repo, now());
  await hintOpen(store, key, installation, pulls);
  await putMarks(
    store,
    pulls.map(({ number }) => ({ target: pullTarget(key, number), installation, priority: urgency })),
    now(),
  );
}

/** How soon to look; null: not at all. */
const urgencies: Readonly<Record<Rejudged, number | null>> = {
  blocks: priority.change,
  unread: priority.unread,
  changes: priority.outcome,
  rewords: priority.words,
  same: null,
};

/** One transaction of marks: nobody else writes to SQLite meanwhile. */
const marksAtOnceMax = 500;

/**
 * A change of roster or policy fans out to the open pull requests for which it makes a difference, those that pass and would be
 * blocked at once, the others as far as the hour's points allow, in the order of how much changes. A page of a hundred
 * is judged and forgotten before the next one is read. @throws GitHubError
 */
export async function markChanged(
  context: FanOutContext,
  github: GitHub,
  mark: Due,
  ref: RepositoryRef,
): Promise<void> {
  const { store, configRepo, now, log, appId } = context;
  const { installation } = mark;
  const key = repoKey(ref.owner, ref.repo);
  // A look that runs now may have read other rules, and publish after this: it is followed by one more in any case. One that
  // begins later reads these.
  const underWay = await claimedIn(store, { installation, repo: key });
  await markGroups(context, mark, key, null);
  await markWaitingDeployments(store, { repo: key }, { priority: mark.priority, now: now() });
  const rules = await rulesOf({ store, configRepo, now: now() }, github, ref);
  await recordVersions(store, rules.versions, now());
  const found: Record<Rejudged, number> = { blocks: 0, unread: 0, changes: 0, rewords: 0, same: 0 };
  const later: Mark[] = [];
  let left: Quota | null = null;
  for await (const { pulls, quota } of readOpenPulls(github, ref, { appId, now: now() })) {
    left = quota;
    await hintOpen(store, key, installation, pulls);
    const atOnce: Mark[] = [];
    for (const open of pulls) {
      const target = pullTarget(key, open.number);
      const rejudged = await rejudge(store, ref, rules, { open, now: now() });
      found[rejudged] += 1;
      const urgency = urgencies[rejudged] ?? (underWay.has(target) ? priority.words : null);
      if (urgency === null) continue;
      const marks = rejudged === "blocks" || underWay.has(target) ? atOnce : later;
      marks.push({ target, installation, priority: Math.max(mark.priority, urgency) });
    }
    await putMarks(store, atOnce, now());
  }
  if (left !== null) await markLater(context, later, installation, left);
  log.info({ target: mark.target, installation, ...found }, "Judged stored facts by the rules of now");
}

/**
 * What is found out about pull requests, or about rules, holds for the merge groups that would land them: few are open at a time,
 * and each holds up who wants to land. @param repo `owner/name` in lower case. @param landing null: whatever they land.
 */
export async function markGroups(
  { store, now }: FanOutContext,
  { installation, priority: urgency }: Due,
  repo: string,
  landing: readonly number[] | null,
): Promise<void> {
  const groups = await openGroupsWith(store, repo, landing);
  const marks = groups.map((sha) => ({ target: groupTarget(repo, sha), installation, priority: urgency }));
  await putMarks(store, marks, now());
}

/** Behind what waits in the installation already, so that several repositories do not spend the same points. */
async function markLater(
  { store, now }: FanOutContext,
  marks: readonly Mark[],
  installation: number,
  quota: Quota,
): Promise<void> {
  const before = await marksOf(store, installation);
  const sorted = marks
    .toSorted((one, other) => one.priority - other.priority)
    .map((mark, at) => ({ ...mark, dueAt: dueTime(before + at, quota, now()) }));
  for (let from = 0; from < sorted.length; from += marksAtOnceMax) {
    await putMarks(store, sorted.slice(from, from + marksAtOnceMax), now());
  }
}

async function hintOpen(
  store: Store,
  repo: string,
  installation: number,
  pulls: readonly Pick<OpenPull, "number" | "headSha" | "base">[],
): Promise<void> {
  const open = { repo, installation, open: true, merged: false };
  await hintPulls(
    store,
    pulls.map(({ number, headSha, base }) => ({ ...open, number, headSha, base })),
  );
}
