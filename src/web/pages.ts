/** The pages people see in a browser, and who may see them. */
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import type { Access } from "../github/access.ts";
import type { Store } from "../store/store.ts";
import { explainedPull } from "./explained-pull.ts";
import { explainPage } from "./explain-page.ts";
import { type Html, html } from "./html.ts";
import { layout, pageHeaders } from "./layout.ts";
import { createRateLimit } from "./rate-limit.ts";

export type PagesOptions = {
  readonly store: Store;
  readonly access: Access;
  /** Where people see the pages, as `https://countersign.example.com`; null where nobody said. */
  readonly publicUrl: string | null;
  readonly log: { error(fields: object, message: string): void };
  /** The clock, ms since epoch. */
  readonly now: () => number;
};

type Env = { Bindings: HttpBindings };
type Page = { readonly title: string; readonly content: Html };

/**
 * Routes of the pages. Whatever somebody may not see, does not exist, or cannot be checked now is the same 404. An error of
 * GitHub or of the store is a 500, with nothing of it in the answer.
 */
export function pages(options: PagesOptions): Hono<Env> {
  const app = new Hono<Env>({ strict: false });
  const limit = createRateLimit(options.now);
  app.get("/:owner/:repo/pull/:number{[1-9][0-9]{0,8}}", async (context) => {
    const wait = limit(addressOf(context, options));
    if (wait !== null) return answer(context, options, tooMany, 429, { "retry-after": String(wait) });
    const page = await readExplainPage(context.req.param(), options);
    return page === null ? answer(context, options, missing, 404) : answer(context, options, page, 200);
  });
  return app;
}

async function readExplainPage(
  { owner, repo, number }: { owner: string; repo: string; number: string },
  { store, access, log }: PagesOptions,
): Promise<Page | null> {
  const key = `${owner}/${repo}`.toLowerCase();
  const explained = await explainedPull(store, key, Number(number));
  if (explained === null) return null;
  try {
    if (!(await access.isPublic(key, explained.pull.installation))) return null;
  } catch (error) {
    // Another answer than to what does not exist would tell that it exists.
    log.error(
      { error: String(error) },
      "Whether a repository is public could not be asked; its page is not shown",
    );
    return null;
  }
  return explainPage(explained);
}

const missing: Page = {
  title: "Not found: Countersign",
  content: html`<h1>There is nothing here that you may see</h1>
<p>There is no such pull request, Countersign has not looked at it, or it is in a repository that not everybody may see.</p>`,
};

const tooMany: Page = {
  title: "Too many requests: Countersign",
  content: html`<h1>Too many requests</h1><p>Wait a minute, then load the page again.</p>`,
};

/** Behind a proxy the last address of `X-Forwarded-For` is the one the proxy saw; those before it are claims. */
function addressOf(context: Context<Env>, { publicUrl }: PagesOptions): string {
  const forwarded = publicUrl === null ? undefined : context.req.header("x-forwarded-for")?.split(",").at(-1);
  return forwarded?.trim() || (context.env.incoming.socket.remoteAddress ?? "");
}

function answer(
  context: Context,
  { publicUrl }: PagesOptions,
  page: Page,
  status: 200 | 404 | 429,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return context.html(layout(page), status, { ...pageHeaders(publicUrl), ...headers });
}
