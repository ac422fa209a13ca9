/** The REST calls an app makes about itself and its checks. */
import type { Hono } from "hono";
import { z } from "zod";
import { annotationBody } from "./annotations.ts";
import { issueInstallationToken, requireInstallation } from "./auth.ts";
import { createCheckRun, renderCheckRun, rerequestRun, updateCheckRun } from "./check-runs.ts";
import { HttpError, invalid, notFound } from "./http-error.ts";
import { renderApp, renderInstallation, renderRepository, repositoriesOf } from "./render-rest.ts";
import { addHookRoutes } from "./rest-hooks.ts";
import { latestPerApp, renderRules } from "./required-checks.ts";
import { addRulesetRoutes } from "./rulesets.ts";
import {
  appIn,
  bodyIn,
  numberIn,
  paged,
  repositoryIn,
  type RestContext,
  type RestEnv,
} from "./rest-context.ts";
import { canPush, type CheckRun, type Installation, type Repository, type World } from "./world.ts";

const tokenBody = z.object({
  repositories: z.array(z.string()).optional(),
  repository_ids: z.array(z.number()).optional(),
  permissions: z.record(z.string(), z.enum(["read", "write"])).optional(),
});
const checkRunBody = z.object({
  name: z.string().optional(),
  head_sha: z.string().optional(),
  status: z.enum(["queued", "in_progress", "completed"]).optional(),
  conclusion: z
    .enum(["success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required", "stale"])
    .optional(),
  external_id: z.string().optional(),
  details_url: z.string().optional(),
  started_at: z.string().optional(),
  completed_at: z.string().optional(),
  output: z
    .object({
      title: z.string().optional(),
      summary: z.string().optional(),
      text: z.string().optional(),
      annotations: z.array(annotationBody).optional(),
    })
    .optional(),
});

/** Adds the routes. */
export function addAppRoutes(rest: Hono<RestEnv>, world: World): void {
  rest.get("/app", (context) => context.json(renderApp(world, appIn(context))));
  rest.get("/app/installations", (context) => {
    const app = appIn(context);
    const all = [...world.installations.values()].filter((installation) => installation.appId === app.id);
    return context.json(
      paged(world, context, all).map((installation) => renderInstallation(world, installation)),
    );
  });
  rest.post("/app/installations/:id/access_tokens", async (context) => {
    const installation = world.installations.get(numberIn(context, "id"));
    if (!installation || installation.appId !== appIn(context).id) throw notFound();
    return context.json(await token(world, context, installation), 201);
  });
  rest.get("/installation/repositories", (context) => {
    const viewer = context.get("viewer");
    if (viewer.kind !== "installation")
      throw new HttpError(
        403,
        "You must authenticate with an installation access token in order to list repositories for an installation.",
      );
    const { installation, repositoryIds } = viewer;
    const all = repositoriesOf(world, installation).filter((one) => repositoryIds?.has(one.id) ?? true);
    const repositories = paged(world, context, all).map((one) => renderRepository(world, one));
    const { selection } = installation;
    return context.json({ total_count: all.length, repository_selection: selection, repositories });
  });
  rest.get("/repos/:owner/:repo/rules/branches/:branch{.+}", (context) => {
    const repository = repositoryIn(world, context, { name: "metadata", level: "read" });
    return context.json(paged(world, context, renderRules(world, repository, context.req.param("branch"))));
  });
  addRulesetRoutes(rest, world);
  addCheckRoutes(rest, world);
  addHookRoutes(rest, world);
}

