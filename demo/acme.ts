import { appSettings } from "../test/fake-github/app-manifest.ts";
import type { FakeGitHub } from "../test/fake-github/server.ts";

/** What the demo's server has to be told, besides where GitHub is. */
export type Acme = { readonly appId: number; readonly privateKey: string; readonly webhookSecret: string };

export const shop = "acme/shop";
export const configRepository = "acme/.github";
export const rosterFile = ".github/countersign/roster.yml";
export const policyFile = ".github/countersign/policy.yml";

export const firstRoster = [
  "people:",
  "  ada: principal",
  "  grace: senior",
  "  milo: mid",
  "  juno: junior",
  "",
].join("\n");
/** Roster of the incidents, which have one more senior. */
export const incidentsRoster = `${firstRoster}  vera: senior\n`;
/** A coding agent's account. */
export const agent = "Copilot";
export const secondRoster = firstRoster.replace("grace: senior", "grace: mid");

/**
 * The organisation of the stories: a shop whose main branch requires the check, a roster in the organisation's `.github`
 * repository, five people and two bots. The app is registered, and installed once the server listens.
 * @param files roster and policy.
 */
export function furnish(
  github: FakeGitHub,
  webhookSecret: string,
  files: Readonly<Record<string, string>> = { [rosterFile]: firstRoster },
): Acme {
  github.createOrganization("acme");
  const people = ["grace", "vera", "milo", "juno"];
  for (const login of ["ada", ...people]) github.createUser(login, { emails: [`${login}@acme.dev`] });
  const bots = [agent, "reviewer[bot]"];
  for (const login of bots) github.createUser(login, { type: "Bot" });
  const writers = Object.fromEntries([...people, ...bots].map((login) => [login, "write"] as const));
  github.createRepository(configRepository, {
    files,
    collaborators: { ada: "admin" },
  });
  github.createRepository(shop, {
    files: {
      "src/cart.ts": "export const total = 0;\n",
      "infra/production.tf": 'resource "environment" "production" {}\n',
      "infra/limits.yml": "connections: 1000\n",
    },
    collaborators: { ada: "admin", ...writers },
  });
  const app = github.createApp({ slug: "countersign", webhookSecret, ...appSettings });
  github.requireCheck(shop, "main", { context: "Countersign", appId: app.id });
  return { appId: app.id, privateKey: app.privateKey, webhookSecret };
}
