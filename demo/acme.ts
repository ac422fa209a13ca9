import type { FakeGitHub } from "../test/fake-github/server.ts";

/** What the demo's server has to be told, besides where GitHub is. */
export type Acme = { readonly appId: number; readonly privateKey: string; readonly webhookSecret: string };

export const shop = "acme/shop";
export const configRepository = "acme/.github";
export const rosterFile = ".github/countersign/roster.yml";

export const firstRoster = [
  "people:",
  "  ada: principal",
  "  grace: senior",
  "  milo: mid",
  "  juno: junior",
  "",
].join("\n");
export const secondRoster = firstRoster.replace("grace: senior", "grace: mid");

/** Permissions and events as in app.yml. */
const permissions = {
  metadata: "read",
  contents: "read",
  pull_requests: "write",
  issues: "read",
  checks: "write",
  statuses: "write",
  merge_queues: "read",
  members: "read",
} as const;
const events = [
  "pull_request",
  "pull_request_review",
  "push",
  "merge_group",
  "issue_comment",
  "membership",
  "team",
  "organization",
];

/**
 * The organisation of the story: a shop whose main branch requires the check, a roster in the organisation's `.github`
 * repository, and four people. The app is registered, and installed once the server listens.
 */
export function furnish(github: FakeGitHub, webhookSecret: string): Acme {
  github.createOrganization("acme");
  for (const login of ["ada", "grace", "milo", "juno"])
    github.createUser(login, { emails: [`${login}@acme.dev`] });
  const everybody = { ada: "admin", grace: "write", milo: "write", juno: "write" } as const;
  github.createRepository(configRepository, {
    files: { [rosterFile]: firstRoster },
    collaborators: { ada: "admin" },
  });
  github.createRepository(shop, {
    files: { "src/cart.ts": "export const total = 0;\n" },
    collaborators: everybody,
  });
  const app = github.createApp({ slug: "countersign", webhookSecret, permissions, events });
  github.requireCheck(shop, "main", { context: "Countersign", appId: app.id });
  return { appId: app.id, privateKey: app.privateKey, webhookSecret };
}
