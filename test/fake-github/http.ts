/**
 * The way in: every request is noted, delayed, hit by a fault where one is planned, attributed to somebody, checked
 * against GitHub's description, answered, and the answer checked as well.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Hono } from "hono";
import { z } from "zod";
import { authenticate } from "./auth.ts";
import { validateRequest, validateResponse } from "./contract.ts";
import { executeGraphql } from "./graphql.ts";
import { errorBody, HttpError } from "./http-error.ts";
import { type Hour, rateLimitHeaders } from "./render-rest.ts";
import { addManifestRoutes } from "./app-manifests.ts";
import { addAppRoutes } from "./rest-app.ts";
import type { RestContext, RestEnv } from "./rest-context.ts";
import { addDeploymentRoutes } from "./rest-deployments.ts";
import { addGitRoutes } from "./rest-git.ts";
import { addOAuthRoutes, addPersonRoutes, appOfBasic } from "./oauth.ts";
import { addPeopleRoutes } from "./rest-people.ts";
import { addStatusRoutes } from "./statuses.ts";
import { followedRepository } from "./names.ts";
import { actorOf, canSee, findRepository, fullName, type Viewer, type World } from "./world.ts";

/** One request and when it was answered. `path` is without /api/v3 (or /api for graphql) and without the query. */
export type LoggedRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** The login behind the token, `slug[bot]` for apps; null when nobody was recognised. */
  as: string | null;
  /** Null until it is answered, and for ever when the connection was dropped. */
  status: number | null;
  /** The name of the GraphQL operation, null for REST and for queries without a name. */
  operation: string | null;
  /** The variables of the GraphQL query; none for REST. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** When it came in, ms of `performance.now()`. */
  readonly receivedAt: number;
  /** When its answer was ready, on the same clock; null until then. */
  answeredAt: number | null;
};

/**
 * Something that goes wrong for requests to a path (see `LoggedRequest`), `times` times, for ever when left out.
 * With `afterEffect` what was asked for is done, and only the answer is lost.
 */
export type Fault = {
  readonly method?: string;
  readonly path: RegExp;
  /** Only this GraphQL operation. */
  readonly operation?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly times?: number;
  /** So many such requests are let through first. */
  readonly after?: number;
  readonly hang?: true;
  readonly destroy?: true;
  readonly afterEffect?: true;
};

export type HttpState = {
  readonly requests: LoggedRequest[];
  /** What GitHub would refuse by its description, and what this fake does not answer: a line each. */
  readonly refused: string[];
  /** Mistakes of the fake itself: answers and payloads GitHub would never send. Null: do not check anything. */
  readonly problems: string[] | null;
  readonly faults: { readonly fault: Fault; left: number; toPass: number }[];
  /** Requests of this hour by who asked and what for: each installation has its own quota, of REST and of GraphQL. */
  readonly hours: Map<string, Hour>;
  readonly requestsAnHour: number;
  readonly latencyMs: number;
};

const graphqlBody = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});

