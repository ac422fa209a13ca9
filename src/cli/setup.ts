/** `countersign setup`: creates the GitHub App from app.yml with its owner's consent, and writes what the server needs into .env. */
import { existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { readAppManifest, readNeeded } from "../config/app-manifest.ts";
import { readGitHubPlace } from "../config/environment.ts";
import { lacking } from "../gate/installation-findings.ts";
import { plain } from "../gate/markdown.ts";
import { GitHubError } from "../github/errors.ts";
import { createApp, type NewApp } from "../github/publish-app.ts";
import { readApp } from "../github/read-protection.ts";
import { appClient } from "./app-client.ts";
import { CommandError, type Io, known, runCommand, text, UsageError, type Words } from "./command.ts";
import { serveManifest } from "./manifest-page.ts";

/** What the command needs of its process. */
type SetupIo = Pick<Io, "environment" | "now" | "stdout" | "stderr" | "ask" | "signal">;

/** Longer names of Apps are refused. */
const nameLengthMax = 34;

const help = `countersign setup [--organization ORG] [--url URL] [--host HOST] [--port PORT] [--env FILE]

Creates the GitHub App that the server needs, with the permissions and events of app.yml, and
writes its keys into .env, which only this user can read. You confirm on GitHub's own page:
the command prints an address of this machine to open in a browser, and waits for you for an
hour. Where the browser is on another machine, take a port with --port and forward it:
ssh -L 4000:127.0.0.1:4000 SERVER

  countersign setup
  countersign setup --organization acme --url https://countersign.acme.dev
  countersign setup --organization acme --url https://cs.acme.dev --host github.acme.dev

Options:
  --organization  the organisation that will own the App; left out: asked for, or your own account
  --url           where GitHub reaches the server over HTTPS; left out: asked for
  --host          your GitHub Enterprise Server or ghe.com subdomain; left out: GHE_HOST, or github.com
  --port          of 127.0.0.1, for the page; left out: any free one
  --env           the file to write (default: .env); one that is there is replaced only when you say so
  --help          this text

Exit status: 0 the App is there and .env written; 1 written, but the App lacks something;
2 wrong usage, or nothing was done.
`;

const options = { organization: text, url: text, host: text, port: text, env: text };

type Wanted = {
  readonly organization: string | null;
  /** Of the server, without a slash at its end. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly file: string;
  readonly apiUrl: string;
  readonly webUrl: string;
};

/** Runs the command on its arguments; resolves with the exit status. */
export async function setup(argv: readonly string[], io: SetupIo): Promise<number> {
  const command = { name: "setup", help, options, allowPositionals: false, known: [] };
  return runCommand(command, argv, io, async ({ values }) => create(await decide(values, io), io));
}

/** What is to be done, from the options and from whoever sits at the terminal. Nothing is done before all of it is known. */
async function decide(given: Words<typeof options>["values"], io: SetupIo): Promise<Wanted> {
  const { host = io.environment["GHE_HOST"] ?? "", env: file = ".env", port: portText = "0" } = given;
  const { apiUrl, webUrl } = known(readGitHubPlace({ ...io.environment, GHE_HOST: host }));
  const port = /^\d{1,5}$/u.test(portText) ? Number(portText) : Number.NaN;
  if (!(port <= 65_535))
    throw new UsageError(`--port: expected a number from 0 to 65535, got ${JSON.stringify(portText)}`);
  if (existsSync(file) && !isYes(await io.ask?.(`${file} is there. Replace it? [y/N] `)))
    throw new CommandError(
      `${file} is there and stays as it is; move it away, or name another one with --env`,
    );
  const owner = given.organization ?? (await io.ask?.("Organisation (empty: your own account): ")) ?? "";
  if (!/^[\w-]*$/u.test(owner))
    throw new UsageError(`--organization: expected a login such as acme, got ${JSON.stringify(owner)}`);
  const url = given.url ?? (await io.ask?.("Where GitHub reaches the server, as https://…: "));
  if (url === undefined) throw new UsageError("--url is missing, and here is no terminal to ask at");
  return {
    organization: owner === "" ? null : owner,
    url: serverUrl(url),
    host,
    port,
    file,
    apiUrl,
    webUrl,
  };
}

function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/u.test(url.protocol))
    throw new UsageError(
      `--url: expected an address such as https://countersign.acme.dev, got ${JSON.stringify(text)}`,
    );
  return `${url.origin}${url.pathname.replace(/\/+$/u, "")}`;
}

function isYes(answer: string | undefined): boolean {
  return /^y(es)?$/iu.test((answer ?? "").trim());
}

