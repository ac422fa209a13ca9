/**
 * Environments with custom deployment protection rules, and workflow runs that wait for them. A run asks for each rule
 * of an environment; the job starts when all of them and the environment's required reviewers have approved.
 * https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/create-custom-protection-rules
 */
import { invalid, notFound } from "./http-error.ts";
import { renderAccount, repositoryUrl } from "./render-rest.ts";
import { type Account, accountById, type App, covers, nodeId, type Repository, type World } from "./world.ts";

export type Environment = {
  readonly id: number;
  readonly name: string;
  /** Somebody of GitHub's own required reviewers must approve, too. */
  readonly reviewed: boolean;
  readonly rules: { readonly id: number; readonly appId: number }[];
};

/** What a rule was asked, and what its app said. */
export type Gate = {
  readonly environment: string;
  readonly appId: number;
  state: "pending" | "approved" | "rejected";
  /** Status reports and the comment of the review, in their order. */
  readonly comments: string[];
};

export type WorkflowRun = {
  readonly id: number;
  readonly headSha: string;
  readonly headBranch: string;
  readonly event: string;
  /** Null: it was deleted. */
  readonly headRepositoryId: number | null;
  readonly actorId: number;
  readonly createdAt: string;
  attempt: number;
  status: "waiting" | "completed";
  conclusion: "success" | "failure" | "cancelled" | null;
  /** Of the present attempt. */
  gates: Gate[];
};

/** https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/create-custom-protection-rules */
const RULES_MAX = 6;
const REPORTS_MAX = 10;
const COMMENT_MAX = 1024;

/** A new environment without custom rules. */
export function createEnvironment(
  world: World,
  repository: Repository,
  name: string,
  options: { readonly reviewed?: boolean } = {},
): Environment {
  const { reviewed = false } = options;
  const environment = { id: world.nextId(), name, reviewed, rules: [] };
  repository.environments.push(environment);
  return environment;
}

/** Environment names are not case sensitive. @throws 404 */
export function environmentNamed(repository: Repository, name: string): Environment {
  const found = repository.environments.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (found === undefined) throw notFound();
  return found;
}

/** @throws 422 where the app is not installed here, provides no rule, has one already, or there are too many. */
export function enableRule(
  world: World,
  repository: Repository,
  environment: Environment,
  appId: number | undefined,
): Environment["rules"][number] {
  const app = [...world.apps.values()].find(({ id }) => id === appId);
  const installed = [...world.installations.values()].some(
    (installation) => installation.appId === appId && covers(installation, repository),
  );
  if (app === undefined || !installed || !providesRule(app)) {
    throw invalid("Validation Failed", [
      "The app is not installed or provides no deployment protection rule",
    ]);
  }
  if (environment.rules.some((rule) => rule.appId === app.id)) throw invalid("Validation Failed");
  if (environment.rules.length >= RULES_MAX) throw invalid("Validation Failed");
  const rule = { id: world.nextId(), appId: app.id };
  environment.rules.push(rule);
  return rule;
}

function providesRule({ permissions, events }: App): boolean {
  return permissions["deployments"] === "write" && events.includes("deployment_protection_rule");
}

export type NewRun = {
  readonly environment: string;
  readonly sha: string;
  readonly by: Account;
  readonly branch?: string;
  readonly event?: string;
  /** Of a fork's pull request; null when the fork is gone. */
  readonly fork?: Repository | null;
};

/** A workflow run whose job deploys to an environment. */
export function startRun(world: World, repository: Repository, given: NewRun): WorkflowRun {
  const { fork, sha, by, branch = repository.defaultBranch, event = "push" } = given;
  const run: WorkflowRun = {
    id: world.nextId(),
    headSha: sha,
    headBranch: branch,
    event,
    headRepositoryId: fork === null ? null : (fork ?? repository).id,
    actorId: by.id,
    createdAt: world.stamp(),
    attempt: 1,
    status: "waiting",
    conclusion: null,
    gates: [],
  };
  repository.runs.push(run);
  ask(world, repository, run, given.environment);
  return run;
}