/** The HTTP application over a world. */
export function createHttp(world: World, state: HttpState): Hono<RestEnv> {
  const rest = new Hono<RestEnv>();
  rest.use("/repos/:owner/:repo/*", async (context, next) => moved(context, world) ?? (await next()));
  rest.use(async (context, next) => {
    await checked(context, state, next);
  });
  addAppRoutes(rest, world);
  addPeopleRoutes(rest, world);
  addGitRoutes(rest, world);
  addStatusRoutes(rest, world);
  addDeploymentRoutes(rest, world);
  addPersonRoutes(rest, world);

  const app = new Hono<RestEnv>();
  app.use((context, next) => observed(context, world, state, next));
  // Only GHE's paths exist; anything else is not answered, whoever asks.
  app.use("/api/*", async (context, next) => {
    // A code that was sent back with a person stands for itself.
    if (context.req.path.startsWith("/api/v3/app-manifests/")) return next();
    const authorization = context.req.header("authorization");
    if (authorization === undefined && isForStrangers(context, world)) context.set("viewer", stranger);
    else if (authorization?.startsWith("Basic ") === true)
      context.set("viewer", { kind: "app", app: appOfBasic(world, authorization) });
    else {
      context.set("viewer", authenticate(world, authorization));
      context.get("entry").as = actorOf(world, context.get("viewer")).login;
    }
    await next();
  });
  addManifestRoutes(app, rest, world);
  addOAuthRoutes(app, world);
  app.route("/api/v3", rest);
  app.post("/api/graphql", (context) => answerGraphql(context, world, state));
  app.notFound((context) => refuse(context, state, `the fake GitHub does not answer ${describe(context)}`));
  app.onError((error, context) => {
    if (error instanceof HttpError) return context.json(errorBody(error), error.status);
    if (error instanceof SyntaxError)
      return context.json({ message: "Problems parsing JSON", status: "400" }, 400);
    state.problems?.push(`${describe(context)}: ${error.stack ?? error.message}`);
    return context.json({ message: `The fake GitHub broke: ${error.message}`, status: "500" }, 500);
  });
  return app;
}

/** Where what was given up by a repository leads; GitHub's own address there has the repository's id. */
function moved(context: RestContext, world: World): Response | null {
  const { owner = "", repo = "" } = context.req.param();
  const repository = findRepository(world, owner, repo) ? undefined : followedRepository(world, owner, repo);
  if (repository === undefined || !canSee(context.get("viewer"), repository)) return null;
  const url = context.req.url.replace(`/repos/${owner}/${repo}`, `/repos/${fullName(world, repository)}`);
  return context.redirect(url, context.req.method === "GET" ? 301 : 307);
}

/** Somebody without an account. GitHub shows them what is public; here that is repositories themselves. */
const stranger: Viewer = {
  kind: "user",
  account: { id: -1, type: "User", login: "", name: "", emails: [], createdAt: "" },
};

function isForStrangers(context: RestContext, world: World): boolean {
  const isRepository = /^\/repos\/[^/]+\/[^/]+$/u.test(apiPath(context));
  return context.req.method === "GET" && isRepository && !world.privateMode;
}

async function observed(context: RestContext, world: World, state: HttpState, next: () => Promise<void>) {
  const { method } = context.req;
  const path = apiPath(context);
  const receivedAt = performance.now();
  const asked = path === "/graphql" ? askedBy(await context.req.text()) : null;
  const entry: LoggedRequest = {
    method,
    path,
    query: context.req.query(),
    as: null,
    status: null,
    operation: asked?.operation ?? null,
    variables: asked?.variables ?? {},
    receivedAt,
    answeredAt: null,
  };
  context.set("entry", entry);
  state.requests.push(entry);
  if (state.latencyMs > 0) await sleep(state.latencyMs);
  const fault = takeFault(state, entry);
  if (!fault || fault.afterEffect) await next();
  if (fault) {
    if (fault.destroy || fault.hang) {
      if (fault.destroy) context.env.incoming.socket.destroy();
      // Whoever asked waits until he gives up or the server closes; a dropped connection takes no answer anyway.
      await new Promise(() => undefined);
    }
    const { status = 502, headers = {}, body = { message: "Server Error" } } = fault;
    context.res = new Response(JSON.stringify(body), {
      status,
      headers: { "content-type": "application/json", ...headers },
    });
  }
  entry.status = context.res.status;
  context.res.headers.set("date", new Date(world.date()).toUTCString());
  const resource = path === "/graphql" ? "graphql" : "core";
  const quota = `${whoseQuota(context) ?? entry.as} ${resource}`;
  const hour = hourOf(state, quota, world.now());
  hour.used += 1;
  for (const [name, value] of Object.entries(rateLimitHeaders(hour, state.requestsAnHour, resource))) {
    if (!context.res.headers.has(name)) context.res.headers.set(name, value);
  }
  entry.answeredAt = performance.now();
}

