/** The pages people see in a browser, and who may see them. */
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { type Access, callbackPath, SignedOutError } from "../github/access.ts";
import type { Store } from "../store/store.ts";
import { type ExplainedPull, explainedPull, explainPage } from "./explain-page.ts";
import { html } from "./html.ts";
import { layout, type Page, pageHeaders, type Visitor } from "./layout.ts";
import { csvOf, type Overview, overviewPage, readOverview } from "./overview-page.ts";
import { createRateLimit } from "./rate-limit.ts";
import type { Session } from "./session.ts";
import { createSignInRoutes, type SignInOptions, type SignInRoutes } from "./sign-in.ts";

type PagesOptions = {
  readonly store: Store;
  readonly access: Access;
  /** Where people see the pages, as `https://countersign.example.com`; null where nobody said. */
  readonly publicUrl: string | null;
  /** Null where nobody can sign in. */
  readonly signIn: Pick<SignInOptions, "signIn" | "clientSecret" | "publicUrl"> | null;
  readonly log: Record<"warn" | "error", (fields: object, message: string) => void>;
  /** The clock, ms since epoch. */
  readonly now: () => number;
};

type Env = { Bindings: HttpBindings };
type Status = 200 | 400 | 403 | 404 | 429 | 502;
type Answer = Response | { readonly page: Page; readonly status: Status };
type Show = (context: Context<Env>, session: Session | null) => Promise<Answer>;
type Within = (show: Show) => (context: Context<Env>) => Promise<Response>;

/**
 * Routes of the pages. Whatever somebody may not see, does not exist, or cannot be checked now is the same 404, and errors show
 * nothing of the inside.
 */
export function pages(options: PagesOptions): Hono<Env> {
  const app = new Hono<Env>({ strict: false });
  const routes = options.signIn === null ? null : createSignInRoutes({ ...options, ...options.signIn });
  // Strangers cannot use up what people who signed in have.
  const strangers = createRateLimit(options.now);
  const people = createRateLimit(options.now);
  const within: Within = (show) => async (context) => {
    for (const [name, value] of Object.entries(pageHeaders(options.publicUrl))) context.header(name, value);
    const session = routes?.sessionOf(context) ?? null;
    const wait = session === null ? strangers(addressOf(context, options)) : people(String(session.id));
    if (wait !== null) context.header("retry-after", String(wait));
    const answer = wait === null ? await show(context, session) : { page: tooMany, status: 429 as const };
    if (answer instanceof Response) return answer;
    const visitor: Visitor = session ?? (routes === null ? null : { to: context.req.path });
    return context.html(layout(answer.page, visitor), answer.status);
  };
  app.get(
    "/:owner/:repo/pull/:number{[1-9][0-9]{0,8}}",
    within(async (context, session) => {
      const { owner = "", repo = "", number = "" } = context.req.param();
      const wanted = { repo: `${owner}/${repo}`.toLowerCase(), number: Number(number) };
      const shown = await readExplained(options, wanted, session, () => routes?.forget(context));
      const part = Math.max(1, Math.trunc(Number(context.req.query("part"))) || 1);
      return shown === null
        ? { page: missing, status: 404 }
        : { page: explainPage(shown, part), status: 200 };
    }),
  );
  if (routes === null) return app;
  addSignIn(app, routes, within, options);
  addOverview(app, routes, within, options);
  return app;
}

function addSignIn(app: Hono<Env>, routes: SignInRoutes, within: Within, { log }: PagesOptions): void {
  app.get(
    "/sign-in",
    within(async (context) => routes.begin(context, context.req.query("to"))),
  );
  app.get(
    callbackPath,
    within(async (context) => {
      try {
        const answer = await routes.finish(context);
        if (answer === "declined") return { page: declined, status: 403 };
        return answer === "not-ours" ? { page: notOurs, status: 400 } : answer;
      } catch (error) {
        log.error({ error: String(error) }, "Somebody could not be signed in");
        return { page: failed, status: 502 };
      }
    }),
  );
  app.post(
    "/sign-out",
    within(async (context) => {
      const answer = await routes.end(context);
      return answer === "not-ours" ? { page: notOurs, status: 400 } : answer;
    }),
  );
}

