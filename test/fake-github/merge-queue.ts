/**
 * The merge queue of a branch: each entry has a branch of its own with what would land, the entries ahead included, and lands
 * once the checks required on the base are there on that commit.
 */
import { mergeQueueId } from "./create-world.ts";
import { commitOf, mergeCommits } from "./git.ts";
import { HttpError } from "./http-error.ts";
import { addWebCommit } from "./merge.ts";
import { markMerged, updateBranch } from "./pulls.ts";
import { baseTip } from "./render-pull.ts";
import { missingChecks } from "./required-checks.ts";
import { type Account, accountById, type Pull, type Repository, type World } from "./world.ts";

/** `branch` is the merge group's, `sha` its head, `onto` the commit it was made on. */
type QueueEntry = Repository["queue"][number];

/**
 * Puts a pull request at the end of the queue of its base and asks for the checks of its merge group.
 * @returns the group's head SHA.
 * @throws 405 where a check required on the base is missing on the pull request's own head, or they conflict.
 */
export function enqueue(
  world: World,
  repository: Repository,
  pull: Pull,
  actor: Account,
  options: { headRef?: string; squash?: true } = {},
): string {
  const missing = missingChecks(repository, pull.base.ref, pull.head.sha);
  if (missing.length > 0) throw new HttpError(405, missing.join("\n"));
  const last = repository.queue.findLast((entry) => entry.base === pull.base.ref);
  const onto = last?.sha ?? baseTip(repository, pull);
  const tree = mergeCommits(repository, onto, pull.head.sha);
  if (tree === null) throw new HttpError(405, "Pull Request is not mergeable");
  const message = `Merge pull request #${pull.number} from ${pull.head.ref}`;
  const parents = options.squash ? [onto] : [onto, pull.head.sha];
  const sha = addWebCommit(world, repository, { tree, parents, message, author: actor });
  const branch = options.headRef ?? `gh-readonly-queue/${pull.base.ref}/pr-${pull.number}-${onto}`;
  const entry = { number: pull.number, base: pull.base.ref, branch, sha, onto, actorId: actor.id };
  repository.queue.push(entry);
  updateBranch(world, repository, { branch, sha, actor, bypassRules: true });
  tellGroup(world, repository, entry, { action: "checks_requested" });
  return sha;
}

/** Takes one entry out; those behind it are put in anew, because what they would land is another commit now. */
export function dequeue(world: World, repository: Repository, number: number): void {
  const at = repository.queue.findIndex((entry) => entry.number === number);
  const [gone, ...behind] = at === -1 ? [] : repository.queue.splice(at);
  if (gone !== undefined) destroy(world, repository, gone, "dequeued");
  for (const entry of behind) destroy(world, repository, entry, "invalidated");
  for (const entry of behind) {
    const pull = repository.pulls.get(entry.number);
    if (pull !== undefined) enqueue(world, repository, pull, accountById(world, entry.actorId));
  }
}

/**
 * Lands the first entries as long as their checks pass, as GitHub does when a check comes in: those of one branch with one push.
 * @returns their numbers.
 */
export function landQueue(world: World, repository: Repository): number[] {
  const actor = accountById(world, mergeQueueId);
  const landed: number[] = [];
  for (let group = nextGroup(repository); group.length > 0; group = nextGroup(repository)) {
    const { base, sha } = group.at(-1) ?? {};
    if (base === undefined || sha === undefined) break;
    for (const entry of group) {
      const pull = repository.pulls.get(entry.number);
      if (pull === undefined) continue;
      pull.base.sha = entry.onto;
      markMerged(world, repository, pull, { actor, sha: entry.sha });
    }
    updateBranch(world, repository, {
      branch: base,
      sha,
      actor,
      merges: "merge_queue_merge",
      bypassRules: true,
    });
    for (const entry of group) destroy(world, repository, entry, "merged");
    landed.push(...group.map(({ number }) => number));
  }
  return landed;
}

/** Takes the first entries out that are of one branch and have what it requires. */
function nextGroup(repository: Repository): QueueEntry[] {
  const base = repository.queue[0]?.base;
  const end = repository.queue.findIndex(
    (entry) => entry.base !== base || missingChecks(repository, entry.base, entry.sha).length > 0,
  );
  return repository.queue.splice(0, end === -1 ? repository.queue.length : end);
}

function destroy(world: World, repository: Repository, entry: QueueEntry, reason: string): void {
  repository.branches.delete(entry.branch);
  tellGroup(world, repository, entry, { action: "destroyed", reason });
}

function tellGroup(
  world: World,
  repository: Repository,
  entry: QueueEntry,
  said: { action: string; reason?: string },
): void {
  const { action, ...reason } = said;
  const { sha, treeSha, message, author, committer } = commitOf(repository, entry.sha);
  world.happened({
    event: "merge_group",
    action,
    accountId: repository.ownerId,
    repository,
    senderId: entry.actorId,
    onlyAppId: null,
    payload: {
      ...reason,
      merge_group: {
        head_sha: sha,
        head_ref: `refs/heads/${entry.branch}`,
        base_sha: entry.onto,
        base_ref: `refs/heads/${entry.base}`,
        head_commit: {
          id: sha,
          tree_id: treeSha,
          message,
          timestamp: committer.date,
          author: { name: author.name, email: author.email },
          committer: { name: committer.name, email: committer.email },
        },
      },
    },
  });
}
