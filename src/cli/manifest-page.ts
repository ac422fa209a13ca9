/** The pages of `countersign setup`, on this machine alone: the form that posts the manifest to GitHub, and the way back. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** What a manifest is posted with. */
type ManifestForm = {
  /** GitHub's page that creates an App, without a query. */
  readonly action: string;
  /** @param redirectUrl where GitHub is to send the person back. */
  readonly manifest: (redirectUrl: string) => object;
  /** Takes the code that GitHub sent somebody back with. @returns what to tell them; `done` ends it all. */
  readonly created: (code: string) => Promise<{ readonly done: boolean; readonly text: string }>;
};

/**
 * Listens on 127.0.0.1 under a path nobody can guess until an App was created or `signal` aborts.
 * @param options.listening is told the address to open. @param options.port 0: any free one.
 * @throws when the port is taken. @returns whether an App was created.
 */
export async function serveManifest(
  form: ManifestForm,
  options: {
    readonly port: number;
    readonly signal: AbortSignal;
    readonly listening: (address: string) => void;
  },
): Promise<boolean> {
  const path = `/${randomBytes(24).toString("hex")}`;
  const state = randomBytes(24).toString("hex");
  const ended = Promise.withResolvers<boolean>();
  const server = createServer((request, response) => {
    const address = server.address();
    const host = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const tell = async () => {
      if (await answer({ form, path, state, host }, request, response)) ended.resolve(true);
    };
    tell().catch((error: unknown) => ended.reject(error));
  });
  server.once("error", (error) => ended.reject(error));
  server.listen(options.port, "127.0.0.1", () => {
    const address = server.address();
    if (typeof address === "object") options.listening(`http://127.0.0.1:${address?.port}${path}`);
  });
  options.signal.addEventListener("abort", () => ended.resolve(false));
  if (options.signal.aborted) ended.resolve(false);
  try {
    return await ended.promise;
  } finally {
    server.close();
    server.closeIdleConnections();
  }
}

type Guarded = {
  readonly form: ManifestForm;
  readonly path: string;
  readonly state: string;
  readonly host: string;
};

/** @returns whether an App was created and the person was told. */
async function answer(
  { form, path, state, host }: Guarded,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const url = new URL(request.url ?? "/", `http://${host}`);
  // A page of another origin whose name was made to point here has another Host.
  const known = request.headers.host === host && request.method === "GET";
  if (known && url.pathname === path) {
    await send(response, 200, formPage(form, { path, state, host }), form.action);
    return false;
  }
  if (!known || url.pathname !== `${path}/created`) {
    await send(response, 404, "<p>Not found.</p>", form.action);
    return false;
  }
  if (!isSame(url.searchParams.get("state") ?? "", state)) {
    await send(response, 403, "<p>This did not come from the form: nothing was done.</p>", form.action);
    return false;
  }
  const { done, text } = await form.created(url.searchParams.get("code") ?? "");
  await send(response, done ? 200 : 502, `<p>${escaped(text)}</p>`, form.action);
  return done;
}

function formPage({ action, manifest }: ManifestForm, { path, state, host }: Omit<Guarded, "form">): string {
  const value = escaped(JSON.stringify(manifest(`http://${host}${path}/created`)));
  return `<form method="post" action="${escaped(`${action}?state=${state}`)}">
<input type="hidden" name="manifest" value="${value}">
<p>GitHub shows the App's name and its permissions, and asks you to create it.</p>
<p><button>Go to GitHub</button></p>
</form>`;
}

async function send(response: ServerResponse, status: number, body: string, action: string): Promise<void> {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "content-security-policy": `default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action ${new URL(action).origin}`,
    connection: "close",
  });
  await new Promise<void>((resolve) => {
    const head = `<meta name="viewport" content="width=device-width"><title>Setting up Countersign</title>`;
    const main = `<main><h1>Setting up Countersign</h1>${body}</main>`;
    response.end(`<!doctype html><html lang="en">${head}${main}</html>\n`, () => resolve());
  });
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/gu, (sign) => `&#${sign.charCodeAt(0)};`);
}