/** A job of the run wants to deploy to this environment: each rule's app is asked. */
export function ask(world: World, repository: Repository, run: WorkflowRun, name: string): void {
  const environment = environmentNamed(repository, name);
  for (const { appId } of environment.rules) {
    run.gates = run.gates.filter((gate) => gate.appId !== appId || gate.environment !== environment.name);
    run.gates.push({ environment: environment.name, appId, state: "pending", comments: [] });
    tell(world, repository, run, { environment, appId });
  }
  settle(repository, run);
}

/** "Re-run all jobs". */
export function rerun(world: World, repository: Repository, run: WorkflowRun): void {
  const environments = [...new Set(run.gates.map((gate) => gate.environment))];
  run.attempt += 1;
  run.status = "waiting";
  run.conclusion = null;
  run.gates = [];
  for (const environment of environments) ask(world, repository, run, environment);
}

export type GateReview = {
  readonly environment_name: string;
  readonly state?: "approved" | "rejected" | undefined;
  readonly comment?: string | undefined;
};

/** An app reports on its rule, or decides. @throws 422 in GitHub's words */
export function reviewGate(repository: Repository, run: WorkflowRun, app: App, review: GateReview): void {
  const { environment_name: name, state, comment } = review;
  const gate = run.gates.find(
    (one) => one.appId === app.id && one.environment.toLowerCase() === name.toLowerCase(),
  );
  if (gate === undefined || run.status !== "waiting")
    throw refused("No pending deployment requests to approve or reject");
  if (gate.state !== "pending") throw refused("Deployment protection rule has already been reviewed");
  if (comment !== undefined && comment.length > COMMENT_MAX)
    throw refused(`Comment is too long (maximum is ${COMMENT_MAX} characters)`);
  if (state === undefined && gate.comments.length >= REPORTS_MAX) throw refused("Too many status reports");
  if (comment !== undefined) gate.comments.push(comment);
  if (state !== undefined) gate.state = state;
  settle(repository, run);
}

function refused(why: string) {
  return invalid("Validation Failed", [why]);
}

/** The environments a run still waits for. */
export function pendingEnvironments(repository: Repository, run: WorkflowRun): Environment[] {
  if (run.status !== "waiting") return [];
  const names = [...new Set(run.gates.map((gate) => gate.environment))];
  return names
    .map((name) => environmentNamed(repository, name))
    .filter(
      ({ name, reviewed }) =>
        reviewed || run.gates.some((gate) => gate.environment === name && gate.state === "pending"),
    );
}

function settle(repository: Repository, run: WorkflowRun): void {
  if (run.status !== "waiting") return;
  const rejected = run.gates.some(({ state }) => state === "rejected");
  if (!rejected && pendingEnvironments(repository, run).length > 0) return;
  run.status = "completed";
  run.conclusion = rejected ? "failure" : "success";
}

function tell(
  world: World,
  repository: Repository,
  run: WorkflowRun,
  { environment, appId }: { readonly environment: Environment; readonly appId: number },
): void {
  const url = repositoryUrl(world, repository);
  const id = world.nextId();
  const deployment = {
    id,
    node_id: nodeId("DE", id),
    url: `${url}/deployments/${id}`,
    sha: run.headSha,
    ref: run.headBranch,
    task: "deploy",
    payload: {},
    original_environment: environment.name,
    environment: environment.name,
    description: null,
    creator: renderAccount(world, accountById(world, run.actorId)),
    created_at: run.createdAt,
    updated_at: run.createdAt,
    statuses_url: `${url}/deployments/${id}/statuses`,
    repository_url: url,
    transient_environment: false,
    production_environment: false,
  };
  world.happened({
    event: "deployment_protection_rule",
    action: "requested",
    accountId: repository.ownerId,
    repository,
    senderId: run.actorId,
    onlyAppId: appId,
    payload: {
      environment: environment.name,
      event: run.event,
      sha: run.headSha,
      ref: `refs/heads/${run.headBranch}`,
      deployment_callback_url: `${url}/actions/runs/${run.id}/deployment_protection_rule`,
      deployment,
      pull_requests: [],
    },
  });
}

/** The title of a run is the first line of its commit's message, as long as the commit is there. */
export function titleOf(repository: Repository, run: WorkflowRun): string {
  return repository.commits.get(run.headSha)?.message.split("\n")[0] ?? "Deploy";
}
