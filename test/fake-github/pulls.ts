/** Branches and pull requests: what happens to them, in which order, and who hears of it. */
import { requestSuites } from "./check-runs.ts";
import { forkNamed } from "./forks.ts";
import { commitOf, commitsBetween, diffTrees, isAncestor } from "./git.ts";
import { HttpError, invalid } from "./http-error.ts";
import { baseTip, headRepository, renderPull } from "./render-pull.ts";
import { repositoryUrl } from "./render-rest.ts";
import { missingChecks, pushProblems } from "./required-checks.ts";
import {
  type Account,
  accountById,
  accountForEmail,
  canPush,
  type Commit,
  fullName,
  type Pull,
  type Repository,
  type World,
} from "./world.ts";

const NO_SHA = "0".repeat(40);

/**
 * Moves or makes a branch, as a push does: push event, check suites, pull requests with this head follow
 * (`synchronize`), pull requests to this branch whose head it now contains count as merged.
 * @throws 409 where a ruleset of the branch is not satisfied (`bypassRules`: the pusher is on its bypass list).
 */
export function updateBranch(
  world: World,
  repository: Repository,
  update: {
    branch: string;
    sha: string;
    actor: Account;
    bypassRules?: boolean;
    merges?: "pr_merge" | "merge_queue_merge";
  },
): void {
  const { branch, sha, actor, bypassRules = false, merges } = update;
  const before = repository.branches.get(branch) ?? null;
  if (before === sha) return;
  const missing =
    before === null || bypassRules
      ? []
      : [...pushProblems(repository, branch), ...missingChecks(repository, branch, sha)];
  if (missing.length > 0) {
    throw new HttpError(409, `Repository rule violations found\n\n${missing.join("\n\n")}\n\n`);
  }
  repository.branches.set(branch, sha);
  repository.pushedAt = world.stamp();
  const moved =
    before === null ? "branch_creation" : isAncestor(repository, before, sha) ? "push" : "force_push";
  repository.activities.push({
    id: repository.activities.length + 1,
    ...{ branch, before, after: sha, actorId: actor.id },
    at: repository.pushedAt,
    type: merges ?? moved,
  });
  tellPush(world, repository, { branch, before, after: sha, actor });
  requestSuites(world, repository, { branch, before, after: sha, actorId: actor.id });
  for (const pull of openPulls(world)) {
    if (pull.pull.head.repositoryId === repository.id && pull.pull.head.ref === branch) {
      synchronize(world, pull.repository, pull.pull, actor);
    }
  }
  for (const pull of repository.pulls.values()) {
    if (pull.state === "open" && pull.base.ref === branch && before !== null) {
      if (!isAncestor(repository, pull.head.sha, sha)) continue;
      pull.base.sha = before;
      markMerged(world, repository, pull, { actor, sha });
    }
  }
}

/** @throws 422 in GitHub's words: branches that do not exist, no commits between them, or one that is open already. */
export function createPull(
  world: World,
  repository: Repository,
  author: Account,
  input: { title: string; body: string | null; head: string; base: string; draft: boolean },
): Pull {
  const ref = input.head.slice(input.head.indexOf(":") + 1);
  const source = forkNamed(world, repository, input.head) ?? repository;
  const headSha = source.branches.get(ref);
  const baseSha = repository.branches.get(input.base);
  const wrong = (field: string) =>
    invalid("Validation Failed", [{ resource: "PullRequest", field, code: "invalid" }]);
  if (headSha === undefined) throw wrong("head");
  if (baseSha === undefined) throw wrong("base");
  const failed = (message: string) =>
    invalid("Validation Failed", [{ resource: "PullRequest", code: "custom", message }]);
  if (commitsBetween(repository, baseSha, headSha).length === 0) {
    throw failed(`No commits between ${input.base} and ${ref}`);
  }
  const owner = accountById(world, source.ownerId).login;
  const open = [...repository.pulls.values()].filter((one) => one.state === "open");
  const isSame = ({ head, base }: Pull) =>
    head.repositoryId === source.id && head.ref === ref && base.ref === input.base;
  if (open.some(isSame)) {
    throw failed(`A pull request already exists for ${owner}:${ref}.`);
  }
  const now = world.stamp();
  const pull: Pull = {
    id: world.nextId(),
    number: repository.pulls.size + repository.issues.size + 1,
    userId: author.id,
    title: input.title,
    body: input.body,
    state: "open",
    locked: false,
    draft: input.draft,
    labelIds: [],
    assigneeIds: [],
    head: { repositoryId: source.id, ref, sha: headSha },
    base: { ref: input.base, sha: baseSha },
    merged: false,
    mergedById: null,
    mergeCommitSha: null,
    copies: [],
    createdAt: now,
    updatedAt: now,
    closedAt: null,
    mergedAt: null,
    editorId: null,
    lastEditedAt: null,
    reviews: [],
    comments: [],
    reviewComments: [],
    stackBase: null,
    timeline: [],
  };
  repository.pulls.set(pull.number, pull);
  tellPull(world, repository, pull, author.id, "opened");
  return pull;
}

