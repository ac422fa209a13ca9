/** Check suites and check runs: one suite per app and SHA, runs only by the app that owns them, GitHub's limits. */
import { type Annotation, checkAnnotations } from "./annotations.ts";
import { commitOf } from "./git.ts";
import { HttpError, invalid } from "./http-error.ts";
import { renderPullMinimal } from "./render-pull.ts";
import { renderApp, repositoryUrl } from "./render-rest.ts";
import {
  type App,
  type CheckConclusion,
  type CheckRun,
  type CheckStatus,
  type CheckSuite,
  covers,
  fullName,
  nodeId,
  type Repository,
  type World,
} from "./world.ts";

/** What POST and PATCH take; everything that is left out stays as it is. */
export type CheckRunInput = {
  readonly name?: string | undefined;
  readonly status?: CheckStatus | undefined;
  readonly conclusion?: CheckConclusion | undefined;
  readonly externalId?: string | undefined;
  readonly detailsUrl?: string | undefined;
  readonly startedAt?: string | undefined;
  readonly completedAt?: string | undefined;
  readonly output?: CheckRunOutput | undefined;
};
export type CheckRunOutput = {
  readonly title?: string | undefined;
  readonly summary?: string | undefined;
  readonly text?: string | undefined;
  readonly annotations?: readonly Annotation[] | undefined;
};

/** GitHub's documented limit for `output.summary` and `output.text`; counted as JavaScript does, the stricter way. */
const OUTPUT_CHARACTERS_MAX = 65_535;
/** Not documented for `output.title`; it is for an annotation's, and no title of ours may rely on more. */
const TITLE_CHARACTERS_MAX = 255;

/** Makes the suites a push brings (`check_suite.requested`), one for each app that may write checks. */
export function requestSuites(
  world: World,
  repository: Repository,
  push: {
    readonly branch: string;
    readonly before: string | null;
    readonly after: string;
    readonly actorId: number;
  },
): void {
  for (const installation of world.installations.values()) {
    if (installation.permissions["checks"] !== "write" || !covers(installation, repository)) continue;
    const { branch, before, after } = push;
    if (findSuite(repository, installation.appId, after)) continue;
    const suite = addSuite(world, repository, {
      appId: installation.appId,
      headSha: after,
      headBranch: branch,
      before,
    });
    tellSuite(world, repository, suite, "requested", push.actorId);
  }
}

/** @throws 422 for an unknown SHA or an output past GitHub's limits. */
export function createCheckRun(
  world: World,
  repository: Repository,
  app: App,
  headSha: string,
  input: CheckRunInput & { readonly name: string },
): CheckRun {
  if (!repository.commits.has(headSha)) throw invalid(`No commit found for SHA: ${headSha}`);
  checkInput(input);
  const suite =
    findSuite(repository, app.id, headSha) ??
    addSuite(world, repository, {
      appId: app.id,
      headSha,
      headBranch: branchAt(repository, headSha),
      before: null,
    });
  const run: CheckRun = {
    id: world.nextId(),
    suiteId: suite.id,
    appId: app.id,
    headSha,
    name: input.name,
    status: "queued",
    conclusion: null,
    externalId: "",
    detailsUrl: null,
    output: { title: null, summary: null, text: null },
    annotations: [],
    startedAt: input.startedAt ?? world.stamp(),
    completedAt: null,
  };
  write(world, suite, run, input);
  repository.checkRuns.push(run);
  tellRun(world, repository, run, "created", app.botId);
  if (run.status === "completed") tellRun(world, repository, run, "completed", app.botId);
  return run;
}

/** @throws 403 for another app's run, 422 as for a new one. */
export function updateCheckRun(
  world: World,
  repository: Repository,
  app: App,
  run: CheckRun,
  input: CheckRunInput,
): CheckRun {
  if (run.appId !== app.id) {
    throw new HttpError(
      403,
      `Invalid app_id \`${app.id}\` - check run can only be modified by the GitHub App that created it.`,
    );
  }
  checkInput(input);
  write(world, suiteOf(repository, run), run, input);
  if (run.status === "completed") tellRun(world, repository, run, "completed", app.botId);
  return run;
}

