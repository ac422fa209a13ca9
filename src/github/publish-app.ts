import { z } from "zod";
import { personalClient } from "./client.ts";
import { asking } from "./errors.ts";

/** A GitHub App that was just created, with its secrets: GitHub shows them this once. */
export type NewApp = {
  readonly id: number;
  readonly slug: string;
  /** Its public page. */
  readonly page: string;
  /** PEM. */
  readonly privateKey: string;
  readonly webhookSecret: string;
  readonly clientId: string;
  readonly clientSecret: string;
};

const answer = z.object({
  id: z.number(),
  slug: z.string(),
  html_url: z.string(),
  pem: z.string(),
  webhook_secret: z.string(),
  client_id: z.string(),
  client_secret: z.string(),
});

/**
 * Turns the code that GitHub sent a person back with into the App they created. A code works once, and for an hour.
 * https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
 * @throws GitHubError; `gone` when the code is used up, too old, or none.
 */
export async function createApp(apiUrl: string, code: string, now: number): Promise<NewApp> {
  return asking(now, async () => {
    const { data } = await personalClient(null, apiUrl).rest.apps.createFromManifest({ code });
    const app = answer.parse(data);
    return {
      id: app.id,
      slug: app.slug,
      page: app.html_url,
      privateKey: app.pem,
      webhookSecret: app.webhook_secret,
      clientId: app.client_id,
      clientSecret: app.client_secret,
    };
  });
}