/** Title, body and base in one go: one `edited` event with what was there before. @throws 422 for an unknown base. */
export function editPull(
  world: World,
  repository: Repository,
  pull: Pull,
  actor: Account,
  edits: { title?: string | undefined; body?: string | undefined; base?: string | undefined },
): void {
  const changes: Record<string, unknown> = {};
  const now = world.stamp();
  if (edits.base !== undefined && edits.base !== pull.base.ref) {
    changes["base"] = { ref: { from: pull.base.ref }, sha: { from: pull.base.sha } };
    changeBase(world, repository, pull, actor, edits.base, now);
  }
  if (edits.title !== undefined && edits.title !== pull.title) {
    changes["title"] = { from: pull.title };
    pull.title = edits.title;
  }
  if (edits.body !== undefined && edits.body !== (pull.body ?? "")) {
    changes["body"] = { from: pull.body ?? "" };
    pull.body = edits.body;
    // GitHub's `editor` and `lastEditedAt` are about the body alone.
    pull.editorId = actor.id;
    pull.lastEditedAt = now;
  }
  if (Object.keys(changes).length === 0) return;
  pull.updatedAt = now;
  tellPull(world, repository, pull, actor.id, "edited", { changes });
}

/** Closes it unmerged; a closed one stays as it is. */
export function closePull(world: World, repository: Repository, pull: Pull, actor: Account): void {
  if (pull.state === "closed") return;
  const now = world.stamp();
  pull.base.sha = baseTip(repository, pull);
  pull.state = "closed";
  pull.closedAt = now;
  pull.updatedAt = now;
  pull.timeline.push({ id: world.nextId(), at: now, actorId: actor.id, kind: "closed" });
  tellPull(world, repository, pull, actor.id, "closed");
}

/** @throws 422 when it was merged, or its branch was deleted or force-pushed since; a plain push is caught up with. */
export function reopenPull(world: World, repository: Repository, pull: Pull, actor: Account): void {
  if (pull.state === "open") return;
  const tip = headRepository(world, pull).branches.get(pull.head.ref);
  const refused = (message: string) =>
    invalid("Validation Failed", [{ resource: "PullRequest", field: "state", code: "custom", message }]);
  if (pull.merged) throw refused("state cannot be changed. The pull request was merged.");
  if (tip === undefined || !isAncestor(repository, pull.head.sha, tip)) {
    throw refused(`state cannot be changed. The ${pull.head.ref} branch was force-pushed or recreated.`);
  }
  const now = world.stamp();
  pull.state = "open";
  pull.closedAt = null;
  pull.updatedAt = now;
  pull.head.sha = tip;
  pull.base.sha = baseTip(repository, pull);
  pull.timeline.push({ id: world.nextId(), at: now, actorId: actor.id, kind: "reopened" });
  tellPull(world, repository, pull, actor.id, "reopened");
}

/** A draft is offered for review. */
export function markReady(world: World, repository: Repository, pull: Pull, actor: Account): void {
  const now = world.stamp();
  pull.draft = false;
  pull.updatedAt = now;
  pull.timeline.push({ id: world.nextId(), at: now, actorId: actor.id, kind: "ready-for-review" });
  tellPull(world, repository, pull, actor.id, "ready_for_review");
}

/** The pull request has landed as this commit. */
export function markMerged(
  world: World,
  repository: Repository,
  pull: Pull,
  merge: { readonly actor: Account; readonly sha: string },
): void {
  const now = world.stamp();
  pull.state = "closed";
  pull.merged = true;
  pull.mergedById = merge.actor.id;
  pull.mergeCommitSha = merge.sha;
  pull.mergedAt = now;
  pull.closedAt = now;
  pull.updatedAt = now;
  for (const kind of ["merged", "closed"] as const) {
    pull.timeline.push({ id: world.nextId(), at: now, actorId: merge.actor.id, kind });
  }
  tellPull(world, repository, pull, merge.actor.id, "closed");
}