function addOverview(app: Hono<Env>, routes: SignInRoutes, within: Within, options: PagesOptions): void {
  const show =
    (answer: (overview: Overview, context: Context<Env>) => Answer): Show =>
    async (context, session) => {
      if (session === null) return { page: welcome, status: 200 };
      try {
        return answer(await readOverview(options, session.token), context);
      } catch (error) {
        if (!(error instanceof SignedOutError))
          options.log.error({ error: String(error) }, "An overview could not be made");
        if (error instanceof SignedOutError) routes.forget(context);
        return error instanceof SignedOutError ? { page: ended, status: 403 } : { page: broken, status: 502 };
      }
    };
  app.get("/", within(show((overview) => ({ page: overviewPage(overview), status: 200 }))));
  app.get(
    "/overview/:file{[a-z]+\\.csv}",
    within(
      show(({ tables }, context) => {
        const table = tables.find(({ id }) => `${id}.csv` === context.req.param("file"));
        if (table === undefined) return { page: missing, status: 404 };
        const headers = { "content-disposition": `attachment; filename="countersign-${table.id}.csv"` };
        return context.body(csvOf(table), 200, { ...headers, "content-type": "text/csv; charset=utf-8" });
      }),
    ),
  );
}

/** What is recorded of a pull request that may be shown to whoever asks; null where nothing is, or it may not. */
async function readExplained(
  options: PagesOptions,
  { repo, number }: { readonly repo: string; readonly number: number },
  session: Session | null,
  forget: () => void,
): Promise<ExplainedPull | null> {
  const { store, access, log } = options;
  const explained = await explainedPull(store, repo, number);
  if (explained === null) return null;
  try {
    const shown =
      (await access.isPublic(repo, explained.pull.installation)) ||
      (session !== null && (await access.mayRead(session.token, repo)));
    return shown ? explained : null;
  } catch (error) {
    if (error instanceof SignedOutError) forget();
    // Another answer than to what does not exist would tell that it exists.
    log.error(
      { error: String(error) },
      "Who may read a repository could not be asked; its page is not shown",
    );
    return null;
  }
}

const missing: Page = {
  title: "Not found: Countersign",
  content: html`<h1>There is nothing here that you may see</h1>
<p>There is no such pull request, Countersign has not looked at it, or GitHub does not show you its repository.</p>`,
};

const tooMany: Page = {
  title: "Too many requests: Countersign",
  content: html`<h1>Too many requests</h1><p>Wait a minute, then load the page again.</p>`,
};

const welcome: Page = {
  title: "Countersign",
  content: html`<h1>Countersign</h1><p>Sign in to see the pull requests of the repositories that GitHub shows you.</p>`,
};

const ended: Page = {
  title: "Not signed in: Countersign",
  content: html`<h1>You are not signed in any more</h1><p>GitHub ended it. Load the page again to sign in.</p>`,
};

const broken: Page = {
  title: "Not now: Countersign",
  content: html`<h1>The overview cannot be made now</h1>
<p>GitHub did not say what you may see, or the database did not answer. Try again; the log of the server says why.</p>`,
};

const declined: Page = {
  title: "Not signed in: Countersign",
  content: html`<h1>You are not signed in</h1><p>You declined on GitHub. Nothing was kept.</p>`,
};

const notOurs: Page = {
  title: "Not signed in: Countersign",
  content: html`<h1>This did not begin here</h1>
<p>It took longer than ten minutes, began in another browser, or was done already. Go back to the page you wanted and try again.</p>`,
};

const failed: Page = {
  title: "Not signed in: Countersign",
  content: html`<h1>GitHub did not sign you in</h1><p>Try again. If that does not help, the log of the server says why.</p>`,
};

/** Behind a proxy the last address of `X-Forwarded-For` is the one the proxy saw; those before it are claims. */
function addressOf(context: Context<Env>, { publicUrl }: PagesOptions): string {
  const forwarded = publicUrl === null ? undefined : context.req.header("x-forwarded-for")?.split(",").at(-1);
  return forwarded?.trim() || (context.env.incoming.socket.remoteAddress ?? "");
}
