/** Signing people in with GitHub: fetches a token of theirs, and takes it back when they sign out. */
import { z } from "zod";
import { callbackPath, type SignIn } from "./access.ts";
import { timedFetch } from "./client.ts";
import { GitHubError } from "./errors.ts";

const tokenSchema = z.object({
  access_token: z.string().min(1),
  token_type: z.string(),
  /** Seconds; left out where the app has the expiry of tokens switched off. */
  expires_in: z.number().optional(),
});
const refusalSchema = z.object({ error: z.string() });

/**
 * The web application flow of a GitHub App, with PKCE; null without a client or an address to send people back to.
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
 * @param app.webUrl base of GitHub's pages. @param app.publicUrl base of ours; the callback URL of the App is below it.
 */
export function createSignIn(app: {
  readonly client: { readonly id: string; readonly secret: string } | null;
  readonly publicUrl: string | null;
  readonly webUrl: string;
  readonly apiUrl: string;
}): { readonly signIn: SignIn; readonly clientSecret: string; readonly publicUrl: string } | null {
  const { client, publicUrl } = app;
  if (client === null || publicUrl === null) return null;
  const redirectUri = `${publicUrl}${callbackPath}`;
  return { signIn: flow({ ...app, client, redirectUri }), clientSecret: client.secret, publicUrl };
}

function flow({
  client,
  webUrl,
  apiUrl,
  redirectUri,
}: {
  readonly client: { readonly id: string; readonly secret: string };
  readonly webUrl: string;
  readonly apiUrl: string;
  readonly redirectUri: string;
}): SignIn {
  return {
    address: ({ state, challenge }) => {
      const asked = {
        client_id: client.id,
        redirect_uri: redirectUri,
        state,
        code_challenge: challenge,
        code_challenge_method: "S256",
      };
      return `${webUrl}/login/oauth/authorize?${new URLSearchParams(asked).toString()}`;
    },
    redeem: async ({ code, verifier }) => {
      const answer = await call(`${webUrl}/login/oauth/access_token`, {
        method: "POST",
        headers: { accept: "application/json" },
        body: new URLSearchParams({
          client_id: client.id,
          client_secret: client.secret,
          redirect_uri: redirectUri,
          code,
          code_verifier: verifier,
        }),
      });
      // GitHub refuses with status 200, too.
      const body: unknown = await answer.json().catch(() => null);
      const token = tokenSchema.safeParse(body);
      if (token.success)
        return { token: token.data.access_token, expiresInSeconds: token.data.expires_in ?? null };
      const { data } = refusalSchema.safeParse(body);
      throw new GitHubError(`GitHub gave no token: ${data?.error ?? `status ${answer.status}`}`);
    },
    revoke: async (token) => {
      const basic = Buffer.from(`${client.id}:${client.secret}`).toString("base64");
      const answer = await call(`${apiUrl}/applications/${client.id}/token`, {
        method: "DELETE",
        headers: { accept: "application/vnd.github+json", authorization: `Basic ${basic}` },
        body: JSON.stringify({ access_token: token }),
      });
      // One that ran out or was taken back is not there any more.
      if (!answer.ok && answer.status !== 404 && answer.status !== 422)
        throw new GitHubError(`GitHub did not take a token back: status ${answer.status}`);
    },
  };
}

/** What goes wrong on the way is told without the request: it holds secrets. */
async function call(address: string, init: RequestInit): Promise<Response> {
  try {
    return await timedFetch(address, init);
  } catch (error) {
    const { host } = new URL(address);
    throw new GitHubError(`${host} could not be reached to sign somebody in or out`, { cause: error });
  }
}
