import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { z } from "zod";
import { environmentFor } from "../../demo/server-process.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { start } from "../../src/start.ts";
import { appSettings } from "../fake-github/app-manifest.ts";
import { type FakeGitHub, startFakeGitHub } from "../fake-github/server.ts";
import { webhookSecret } from "./signed-delivery.ts";
import { until } from "./until.ts";
import { dataParent } from "../store/data-parent.ts";

export const shop = "acme/shop";
export const configRepository = "acme/.github";
export const rosterFile = ".github/countersign/roster.yml";
export const policyFile = ".github/countersign/policy.yml";

/** otto can push but is on no roster; rhea is a senior who can only read; dora can only read and is on no roster. */
export const roster = `people:
  ada: principal
  grace: senior
  vera: senior
  rhea: senior
  milo: mid
  juno: junior
`;

/** acme: the repository shop, whose main branch requires the check, the roster in `.github`, and people of all kinds. */
export function furnish(
  github: FakeGitHub,
  files: Readonly<Record<string, string>> = { [rosterFile]: roster },
  permissions: typeof appSettings.permissions = {},
) {
  github.createOrganization("acme");
  const people = ["ada", "grace", "vera", "rhea", "milo", "juno", "otto", "dora"];
  for (const login of people) github.createUser(login, { emails: [`${login}@acme.dev`] });
  github.createUser("reviewer[bot]", { type: "Bot" });
  github.createRepository(configRepository, { files, collaborators: { ada: "admin" } });
  github.createRepository(shop, {
    files: { "src/cart.ts": "export const total = 0;\n" },
    collaborators: {
      ada: "admin",
      grace: "write",
      vera: "write",
      rhea: "read",
      "reviewer[bot]": "write",
      milo: "write",
      juno: "write",
      otto: "write",
      dora: "read",
    },
  });
  const app = github.createApp({
    slug: "countersign",
    webhookSecret,
    ...appSettings,
    permissions: { ...appSettings.permissions, ...permissions },
  });
  github.requireCheck(shop, "main", { context: "Countersign", appId: app.id });
  return { appId: app.id, privateKey: app.privateKey, webhookSecret };
}

/** What a check run says, its summary as people see it without Markdown's signs; null when the commit has none. */
export type Check = {
  readonly status: string;
  readonly conclusion: string | null;
  readonly title: string;
  readonly summary: string;
} | null;

export type Company = {
  readonly github: FakeGitHub;
  readonly url: string;
  readonly appId: number;
  readonly log: readonly string[];
  /** What the server was started with. */
  readonly environment: NodeJS.ProcessEnv;
  /** Where the server keeps its store. */
  readonly dataDir: string;
  /** Sends deliveries to the server and installs the app; done already unless `installed` was false. */
  readonly install: () => void;
  /** Waits until every delivery was answered and nothing waits for a look. */
  readonly idle: () => Promise<void>;
  /** Stops the server, does `meanwhile`, and starts another one. */
  readonly restart: (meanwhile: () => void | Promise<void>) => Promise<void>;
  /** The same, and its store is deleted. */
  readonly loseStore: (meanwhile?: () => void | Promise<void>) => Promise<void>;
  /** The check run on a commit, once nothing is going on any more. @throws when there are several. */
  readonly check: (sha: string) => Promise<Check>;
  readonly close: () => Promise<void>;
};