/** "Re-run" on one check: the suite is queued again, the run itself stays as it is until its app writes it. */
export function rerequestRun(world: World, repository: Repository, run: CheckRun, actorId: number): void {
  const suite = suiteOf(repository, run);
  suite.rerequested = true;
  suite.updatedAt = world.stamp();
  tellRun(world, repository, run, "rerequested", actorId);
}

/** "Re-run all checks". */
export function rerequestSuite(
  world: World,
  repository: Repository,
  suite: CheckSuite,
  actorId: number,
): void {
  suite.rerequested = true;
  suite.updatedAt = world.stamp();
  tellSuite(world, repository, suite, "rerequested", actorId);
}

/** A suite's status and conclusion: those of its runs, the worst first; queued while it has none or was re-requested. */
export function suiteState(
  repository: Repository,
  suite: CheckSuite,
): { readonly status: CheckStatus; readonly conclusion: CheckConclusion | null } {
  const runs = runsOf(repository, suite);
  if (suite.rerequested || runs.length === 0) return { status: "queued", conclusion: null };
  if (runs.some((run) => run.status !== "completed")) return { status: "in_progress", conclusion: null };
  const worstFirst = [
    "failure",
    "timed_out",
    "action_required",
    "cancelled",
    "stale",
    "success",
    "neutral",
    "skipped",
  ] as const;
  const conclusion = worstFirst.find((one) => runs.some((run) => run.conclusion === one)) ?? null;
  return { status: "completed", conclusion };
}

/** The runs of a suite, oldest first. */
export function runsOf(repository: Repository, suite: CheckSuite): CheckRun[] {
  return repository.checkRuns.filter((run) => run.suiteId === suite.id);
}