async function create(wanted: Wanted, io: SetupIo): Promise<number> {
  const { organization, url, webUrl, apiUrl, port } = wanted;
  const { name, ...manifest } = readAppManifest();
  const settings = organization === null ? "settings" : `organizations/${organization}/settings`;
  const made: NewApp[] = [];
  const form = {
    action: `${webUrl}/${settings}/apps/new`,
    manifest: (redirectUrl: string) => ({
      ...manifest,
      name: `${name} ${organization ?? ""}`.trim().slice(0, nameLengthMax),
      url,
      hook_attributes: { url: `${url}/api/github/webhooks`, active: true },
      redirect_url: redirectUrl,
      public: false,
    }),
    created: async (code: string) => {
      try {
        made.push(await createApp(apiUrl, code, io.now()));
        return { done: true, text: "The App is there. Go back to the terminal; this page can be closed." };
      } catch (error) {
        if (!(error instanceof GitHubError)) throw error;
        const text = `${error.message}; open the address again`;
        io.stderr(`countersign setup: ${text}\n`);
        return { done: false, text };
      }
    },
  };
  const listening = (address: string) =>
    io.stdout(`Open this address in a browser, and create the App on GitHub:\n  ${address}\n`);
  await serveManifest(form, { port, signal: io.signal, listening }).catch(taken(port));
  const [app] = made;
  if (app === undefined)
    throw new CommandError("nobody created the App in time, and nothing was written; begin again");
  await writeEnv(wanted, app);
  return check(wanted, { app, io });
}

function taken(port: number): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new CommandError(`cannot listen on port ${port} of 127.0.0.1 (${error.message}); take another one`);
  };
}

/** No value needs quotes: ids, hex, base64, host names and addresses. */
function envText(wanted: Wanted, app: NewApp): string {
  return [
    `# The GitHub App ${app.slug}: ${app.page}. What else can be set: .env.example`,
    ...Object.entries(variables(wanted, app)).map(([name, value]) => `${name}=${value}`),
    "",
  ].join("\n");
}

function variables({ host, url, webUrl }: Wanted, app: NewApp): Record<string, string> {
  return {
    APP_ID: String(app.id),
    PRIVATE_KEY: Buffer.from(app.privateKey).toString("base64"),
    WEBHOOK_SECRET: app.webhookSecret,
    GITHUB_CLIENT_ID: app.clientId,
    GITHUB_CLIENT_SECRET: app.clientSecret,
    PUBLIC_URL: url,
    ...(host !== "" && { GHE_HOST: host }),
    ...(webUrl.startsWith("http:") && { GHE_PROTOCOL: "http" }),
  };
}

/** Beside the file and then in its place, so that nobody ever sees half of it, or all of it for a moment. */
async function writeEnv(wanted: Wanted, app: NewApp): Promise<void> {
  const { file } = wanted;
  const beside = `${file}.new`;
  try {
    await rm(beside, { force: true });
    const handle = await open(beside, "wx", 0o600);
    try {
      await handle.writeFile(envText(wanted, app));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const lost = `GitHub shows an App's keys once: make new ones on ${app.page}`;
    throw new CommandError(`the App was created, but ${file} cannot be written: ${why}. ${lost}`);
  }
}

/** Asks GitHub with the new key, and says what comes next. */
async function check(wanted: Wanted, { app, io }: { app: NewApp; io: SetupIo }): Promise<number> {
  const environment = { ...io.environment, PRIVATE_KEY_PATH: "", ...variables(wanted, app) };
  const { clientFor } = await appClient({ ...io, environment, readFile: () => "" });
  io.stdout(`${wanted.file} is written; only this user can read it.\n`);
  try {
    const seen = await readApp(await clientFor(), { webUrl: wanted.webUrl, now: io.now() });
    const missing = lacking(readNeeded(), seen);
    if (missing.length > 0) {
      io.stdout(`The App lacks ${missing.join(", ")}: add it on ${seen.page}/permissions\n`);
      return 1;
    }
    io.stdout(nextSteps(wanted, { slug: plain(seen.slug), page: plain(seen.publicPage, 400) }));
    return 0;
  } catch (error) {
    if (!(error instanceof GitHubError)) throw error;
    io.stdout(`GitHub does not answer to the new key yet: ${error.message}\n`);
    return 1;
  }
}

function nextSteps({ organization, url }: Wanted, { slug, page }: { slug: string; page: string }): string {
  const owner = organization ?? "YOUR-LOGIN";
  return `GitHub knows the App ${slug}. What comes next:
  1. Start the server (npm start) where GitHub reaches it as ${url}
  2. Write the roster into ${owner}/.github › .github/countersign/roster.yml
  3. Install the App on all repositories: ${page}/installations/new
  4. Require the check: npm run countersign -- doctor ${owner} --fix
`;
}