/** The company with the server running in this process. Both keep running until `close`. */
export async function openCompany(
  options: {
    files?: Readonly<Record<string, string>>;
    installed?: false;
    now?: () => number;
    latencyMs?: number;
    /** Where people see the pages. */
    publicUrl?: string;
    /** The port to listen on; any free one if left out. */
    port?: number;
    /** People can sign in. */
    signIn?: true;
    /** Of the environment, besides those every server needs. */
    variables?: Readonly<Record<string, string>>;
    /** Instead of what app.yml asks for. */
    permissions?: typeof appSettings.permissions;
  } = {},
): Promise<Company> {
  const { latencyMs = 0 } = options;
  const github = await startFakeGitHub({ latencyMs });
  const acme = furnish(github, options.files, options.permissions);
  const dataDir = mkdtempSync(join(dataParent, "countersign-company-"));
  const log: string[] = [];
  const { publicUrl, port = 0 } = options;
  const variables = {
    ...environmentFor(acme, github.url, { dataDir, port }),
    ...(publicUrl !== undefined && { PUBLIC_URL: publicUrl }),
    ...(options.signIn && clientOf(github)),
    ...options.variables,
  };
  github.setCallbackUrl(`${publicUrl}/sign-in/callback`);
  const environment = readEnvironment(variables, () => "");
  if (environment.kind === "broken") throw new Error(environment.problems.join("\n"));
  const { now = Date.now } = options;
  const begin = async () => start(environment.value, { write: (line) => log.push(line), now });
  let server = await begin();
  const listen = () => github.setWebhookUrl(`${server.url}/api/github/webhooks`);
  const install = () => {
    listen();
    github.installApp("acme", { repositories: "all", app: "countersign" });
  };
  if (options.installed !== false) install();
  const idle = async () => idleAt(github, server.url);
  const restart: Company["restart"] = async (meanwhile) => {
    await idle();
    await server.stop("the test starts another one");
    await meanwhile();
    await github.quiet();
    server = await begin();
    listen();
  };
  return {
    github,
    get url() {
      return server.url;
    },
    appId: acme.appId,
    log,
    environment: variables,
    dataDir,
    install,
    idle,
    restart,
    loseStore: async (meanwhile) =>
      restart(async () => {
        rmSync(dataDir, { recursive: true });
        await meanwhile?.();
      }),
    check: async (sha) => {
      await idle();
      return checkOn(github, sha, acme.appId);
    },
    close: async () => {
      await idle();
      await server.stop("the test is over");
      await github.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** What a server needs so that people can sign in with its app. */
function clientOf({ world }: FakeGitHub) {
  const [app] = world.apps.values();
  if (app === undefined) throw new Error("There is no app.");
  return { GITHUB_CLIENT_ID: app.clientId, GITHUB_CLIENT_SECRET: app.clientSecret };
}

/** A company of its own for one test, closed with it. */
export async function ownCompany(options: Parameters<typeof openCompany>[0] = {}): Promise<Company> {
  const company = await openCompany(options);
  onTestFinished(async () => company.close());
  return company;
}

const healthSchema = z.object({
  ready: z.boolean(),
  store: z.string(),
  backlog: z.number().optional(),
  failing: z.number().optional(),
  mostAttempts: z.number().optional(),
});

/** What `/health` says. */
export async function health(url: string): Promise<z.infer<typeof healthSchema>> {
  return healthSchema.parse(await (await fetch(`${url}/health`)).json());
}

/** Fails the test when the server called GitHub in a way that GitHub would refuse. */
export function assertNothingRefused({ refused }: FakeGitHub): void {
  if (refused.length > 0) throw new Error(`GitHub would refuse:\n${refused.join("\n")}`);
}

/** Waits until every delivery was answered and the server at `url` has nothing left to look at. */
export async function idleAt(github: FakeGitHub, url: string): Promise<void> {
  await until("the server to have looked at everything", async () => {
    await github.quiet();
    return (await health(url)).backlog === 0;
  });
}

/** The check run of the app on a commit as it is now. */
export async function checkOn(github: FakeGitHub, ref: string, app?: number): Promise<Check> {
  const wanted = { owner: "acme", repo: "shop", ref, check_name: "Countersign", filter: "all" } as const;
  const { data } = await github
    .as("ada")
    .rest.checks.listForRef({ ...wanted, ...(app !== undefined && { app_id: app }) });
  if (data.check_runs.length > 1)
    throw new Error(`There are ${data.check_runs.length} check runs on ${ref}.`);
  const [run] = data.check_runs;
  if (run === undefined) return null;
  const { status, conclusion, output } = run;
  const summary = (output.summary ?? "").replaceAll(/[\\`]/gu, "");
  return { status, conclusion, title: output.title ?? "", summary };
}