/** A check run as REST answers it. */
export function renderCheckRun(world: World, repository: Repository, run: CheckRun) {
  const url = `${repositoryUrl(world, repository)}/check-runs/${run.id}`;
  const html = `${world.url}/${fullName(world, repository)}/runs/${run.id}`;
  return {
    id: run.id,
    name: run.name,
    node_id: nodeId("CR", run.id),
    head_sha: run.headSha,
    external_id: run.externalId,
    url,
    html_url: html,
    details_url: run.detailsUrl ?? html,
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt,
    completed_at: run.completedAt,
    output: {
      ...run.output,
      annotations_count: run.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    check_suite: { id: run.suiteId },
    app: renderApp(world, appOf(world, run.appId)),
    pull_requests: pullsAt(repository, run.headSha).map((pull) => renderPullMinimal(world, repository, pull)),
  };
}

function checkInput(input: CheckRunInput): void {
  for (const text of [input.output?.summary, input.output?.text]) {
    if (text !== undefined && text.length > OUTPUT_CHARACTERS_MAX) {
      throw invalid(`Only ${OUTPUT_CHARACTERS_MAX} characters are allowed; ${text.length} were supplied.`);
    }
  }
  const title = input.output?.title;
  if (title !== undefined && title.length > TITLE_CHARACTERS_MAX) {
    throw invalid(`title is too long (maximum is ${TITLE_CHARACTERS_MAX} characters)`);
  }
  checkAnnotations(input.output?.annotations ?? []);
  if (input.conclusion === "stale") throw invalid("conclusion stale can only be set by GitHub");
  if (input.status === "completed" && input.conclusion === undefined) {
    throw invalid("Missing required parameter: conclusion is required when status is completed");
  }
}

function write(world: World, suite: CheckSuite, run: CheckRun, input: CheckRunInput): void {
  const now = world.stamp();
  run.name = input.name ?? run.name;
  run.externalId = input.externalId ?? run.externalId;
  run.detailsUrl = input.detailsUrl ?? run.detailsUrl;
  if (input.output) {
    const { title = run.output.title, summary = run.output.summary, text = run.output.text } = input.output;
    run.output = { title, summary, text };
    run.annotations.push(...(input.output.annotations ?? []));
  }
  run.startedAt = input.startedAt ?? run.startedAt;
  if (input.conclusion !== undefined) {
    // A conclusion alone completes the run.
    run.status = "completed";
    run.conclusion = input.conclusion;
    run.completedAt = input.completedAt ?? now;
  } else if (input.status !== undefined) {
    run.status = input.status;
    run.conclusion = null;
    run.completedAt = null;
  }
  suite.rerequested = false;
  suite.updatedAt = now;
}

function addSuite(
  world: World,
  repository: Repository,
  content: Pick<CheckSuite, "appId" | "headSha" | "headBranch" | "before">,
): CheckSuite {
  const now = world.stamp();
  const suite = { id: world.nextId(), ...content, rerequested: false, createdAt: now, updatedAt: now };
  repository.checkSuites.push(suite);
  return suite;
}

function findSuite(repository: Repository, appId: number, sha: string): CheckSuite | undefined {
  return repository.checkSuites.find((suite) => suite.appId === appId && suite.headSha === sha);
}

function suiteOf(repository: Repository, run: CheckRun): CheckSuite {
  const suite = repository.checkSuites.find((one) => one.id === run.suiteId);
  if (!suite) throw new Error(`Check run ${run.id} has no suite.`);
  return suite;
}

function branchAt(repository: Repository, sha: string): string | null {
  return [...repository.branches].find(([, head]) => head === sha)?.[0] ?? null;
}

/** Open pull requests with this head, from the repository itself: GitHub finds none that come from a fork. */
function pullsAt(repository: Repository, sha: string) {
  return [...repository.pulls.values()].filter(
    (pull) => pull.state === "open" && pull.head.sha === sha && pull.head.repositoryId === repository.id,
  );
}

function appOf(world: World, id: number): App {
  const app = world.apps.get(id);
  if (!app) throw new Error(`The fake GitHub has no app ${id}.`);
  return app;
}

function tellRun(
  world: World,
  repository: Repository,
  run: CheckRun,
  action: "created" | "completed" | "rerequested",
  senderId: number,
): void {
  const { check_suite: _, ...rest } = renderCheckRun(world, repository, run);
  const suite = renderSuite(world, repository, suiteOf(repository, run));
  world.happened({
    event: "check_run",
    action,
    accountId: repository.ownerId,
    repository,
    senderId,
    onlyAppId: action === "rerequested" ? run.appId : null,
    payload: { check_run: { ...rest, check_suite: suite } },
  });
}

function tellSuite(
  world: World,
  repository: Repository,
  suite: CheckSuite,
  action: "requested" | "rerequested",
  senderId: number,
): void {
  const commit = commitOf(repository, suite.headSha);
  const head = {
    id: commit.sha,
    tree_id: commit.treeSha,
    message: commit.message,
    timestamp: commit.committer.date,
    author: { name: commit.author.name, email: commit.author.email },
    committer: { name: commit.committer.name, email: commit.committer.email },
  };
  const counts = { latest_check_runs_count: runsOf(repository, suite).length };
  const checkSuite = { ...renderSuite(world, repository, suite), head_commit: head, ...counts };
  world.happened({
    event: "check_suite",
    action,
    accountId: repository.ownerId,
    repository,
    senderId,
    onlyAppId: suite.appId,
    payload: { check_suite: checkSuite },
  });
}

function renderSuite(world: World, repository: Repository, suite: CheckSuite) {
  const url = `${repositoryUrl(world, repository)}/check-suites/${suite.id}`;
  return {
    id: suite.id,
    node_id: nodeId("CS", suite.id),
    head_branch: suite.headBranch,
    head_sha: suite.headSha,
    ...suiteState(repository, suite),
    url,
    before: suite.before,
    after: suite.headSha,
    pull_requests: pullsAt(repository, suite.headSha).map((pull) =>
      renderPullMinimal(world, repository, pull),
    ),
    app: renderApp(world, appOf(world, suite.appId)),
    created_at: suite.createdAt,
    updated_at: suite.updatedAt,
    check_runs_url: `${url}/check-runs`,
    rerequestable: true,
    runs_rerequestable: true,
  };
}
