/** Signing in with GitHub: the web flow of a GitHub App's user access tokens, with its consent page and PKCE. */
import { createHash, randomBytes } from "node:crypto";
import type { Hono } from "hono";
import { z } from "zod";
import { HttpError, notFound } from "./http-error.ts";
import { renderAccount, renderInstallation, renderRepository, repositoriesOf } from "./render-rest.ts";
import { bodyIn, numberIn, paged, type RestEnv } from "./rest-context.ts";
import { type Account, type App, canSee, covers, findAccount, type Repository, type World } from "./world.ts";

/** GitHub's codes hold for ten minutes, its tokens of people for eight hours. */
const CODE_LIFE_MS = 10 * 60_000;
const TOKEN_LIFE_SECONDS = 8 * 60 * 60;

const authorization = z.object({
  client_id: z.string(),
  redirect_uri: z.string().optional(),
  state: z.string().optional(),
  code_challenge: z.string().min(43).max(128).optional(),
  code_challenge_method: z.literal("S256").optional(),
});
const redemption = z.object({
  client_id: z.string(),
  client_secret: z.string(),
  code: z.string(),
  redirect_uri: z.string().optional(),
  code_verifier: z.string().optional(),
});
const revocation = z.object({ access_token: z.string() });

type Code = {
  readonly app: App;
  readonly account: Account;
  readonly redirectUri: string;
  readonly challenge: string | null;
  readonly expiresAt: number;
};

/** The pages and the token endpoint, which are no part of the API. */
export function addOAuthRoutes(app: Hono<RestEnv>, world: World): void {
  const codes = new Map<string, Code>();
  // A browser asks for one with every first page.
  app.get("/favicon.ico", (context) => context.body(null, 404));
  app.get("/login/oauth/authorize", (context) => {
    const asked = authorization.parse(context.req.query());
    const { redirectUri } = clientOf(world, asked);
    if (redirectUri === null)
      return context.html(
        "<h1>Be careful!</h1><p>The redirect_uri is not associated with this application.</p>",
      );
    return context.html(consentPage(world, new URL(context.req.url).search));
  });
  // What the buttons of that page do: somebody agrees, or declines.
  app.post("/login/oauth/authorize", async (context) => {
    const asked = authorization.parse(context.req.query());
    const { client, redirectUri } = clientOf(world, asked);
    if (redirectUri === null)
      throw new HttpError(400, "The redirect_uri is not associated with this application.");
    const back = new URL(redirectUri);
    const { login } = z.object({ login: z.string().optional() }).parse(await context.req.parseBody());
    const account = findAccount(world, login ?? "");
    if (account?.type === "User") {
      const code = randomBytes(10).toString("hex");
      const challenge = asked.code_challenge ?? null;
      codes.set(code, {
        app: client,
        account,
        redirectUri,
        challenge,
        expiresAt: world.now() + CODE_LIFE_MS,
      });
      back.searchParams.set("code", code);
    } else {
      back.searchParams.set("error", "access_denied");
      back.searchParams.set("error_description", "The user has denied your application access.");
    }
    if (asked.state !== undefined) back.searchParams.set("state", asked.state);
    return context.redirect(back.href);
  });
  app.post("/login/oauth/access_token", async (context) => {
    const asked = redemption.safeParse(await context.req.parseBody());
    const given = asked.success ? codes.get(asked.data.code) : undefined;
    // A code is good once, whatever comes of it.
    if (asked.success) codes.delete(asked.data.code);
    const error = asked.success ? refusal(world, asked.data, given) : "bad_verification_code";
    if (error !== null || given === undefined)
      return context.json({ error, error_description: "Refused.", error_uri: "https://docs.github.com" });
    const token = `ghu_${randomBytes(18).toString("hex")}`;
    world.tokens.set(token, {
      viewer: { kind: "user", account: given.account, through: reachOf(world, given.app) },
      expiresAt: world.now() + TOKEN_LIFE_SECONDS * 1000,
    });
    return context.json({
      access_token: token,
      expires_in: TOKEN_LIFE_SECONDS,
      refresh_token: `ghr_${randomBytes(38).toString("hex")}`,
      refresh_token_expires_in: 15_897_600,
      scope: "",
      token_type: "bearer",
    });
  });
}

