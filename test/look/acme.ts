/** acme on a fake GitHub, a store, and looks at its pull requests without a server around them. */
import { onTestFinished } from "vitest";
import { receive } from "../../src/delivery/inbox.ts";
import { look, type LookContext } from "../../src/look.ts";
import { appSettings } from "../fake-github/app-manifest.ts";
import { installationToken } from "../fake-github/shop-scene.ts";
import { octokitWith, startFakeGitHub } from "../fake-github/server.ts";
import { freshStore } from "../store/fresh-store.ts";

export const shop = { owner: "acme", repo: "shop" };
export const roster = [
  "people:",
  "  ada: principal",
  "  grace: senior",
  "  milo: mid",
  "  june: junior",
  "",
].join("\n");
export const rosterFile = ".github/countersign/roster.yml";
export const policyFile = ".github/countersign/policy.yml";

/** A message that declares AI assistance. */
export const assisted = (subject: string) => `${subject}\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n`;

export type Acme = Awaited<ReturnType<typeof openAcme>>;

/** The organisation, its roster and its shop; june's AI-assisted pull request #1 is open. Everything is closed at the end. */
export async function openAcme(files: Readonly<Record<string, string>> = { [rosterFile]: roster }) {
  const github = await startFakeGitHub();
  onTestFinished(async () => {
    await github.close();
    if (github.refused.length > 0) throw new Error(`GitHub would refuse:\n${github.refused.join("\n")}`);
  });
  for (const login of ["ada", "grace", "milo", "june"]) github.createUser(login);
  github.createOrganization("acme");
  github.createRepository("acme/.github", { files, collaborators: { ada: "admin" } });
  const collaborators = { ada: "admin", grace: "write", milo: "write", june: "write" } as const;
  github.createRepository("acme/shop", { files: { "cart.ts": "export const total = 0;\n" }, collaborators });
  // Nobody listens there: what is held is never sent, and the tests hand it to the inbox themselves.
  const app = github.createApp({
    slug: "countersign",
    webhookSecret: "secret",
    webhookUrl: "http://127.0.0.1:9/",
    ...appSettings,
  });
  github.holdDeliveries();
  const installation = github.installApp("acme", { repositories: "all" });
  const octokit = octokitWith(github.url, await installationToken(github, app, installation));
  const store = await freshStore();
  const clock = { now: Date.parse("2026-03-01T12:00:00Z") };
  const warnings: object[] = [];
  const context: LookContext = {
    store,
    appId: app.id,
    configRepo: ".github",
    worker: "one",
    pages: null,
    now: () => clock.now,
    log: { warn: (details, message) => warnings.push({ ...details, message }) },
  };
  const head = github.push("acme/shop", {
    branch: "topic",
    pusher: "june",
    files: { "cart.ts": "export const total = 1;\n" },
    message: assisted("Cache the total"),
  });
  await github
    .as("june")
    .rest.pulls.create({ ...shop, title: "Cache the total", head: "topic", base: "main" });
  return {
    github,
    octokit,
    store,
    clock,
    context,
    installation,
    head,
    warnings,
    ...acting({ github, octokit, context, installation }),
  };
}

/** What tests do most. */
function acting({
  github,
  octokit,
  context,
  installation,
}: {
  github: Awaited<ReturnType<typeof startFakeGitHub>>;
  octokit: ReturnType<typeof octokitWith>;
  context: LookContext;
  installation: number;
}) {
  let delivered = 0;
  return {
    /** One look at a pull request of the shop. */
    look: async (number = 1, more: { rewrite?: boolean; worker?: string } = {}) => {
      const { rewrite = false, worker = "one" } = more;
      const pull = { ...shop, number };
      return look({ ...context, worker }, octokit, { pull, installation, rewrite });
    },
    /** Hands every delivery that was not handed over yet to the inbox, as the server would. */
    deliver: async () => {
      const fresh = github.deliveries.slice(delivered);
      delivered += fresh.length;
      for (const { guid, event, payload } of fresh) {
        await receive(
          { store: context.store, appId: context.appId ?? 0, configRepo: ".github", now: context.now() },
          { guid, event, payload },
        );
      }
    },
    /** The check runs on a commit, oldest first. */
    runs: async (sha: string) => {
      const { data } = await github.as("ada").rest.checks.listForRef({ ...shop, ref: sha, filter: "all" });
      return data.check_runs.map(({ conclusion, output }) => ({ conclusion, title: output.title }));
    },
    review: async (by: string, event: "APPROVE" | "REQUEST_CHANGES", number = 1) => {
      await github
        .as(by)
        .rest.pulls.createReview({ ...shop, pull_number: number, event, body: "As I said." });
    },
    /** Takes the approvals of a pull request back. */
    dismiss: async (by: string, number = 1) => {
      const { pulls } = github.as(by).rest;
      const { data } = await pulls.listReviews({ ...shop, pull_number: number });
      for (const { id: review_id, state } of data) {
        if (state === "APPROVED")
          await pulls.dismissReview({ ...shop, pull_number: number, review_id, message: "Not any more." });
      }
    },
    /** A further pull request of june's, from topic if no other branch is named. */
    openPull: async (base: string, branch = "topic") => {
      const { data } = await github
        .as("june")
        .rest.pulls.create({ ...shop, title: `To ${base}`, head: branch, base });
      return data.number;
    },
    /** Writes so far to check runs, with what GitHub answered. */
    writes: () =>
      github.requests
        .filter(({ method, path }) => method !== "GET" && path.includes("/check-runs"))
        .map(({ method, status }) => `${method} ${status}`),
    /** Holds the next query back until it is let go. */
    holdQuery: () => {
      const arrived = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      let held = false;
      octokit.hook.wrap("request", async (request, options) => {
        if (!held && options.url.endsWith("/graphql")) {
          held = true;
          arrived.resolve();
          await released.promise;
        }
        return request(options);
      });
      return { arrived: arrived.promise, release: released.resolve };
    },
    /** Does something when a query was answered, as often as given. */
    afterQuery: (times: number, happens: (time: number) => void | Promise<void>) => {
      let time = 0;
      octokit.hook.after("request", async (_, options) => {
        if (!options.url.endsWith("/graphql") || time >= times) return;
        time += 1;
        await happens(time);
      });
    },
  };
}