/** That of the first request after the last one ended, as on GitHub. */
function hourOf({ hours }: HttpState, quota: string, now: number): Hour {
  const known = hours.get(quota);
  if (known !== undefined && known.endsAt > now) return known;
  const begun = { used: 0, endsAt: now + 3_600_000 };
  hours.set(quota, begun);
  return begun;
}

/** Whoever is not recognised, or asks for what is not there, has no viewer. */
function whoseQuota(context: RestContext): number | undefined {
  const viewer: Viewer | undefined = context.get("viewer");
  return viewer?.kind === "installation" ? viewer.installation.id : undefined;
}

function takeFault(state: HttpState, entry: LoggedRequest): Fault | undefined {
  const hit = state.faults.filter(
    ({ fault, left }) =>
      left > 0 &&
      (fault.method === undefined || fault.method === entry.method) &&
      (fault.operation === undefined || fault.operation === entry.operation) &&
      fault.path.test(entry.path),
  );
  const planned = hit.find(({ toPass }) => toPass === 0);
  for (const waiting of hit) if (waiting.toPass > 0) waiting.toPass--;
  if (planned) planned.left--;
  return planned?.fault;
}

/** Request and answer against GitHub's description; a call GitHub would refuse never reaches a route. */
async function checked(context: RestContext, state: HttpState, next: () => Promise<void>): Promise<void> {
  if (state.problems === null) {
    await next();
    return;
  }
  const text = await context.req.text();
  const { method } = context.req;
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  const { route, problems } = validateRequest({
    method,
    path: apiPath(context),
    query: context.req.query(),
    body,
  });
  if (route !== null && problems.length > 0) {
    state.refused.push(...problems);
    throw new HttpError(422, "Invalid request.", problems);
  }
  await next();
  if (route === null) return;
  const { status } = context.res;
  const answer: unknown = status === 204 ? undefined : await context.res.clone().json();
  state.problems.push(...validateResponse({ method, route, status, body: answer }));
}

async function answerGraphql(context: RestContext, world: World, state: HttpState): Promise<Response> {
  const viewer = context.get("viewer");
  if (viewer.kind === "app") throw new HttpError(401, "Bad credentials");
  const { query, variables } = graphqlBody.parse(JSON.parse(await context.req.text()));
  try {
    const answer = await executeGraphql(world, viewer, { query, variables });
    // Without data GitHub's schema refused the query itself: a mistake of ours, as an unknown route is.
    if (answer.data === undefined) state.refused.push(`GraphQL: ${JSON.stringify(answer.errors)}`);
    return context.json(answer);
  } catch (error) {
    return refuse(context, state, error instanceof Error ? error.message : String(error));
  }
}

function refuse(context: RestContext, state: HttpState, message: string): Response {
  state.refused.push(message);
  return context.json(
    { ...errorBody(new HttpError(404, "Not Found")), message: `Not Found: ${message}` },
    404,
  );
}

/** The path as GitHub's documentation writes it; one without GHE's prefix stays as it is and is not answered. */
function apiPath(context: RestContext): string {
  const { pathname } = new URL(context.req.url);
  return pathname.replace(/^\/api\/v3(?=\/)/, "").replace(/^\/api\/graphql$/, "/graphql");
}

function describe(context: RestContext): string {
  return `${context.req.method} ${new URL(context.req.url).pathname}`;
}

function askedBy(text: string): Pick<LoggedRequest, "operation" | "variables"> | null {
  const parsed = graphqlBody.safeParse(text === "" ? {} : JSON.parse(text));
  if (!parsed.success) return null;
  const { query, variables, operationName } = parsed.data;
  const operation = operationName ?? /^\s*(?:query|mutation)\s+(\w+)/.exec(query)?.[1] ?? null;
  return { operation, variables: variables ?? {} };
}