/** What a token of somebody shows of themselves and of the installations they can see. */
export function addPersonRoutes(rest: Hono<RestEnv>, world: World): void {
  rest.get("/user", (context) => {
    const viewer = context.get("viewer");
    if (viewer.kind !== "user") throw new HttpError(403, "Resource not accessible by integration");
    const { login, type, ...account } = renderAccount(world, viewer.account);
    const nothing = { company: null, blog: null, location: null, email: null, hireable: null, bio: null };
    const none = { public_repos: 0, public_gists: 0, followers: 0, following: 0 };
    const { createdAt: created_at, name } = viewer.account;
    return context.json({
      login,
      type,
      ...account,
      name,
      ...nothing,
      ...none,
      created_at,
      updated_at: created_at,
    });
  });
  rest.get("/user/installations", (context) => {
    const all = [...world.installations.values()].filter((one) => {
      const viewer = viewerThroughApp(context.get("viewer"));
      return one.appId === viewer.app.id && repositoriesOf(world, one).some((repo) => canSee(viewer, repo));
    });
    const installations = paged(world, context, all).map((one) => renderInstallation(world, one));
    return context.json({ total_count: all.length, installations });
  });
  rest.get("/user/installations/:installation_id/repositories", (context) => {
    const viewer = viewerThroughApp(context.get("viewer"));
    const installation = world.installations.get(numberIn(context, "installation_id"));
    if (installation === undefined || installation.appId !== viewer.app.id) throw notFound();
    const all = repositoriesOf(world, installation).filter((repository) => canSee(viewer, repository));
    const repositories = paged(world, context, all).map((one) => renderRepository(world, one));
    return context.json({ total_count: all.length, repositories });
  });
  rest.delete("/applications/:client_id/token", async (context) => {
    const { access_token: token } = await bodyIn(context, revocation);
    const known = world.tokens.get(token)?.viewer;
    if (known?.kind !== "user" || known.through?.app.clientId !== context.req.param("client_id"))
      throw notFound();
    world.tokens.delete(token);
    return context.body(null, 204);
  });
}

/** The app whose client id and secret a Basic header carries, for the routes that ask for them. @throws 401 */
export function appOfBasic(world: World, authorization: string): App {
  const [id, secret] = Buffer.from(authorization.slice("Basic ".length), "base64").toString().split(":");
  const app = [...world.apps.values()].find(({ clientId }) => clientId === id);
  if (app === undefined || app.clientSecret !== secret) throw new HttpError(401, "Bad credentials");
  return app;
}

function viewerThroughApp(viewer: RestEnv["Variables"]["viewer"]) {
  if (viewer.kind !== "user" || viewer.through === undefined)
    throw new HttpError(
      403,
      "You must authenticate with an access token authorized to a GitHub App in order to list installations",
    );
  return { ...viewer, app: viewer.through.app };
}

function reachOf(world: World, app: App) {
  const reaches = (repository: Repository) =>
    [...world.installations.values()].some((one) => one.appId === app.id && covers(one, repository));
  return { app, reaches };
}

/** The app asked for, and where to send people back: null where that is none of its callback URLs. */
function clientOf(
  world: World,
  asked: z.infer<typeof authorization>,
): { client: App; redirectUri: string | null } {
  const client = [...world.apps.values()].find(({ clientId }) => clientId === asked.client_id);
  if (client === undefined) throw notFound();
  const redirectUri = asked.redirect_uri ?? client.callbackUrls[0] ?? "";
  return { client, redirectUri: client.callbackUrls.includes(redirectUri) ? redirectUri : null };
}

function refusal(world: World, asked: z.infer<typeof redemption>, code: Code | undefined): string | null {
  const {
    client_id: id,
    client_secret: secret,
    redirect_uri: redirectUri,
    code_verifier: verifier = "",
  } = asked;
  const client = [...world.apps.values()].find(({ clientId }) => clientId === id);
  if (client === undefined || client.clientSecret !== secret) return "incorrect_client_credentials";
  if (code === undefined || code.app !== client || code.expiresAt < world.now())
    return "bad_verification_code";
  if (redirectUri !== undefined && redirectUri !== code.redirectUri) return "redirect_uri_mismatch";
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  return code.challenge !== null && code.challenge !== challenge ? "bad_verification_code" : null;
}

/** GitHub asks whoever is signed in there; here each person has a button. */
function consentPage(world: World, query: string): string {
  const people = [...world.accounts.values()].filter(
    ({ type, login }) => type === "User" && login !== "web-flow",
  );
  const buttons = people.map(
    ({ login }) => `<button name="login" value="${login}">Authorize as ${login}</button>`,
  );
  return `<!doctype html><html lang="en"><title>Authorize</title><h1>Authorize</h1>
<form method="post" action="/login/oauth/authorize${query.replaceAll("&", "&amp;")}">
${buttons.join("\n")}<button>Cancel</button></form>`;
}
