/** The REST calls about workflow runs that wait for an environment, and about the rules of environments. */
import type { Hono } from "hono";
import { z } from "zod";
import { requireInstallation } from "./auth.ts";
import {
  enableRule,
  type Environment,
  environmentNamed,
  pendingEnvironments,
  reviewGate,
  titleOf,
  type WorkflowRun,
} from "./deployments.ts";
import { HttpError, notFound } from "./http-error.ts";
import { apiUrl, renderRepository, repositoryUrl } from "./render-rest.ts";
import { bodyIn, numberIn, paged, repositoryIn, type RestContext, type RestEnv } from "./rest-context.ts";
import { fullName, nodeId, type Repository, roleOf, type World } from "./world.ts";

const READ = { name: "actions", level: "read" } as const;
const ENVIRONMENT = "/repos/:owner/:repo/environments/:environment/deployment_protection_rules";

const reviewBody = z.object({
  environment_name: z.string(),
  state: z.enum(["approved", "rejected"]).optional(),
  comment: z.string().optional(),
});
const ruleBody = z.object({ integration_id: z.number().optional() });

/** Adds the routes. */
export function addDeploymentRoutes(rest: Hono<RestEnv>, world: World): void {
  rest.get("/repos/:owner/:repo/actions/runs", (context) => {
    const repository = repositoryIn(world, context, READ);
    const status = context.req.query("status");
    const runs = repository.runs.filter((run) => status === undefined || run.status === status).toReversed();
    const page = paged(world, context, runs).map((run) => renderRun(world, repository, run));
    return context.json({ total_count: runs.length, workflow_runs: page });
  });
  rest.get("/repos/:owner/:repo/actions/runs/:run", (context) => {
    const repository = repositoryIn(world, context, READ);
    return context.json(renderRun(world, repository, runIn(repository, context)));
  });
  rest.get("/repos/:owner/:repo/actions/runs/:run/pending_deployments", (context) => {
    const repository = repositoryIn(world, context, READ);
    const pending = pendingEnvironments(repository, runIn(repository, context));
    return context.json(pending.map((environment) => renderPending(world, repository, environment)));
  });
  rest.post("/repos/:owner/:repo/actions/runs/:run/deployment_protection_rule", async (context) => {
    const repository = repositoryIn(world, context, { name: "deployments", level: "write" });
    const app = requireInstallation(context.get("viewer"));
    const review = await bodyIn(context, reviewBody);
    reviewGate(repository, runIn(repository, context), app, review);
    return context.body(null, 204);
  });
  rest.get("/repos/:owner/:repo/environments", (context) => {
    const repository = repositoryIn(world, context, READ);
    const { environments } = repository;
    const shown = paged(world, context, environments).map((one) => renderEnvironment(world, repository, one));
    return context.json({ total_count: environments.length, environments: shown });
  });
  rest.get(ENVIRONMENT, (context) => {
    const repository = repositoryIn(world, context, READ);
    const { rules } = environmentIn(repository, context);
    const rendered = rules.map((rule) => renderRule(world, rule));
    return context.json({ total_count: rules.length, custom_deployment_protection_rules: rendered });
  });
  rest.post(ENVIRONMENT, async (context) => {
    const repository = repositoryIn(world, context, { name: "administration", level: "write" });
    const viewer = context.get("viewer");
    if (viewer.kind === "user" && roleOf(repository, viewer.account.id) !== "admin")
      throw new HttpError(403, "Must have admin rights to Repository.");
    const { integration_id: appId } = await bodyIn(context, ruleBody);
    const rule = enableRule(world, repository, environmentIn(repository, context), appId);
    return context.json(renderRule(world, rule), 201);
  });
}

function runIn(repository: Repository, context: RestContext): WorkflowRun {
  const id = numberIn(context, "run");
  const run = repository.runs.find((one) => one.id === id);
  if (run === undefined) throw notFound();
  return run;
}

function environmentIn(repository: Repository, context: RestContext): Environment {
  return environmentNamed(repository, context.req.param("environment") ?? "");
}

function renderRule(world: World, { id, appId }: Environment["rules"][number]) {
  const slug = world.apps.get(appId)?.slug ?? "";
  const app = {
    id: appId,
    slug,
    integration_url: `${apiUrl(world)}/apps/${slug}`,
    node_id: nodeId("A", appId),
  };
  return { id, node_id: nodeId("GATE", id), enabled: true, app };
}

function renderEnvironment(world: World, repository: Repository, { id, name }: Environment) {
  const url = `${repositoryUrl(world, repository)}/environments/${encodeURIComponent(name)}`;
  const html_url = `${world.url}/${fullName(world, repository)}/deployments`;
  const at = repository.createdAt;
  return { id, node_id: nodeId("EN", id), name, url, html_url, created_at: at, updated_at: at };
}

function renderPending(world: World, repository: Repository, environment: Environment) {
  const { id, node_id, name, url, html_url } = renderEnvironment(world, repository, environment);
  return {
    environment: { id, node_id, name, url, html_url },
    wait_timer: 0,
    wait_timer_started_at: null,
    current_user_can_approve: false,
    reviewers: [],
  };
}

function renderRun(world: World, repository: Repository, run: WorkflowRun) {
  const url = `${repositoryUrl(world, repository)}/actions/runs/${run.id}`;
  const head = [...world.repositories.values()].find(({ id }) => id === run.headRepositoryId);
  return {
    id: run.id,
    name: "Deploy",
    node_id: nodeId("WFR", run.id),
    head_branch: run.headBranch,
    head_sha: run.headSha,
    path: ".github/workflows/deploy.yml",
    display_title: titleOf(repository, run),
    run_number: 1,
    run_attempt: run.attempt,
    event: run.event,
    status: run.status,
    conclusion: run.conclusion,
    workflow_id: 1,
    url,
    html_url: `${world.url}/${fullName(world, repository)}/actions/runs/${run.id}`,
    created_at: run.createdAt,
    updated_at: run.createdAt,
    head_commit: null,
    repository: renderRepository(world, repository),
    head_repository: head === undefined ? null : renderRepository(world, head),
    pull_requests: [],
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${repositoryUrl(world, repository)}/check-suites/1`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    workflow_url: `${repositoryUrl(world, repository)}/actions/workflows/1`,
  };
}
