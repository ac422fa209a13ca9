/** The small company most tests of the fake GitHub start from, and something to receive its webhooks. */
import { createSign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { type FakeGitHub, type FakeGitHubOptions, octokitWith, startFakeGitHub } from "./server.ts";
import type { App } from "./world.ts";

/** What the app's deliveries are signed with. */
export const WEBHOOK_SECRET = "a webhook secret of some length";

const EVENTS = [
  "pull_request",
  "pull_request_review",
  "push",
  "issue_comment",
  "label",
  "membership",
  "team",
] as const;

export type Received = {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
};

/**
 * acme with one repository, shop, protected by the check Countersign; june and ada can push, ruth can only read;
 * branch topic is one commit of june's ahead of main; the app countersign is installed and hears everything.
 */
export async function openShop(options: FakeGitHubOptions = {}) {
  const github = await startFakeGitHub(options);
  for (const login of ["june", "ada", "ruth"]) github.createUser(login);
  github.createOrganization("acme");
  github.createRepository("acme/shop", {
    defaultBranch: "main",
    files: { "README.md": "# shop\n", "src/cart.ts": "export const cart = [];\n" },
    collaborators: { june: "write", ada: "admin", ruth: "read" },
  });
  const app = github.createApp({
    slug: "countersign",
    webhookSecret: WEBHOOK_SECRET,
    permissions: {
      metadata: "read",
      contents: "read",
      checks: "write",
      pull_requests: "write",
      members: "read",
    },
    events: EVENTS,
  });
  const receiver = await startReceiver();
  github.setWebhookUrl(receiver.url);
  const installationId = github.installApp("acme", { repositories: "all" });
  github.requireCheck("acme/shop", "main", { context: "Countersign", appId: app.id });
  const topicSha = github.push("acme/shop", {
    branch: "topic",
    files: { "src/cart.ts": "export const cart = [1];\n" },
    message: "Fill the cart",
    pusher: "june",
  });
  const close = async () => {
    await github.close();
    await receiver.close();
  };
  const octokit = octokitWith(github.url, await installationToken(github, app, installationId));
  return { github, app, installationId, receiver, topicSha, octokit, close };
}

/** The repository's path parameters, for every call about it. */
export const shop = { owner: "acme", repo: "shop" };

/** A JWT that says it is of the app with id `iss`, for `lifeSeconds`, signed with any key. */
export function appJwt(claims: { iss: number; lifeSeconds: number }, privateKey: string): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = { iss: claims.iss, iat: now - 10, exp: now + claims.lifeSeconds };
  const text = `${part({ alg: "RS256", typ: "JWT" })}.${part(body)}`;
  return `${text}.${createSign("RSA-SHA256").update(text).sign(privateKey, "base64url")}`;
}

/** A token for an installation, got as the server gets it. */
export async function installationToken(
  github: FakeGitHub,
  app: App,
  installationId: number,
): Promise<string> {
  const jwt = appJwt({ iss: app.id, lifeSeconds: 500 }, app.privateKey);
  const { apps } = octokitWith(github.url, jwt).rest;
  return (await apps.createInstallationAccessToken({ installation_id: installationId })).data.token;
}

/** What a call answered, or the refusal it ended in: status, message and details. */
export async function outcome(
  call: Promise<{ status: number }>,
): Promise<{ status: number; message?: string }> {
  try {
    return { status: (await call).status };
  } catch (error) {
    if (error instanceof Error && "status" in error && typeof error.status === "number") {
      return { status: error.status, message: error.message.replace(/ - https:\/\/docs.*$/s, "") };
    }
    throw error;
  }
}

/** "event.action" of every delivery since the last call. */
export function heard(github: FakeGitHub, from = 0): string[] {
  return github.deliveries
    .slice(from)
    .map(({ event, action }) => (action === null ? event : `${event}.${action}`));
}

async function startReceiver() {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString("utf8") });
      response.writeHead(202).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The receiver has no port.");
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${address.port}/`, received, close };
}
