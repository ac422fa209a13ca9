/** What the measurements happen to: organisations on a fake GitHub, each with a roster and a shop, and pull requests there. */
import type { Acme } from "../demo/acme.ts";
import { rosterFile, roster } from "../test/end-to-end/company.ts";
import { deliver, webhookSecret } from "../test/end-to-end/signed-delivery.ts";
import { appSettings } from "../test/fake-github/app-manifest.ts";
import type { NewCommit } from "../test/fake-github/push.ts";
import type { FakeGitHub } from "../test/fake-github/server.ts";

export type Pull = { readonly owner: string; readonly number: number; readonly sha: string };

/** The trailer that makes a commit AI-assisted. */
export const assisted = "Keep the total\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n";

/**
 * Registers the app and makes `count` organisations with the app installed: GitHub's limits hold for each installation, so a
 * measurement that would run into them wants several. Deliveries are held: `heard` brings them.
 */
export function furnish(github: FakeGitHub, count: number): { acme: Acme; owners: string[] } {
  github.holdDeliveries();
  for (const login of ["ada", "grace", "vera", "rhea", "milo", "juno"])
    github.createUser(login, { emails: [`${login}@acme.dev`] });
  const app = github.createApp({ slug: "countersign", webhookSecret, ...appSettings });
  // Nobody listens there: what is held is never sent by the fake itself.
  github.setWebhookUrl("http://127.0.0.1:9/");
  const owners = Array.from({ length: count }, (_, index) => `acme-${index + 1}`);
  for (const owner of owners) {
    github.createOrganization(owner);
    github.createRepository(`${owner}/.github`, {
      files: { [rosterFile]: roster },
      collaborators: { ada: "admin" },
    });
    github.createRepository(`${owner}/shop`, {
      files: { "src/cart.ts": "export const total = 0;\n" },
      collaborators: { ada: "admin", grace: "write", juno: "write" },
    });
    github.requireCheck(`${owner}/shop`, "main", { context: "Countersign", appId: app.id });
    github.installApp(owner, { repositories: "all" });
  }
  return { acme: { appId: app.id, privateKey: app.privateKey, webhookSecret }, owners };
}

let branches = 0;

/**
 * juno opens a pull request, AI-assisted, with one commit unless others are given; into `main`, which is gated, unless told. Its files
 * are its own: a later one with the same tree would inherit its evidence.
 */
export async function openPull(
  github: FakeGitHub,
  owner: string,
  commits?: readonly NewCommit[],
  base = "main",
): Promise<Pull> {
  branches += 1;
  const branch = `topic-${branches}`;
  const own = [{ message: assisted, files: { [`src/${branch}.ts`]: "export {};\n" } }];
  const sha = github.push(`${owner}/shop`, { branch, pusher: "juno", commits: commits ?? own });
  const about = { owner, repo: "shop", title: "Keep the total", head: branch, base };
  const { data } = await github.as("juno").rest.pulls.create(about);
  return { owner, number: data.number, sha };
}

/** grace, a senior, approves. */
export async function approve(github: FakeGitHub, { owner, number }: Pull): Promise<void> {
  const review = { owner, repo: "shop", pull_number: number, event: "APPROVE" } as const;
  await github.as("grace").rest.pulls.createReview(review);
}

/** Brings a server what happened since the last time, in order, as GitHub would. Returns when it last told of a pull request. */
export function postman(github: FakeGitHub, url: string, heardAlready = 0): () => Promise<number> {
  let heard = heardAlready;
  return async () => {
    let sentAt = performance.now();
    while (heard < github.deliveries.length) {
      const delivery = github.deliveries[heard];
      heard += 1;
      if (delivery === undefined) break;
      const { guid, event, payload: body } = delivery;
      // Behind it may be news of the server's own check runs.
      if (event.startsWith("pull_request")) sentAt = performance.now();
      const { status, text } = await deliver(url, { guid, event, body });
      if (status !== 202) throw new Error(`The delivery ${event} was answered ${status}: ${text}`);
    }
    return sentAt;
  };
}