function addCheckRoutes(rest: Hono<RestEnv>, world: World): void {
  rest.post("/repos/:owner/:repo/check-runs", async (context) => {
    const repository = repositoryIn(world, context, { name: "checks", level: "write" });
    const app = requireInstallation(context.get("viewer"));
    const { name, head_sha, input } = await checkRunIn(context);
    if (name === undefined || head_sha === undefined)
      throw invalid("Missing required parameters: name, head_sha");
    const run = createCheckRun(world, repository, app, head_sha, { ...input, name });
    return context.json(renderCheckRun(world, repository, run), 201);
  });
  rest.patch("/repos/:owner/:repo/check-runs/:id", async (context) => {
    const repository = repositoryIn(world, context, { name: "checks", level: "write" });
    const app = requireInstallation(context.get("viewer"));
    const { input } = await checkRunIn(context);
    const run = updateCheckRun(world, repository, app, runIn(repository, context), input);
    return context.json(renderCheckRun(world, repository, run));
  });
  rest.post("/repos/:owner/:repo/check-runs/:id/rerequest", (context) => {
    const repository = repositoryIn(world, context, { name: "checks", level: "write" });
    const viewer = context.get("viewer");
    if (viewer.kind === "user" && !canPush(repository, viewer.account.id)) {
      throw new HttpError(403, "Must have push access to re-request a check run");
    }
    const run = runIn(repository, context);
    const actorId = viewer.kind === "user" ? viewer.account.id : viewer.app.botId;
    rerequestRun(world, repository, run, actorId);
    return context.json({}, 201);
  });
  rest.get("/repos/:owner/:repo/commits/:ref/check-runs", (context) => {
    const repository = repositoryIn(world, context, { name: "checks", level: "read" });
    const sha = repository.branches.get(context.req.param("ref")) ?? context.req.param("ref");
    if (!repository.commits.has(sha)) throw invalid(`No commit found for SHA: ${sha}`);
    const { check_name: name, app_id: appId, status, filter } = context.req.query();
    const matching = repository.checkRuns.filter(
      (run) =>
        run.headSha === sha &&
        (name === undefined || run.name === name) &&
        (appId === undefined || String(run.appId) === appId) &&
        (status === undefined || run.status === status),
    );
    const all = (filter === "all" ? matching : latestPerApp(matching)).toReversed();
    const runs = paged(world, context, all).map((run) => renderCheckRun(world, repository, run));
    return context.json({ total_count: all.length, check_runs: runs });
  });
}

async function token(world: World, context: RestContext, installation: Installation) {
  const body = await bodyIn(context, tokenBody);
  for (const [name, level] of Object.entries(body.permissions ?? {})) {
    const granted = installation.permissions[name];
    if (granted !== "write" && granted !== level) {
      throw invalid("The permissions requested are not granted to this installation.");
    }
  }
  const covered = repositoriesOf(world, installation);
  const chosen = covered.filter(
    (one) => body.repositories?.includes(one.name) || body.repository_ids?.includes(one.id),
  );
  const asked = [...(body.repositories ?? []), ...(body.repository_ids ?? [])].length;
  if (chosen.length < asked) {
    throw invalid(
      "There is at least one repository that does not exist or is not accessible to the parent installation.",
    );
  }
  const repositoryIds = asked === 0 ? null : new Set(chosen.map((one) => one.id));
  const permissions = body.permissions ?? null;
  const issued = issueInstallationToken(world, installation, { permissions, repositoryIds });
  return {
    token: issued.token,
    expires_at: issued.expiresAt,
    permissions: permissions ?? installation.permissions,
    repository_selection: asked === 0 ? installation.selection : "selected",
    ...(asked === 0 ? {} : { repositories: chosen.map((one) => renderRepository(world, one)) }),
  };
}

async function checkRunIn(context: RestContext) {
  const body = await bodyIn(context, checkRunBody);
  const { name, head_sha, status, conclusion, output } = body;
  const input = {
    name,
    status,
    conclusion,
    output,
    externalId: body.external_id,
    detailsUrl: body.details_url,
    startedAt: body.started_at,
    completedAt: body.completed_at,
  };
  return { name, head_sha, input };
}

function runIn(repository: Repository, context: RestContext): CheckRun {
  const id = numberIn(context, "id");
  const run = repository.checkRuns.find((one) => one.id === id);
  if (!run) throw notFound();
  return run;
}
