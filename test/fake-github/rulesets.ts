/** Rulesets, and the older protection of branches: who may see them, who may make them, which branches they are for. */
import type { Hono } from "hono";
import { z } from "zod";
import { HttpError, invalid, notFound } from "./http-error.ts";
import { requiredChecks } from "./required-checks.ts";
import { bodyIn, numberIn, paged, repositoryIn, type RestEnv } from "./rest-context.ts";
import { renderCommit } from "./rest-git.ts";
import { repositoryUrl } from "./render-rest.ts";
import { fullName, nodeId, type Repository, roleOf, type Viewer, type World } from "./world.ts";

const check = z.object({ context: z.string(), integration_id: z.number().optional() });

/** The rules that are modelled, in REST's form. */
export const ruleBody = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("required_status_checks"),
    parameters: z.object({
      strict_required_status_checks_policy: z.boolean(),
      do_not_enforce_on_create: z.boolean().default(false),
      required_status_checks: z.array(check),
    }),
  }),
  z.object({ type: z.literal("pull_request"), parameters: z.record(z.string(), z.unknown()) }),
  z.object({
    type: z.literal("merge_queue"),
    parameters: z.looseObject({ grouping_strategy: z.enum(["ALLGREEN", "HEADGREEN"]) }),
  }),
]);

const bypassActor = z.object({
  actor_type: z.string(),
  actor_id: z.number().nullish(),
  bypass_mode: z.enum(["always", "pull_request", "exempt"]).default("always"),
});

const rulesetBody = z.object({
  name: z.string(),
  target: z.literal("branch").default("branch"),
  enforcement: z.enum(["active", "disabled", "evaluate"]),
  bypass_actors: z.array(bypassActor).default([]),
  conditions: z.object({
    ref_name: z.object({ include: z.array(z.string()), exclude: z.array(z.string()).default([]) }),
  }),
  rules: z.array(ruleBody),
});

/** A ruleset of the repository, as it was asked for. */
export type Ruleset = z.infer<typeof rulesetBody> & { readonly id: number };

/** The older protection of one branch: one required check. `app_id` null: of any app. */
export type BranchProtection = {
  readonly branch: string;
  readonly check: { readonly context: string; readonly app_id: number | null };
  readonly enforceAdmins: boolean;
};

/** Adds a ruleset. @throws 422 when there is one of this name. */
export function addRuleset(
  world: World,
  repository: Repository,
  input: z.input<typeof rulesetBody>,
): Ruleset {
  const body = rulesetBody.parse(input);
  if (repository.rulesets.some(({ name }) => name === body.name))
    throw invalid("Validation Failed: Name must be unique");
  const ruleset = { ...body, id: world.nextId() };
  repository.rulesets.push(ruleset);
  return ruleset;
}

/** Adds the routes. */
export function addRulesetRoutes(rest: Hono<RestEnv>, world: World): void {
  rest.get("/repos/:owner/:repo/rulesets", (context) => {
    const repository = repositoryIn(world, context, { name: "metadata", level: "read" });
    const all = paged(world, context, repository.rulesets);
    return context.json(all.map((one) => renderInShort(world, repository, one)));
  });
  rest.get("/repos/:owner/:repo/rulesets/:id", (context) => {
    const repository = repositoryIn(world, context, { name: "metadata", level: "read" });
    const ruleset = repository.rulesets.find(({ id }) => id === numberIn(context, "id"));
    if (!ruleset) throw notFound();
    return context.json(renderRuleset(world, repository, ruleset, context.get("viewer")));
  });
  rest.post("/repos/:owner/:repo/rulesets", async (context) => {
    const repository = repositoryIn(world, context, { name: "administration", level: "write" });
    const viewer = context.get("viewer");
    // GitHub does not tell people who may not administer that there is something to be administered.
    if (viewer.kind === "user" && roleOf(repository, viewer.account.id) !== "admin") throw notFound();
    const ruleset = addRuleset(world, repository, await bodyIn(context, rulesetBody));
    return context.json(renderRuleset(world, repository, ruleset, viewer), 201);
  });
  rest.get("/repos/:owner/:repo/branches/:branch{.+}", (context) => {
    const repository = repositoryIn(world, context, { name: "contents", level: "read" });
    return context.json(renderBranch(world, repository, context.req.param("branch")));
  });
}

function renderInShort(world: World, repository: Repository, { id, name, target, enforcement }: Ruleset) {
  const self = `${repositoryUrl(world, repository)}/rulesets/${id}`;
  const html = `${world.url}/${fullName(world, repository)}/rules/${id}`;
  const source = { source_type: "Repository", source: fullName(world, repository) };
  const links = { self: { href: self }, html: { href: html } };
  return { id, name, target, enforcement, ...source, node_id: nodeId("RRS", id), _links: links };
}

/** The bypass list is shown only to whoever may change the ruleset. */
function renderRuleset(world: World, repository: Repository, ruleset: Ruleset, viewer: Viewer) {
  const { conditions, rules, bypass_actors } = ruleset;
  const mayChange =
    viewer.kind === "user"
      ? roleOf(repository, viewer.account.id) === "admin"
      : viewer.kind === "installation" && viewer.permissions["administration"] === "write";
  return {
    ...renderInShort(world, repository, ruleset),
    conditions,
    rules,
    ...(mayChange ? { bypass_actors } : {}),
  };
}

function renderBranch(world: World, repository: Repository, branch: string) {
  const sha = repository.branches.get(branch);
  const commit = repository.commits.get(sha ?? "");
  if (commit === undefined) throw new HttpError(404, "Branch not found");
  const self = `${repositoryUrl(world, repository)}/branches/${branch}`;
  const html = `${world.url}/${fullName(world, repository)}/tree/${branch}`;
  const protections = repository.protections.filter((one) => one.branch === branch);
  const [protection] = protections;
  const level = protection === undefined ? "off" : protection.enforceAdmins ? "everyone" : "non_admins";
  return {
    name: branch,
    commit: renderCommit(world, repository, commit),
    _links: { self, html },
    protected: requiredChecks(repository, branch).length > 0,
    protection: {
      enabled: protection !== undefined,
      required_status_checks: {
        enforcement_level: level,
        contexts: protections.map(({ check: { context } }) => context),
        checks: protections.map((one) => one.check),
      },
    },
    protection_url: `${self}/protection`,
  };
}