/** Sends a pull_request event. */
export function tellPull(
  world: World,
  repository: Repository,
  pull: Pull,
  senderId: number,
  action: string,
  extra: Record<string, unknown> = {},
): void {
  world.happened({
    event: "pull_request",
    action,
    accountId: repository.ownerId,
    repository,
    senderId,
    onlyAppId: null,
    payload: { number: pull.number, pull_request: renderPull(world, repository, pull), ...extra },
  });
}

/** Whether an account may edit, close and reopen a pull request: its author, or who can push. */
export function mayEdit(repository: Repository, pull: Pull, account: Account): boolean {
  return pull.userId === account.id || canPush(repository, account.id);
}

function openPulls(world: World): { repository: Repository; pull: Pull }[] {
  return [...world.repositories.values()].flatMap((repository) =>
    [...repository.pulls.values()]
      .filter((pull) => pull.state === "open")
      .map((pull) => ({ repository, pull })),
  );
}

function synchronize(world: World, repository: Repository, pull: Pull, actor: Account): void {
  const before = pull.head.sha;
  const after = headRepository(world, pull).branches.get(pull.head.ref) ?? before;
  const now = world.stamp();
  pull.head.sha = after;
  pull.base.sha = baseTip(repository, pull);
  pull.updatedAt = now;
  if (!isAncestor(repository, before, after)) {
    const kind = "head-ref-force-pushed";
    pull.timeline.push({ id: world.nextId(), at: now, actorId: actor.id, kind, before, after });
  }
  tellPull(world, repository, pull, actor.id, "synchronize", { before, after });
}

function changeBase(
  world: World,
  repository: Repository,
  pull: Pull,
  actor: Account,
  to: string,
  at: string,
): void {
  const sha = repository.branches.get(to);
  if (sha === undefined || pull.state === "closed") {
    throw invalid("Validation Failed", [{ resource: "PullRequest", field: "base", code: "invalid" }]);
  }
  const kind = "base-ref-changed";
  pull.timeline.push({ id: world.nextId(), at, actorId: actor.id, kind, from: pull.base.ref, to });
  pull.base.ref = to;
  pull.base.sha = sha;
}

function tellPush(
  world: World,
  repository: Repository,
  push: { branch: string; before: string | null; after: string; actor: Account },
): void {
  const { branch, before, after, actor } = push;
  const from = before ?? repository.branches.get(repository.defaultBranch) ?? after;
  const commits = commitsBetween(repository, from, after).map((commit) =>
    renderPushed(world, repository, commit),
  );
  world.happened({
    event: "push",
    action: null,
    accountId: repository.ownerId,
    repository,
    senderId: actor.id,
    onlyAppId: null,
    payload: {
      ref: `refs/heads/${branch}`,
      before: before ?? NO_SHA,
      after,
      created: before === null,
      deleted: false,
      forced: before !== null && !isAncestor(repository, before, after),
      base_ref: null,
      compare: `${world.url}/${fullName(world, repository)}/compare/${from.slice(0, 12)}...${after.slice(0, 12)}`,
      commits,
      head_commit: renderPushed(world, repository, commitOf(repository, after)),
      pusher: { name: actor.login, email: actor.emails[0] ?? null },
    },
  });
}

function renderPushed(world: World, repository: Repository, commit: Commit) {
  const [parent] = commit.parents;
  const files = diffTrees(parent === undefined ? new Map() : commitOf(repository, parent).tree, commit.tree);
  const paths = (...statuses: string[]) =>
    files.filter((file) => statuses.includes(file.status)).map((file) => file.path);
  const person = ({ name, email }: { name: string; email: string }) => {
    const account = accountForEmail(world, email);
    return { name, email, ...(account ? { username: account.login } : {}) };
  };
  return {
    id: commit.sha,
    tree_id: commit.treeSha,
    distinct: true,
    message: commit.message,
    timestamp: commit.committer.date,
    url: `${repositoryUrl(world, repository)}/commit/${commit.sha}`,
    author: person(commit.author),
    committer: person(commit.committer),
    added: paths("added", "renamed"),
    // A push names the old path of a rename as removed.
    removed: [...paths("removed"), ...files.flatMap((file) => file.previousPath ?? [])],
    modified: paths("modified"),
  };
}
