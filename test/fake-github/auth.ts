/** Who is asking: app JWTs, installation tokens and people's tokens, checked as GitHub checks them. */
import { randomBytes, verify } from "node:crypto";
import { z } from "zod";
import { HttpError, notAccessible } from "./http-error.ts";
import { tokenExpiry } from "./render-rest.ts";
import type { Account, App, Installation, Viewer, World } from "./world.ts";

/** GitHub refuses a JWT that lives longer than ten minutes. */
const JWT_LIFE_SECONDS_MAX = 600;

const jwtHeader = z.object({ alg: z.literal("RS256") });
const jwtClaims = z.object({ iss: z.coerce.string(), exp: z.number() });

/** The viewer an Authorization header stands for. @throws 401 when it stands for nobody (any more). */
export function authenticate(world: World, authorization: string | undefined): Viewer {
  if (authorization === undefined) throw new HttpError(401, "Requires authentication");
  const token = authorization.replace(/^(bearer|token) /i, "");
  const known = world.tokens.get(token);
  if (known && (known.expiresAt === null || known.expiresAt > world.now())) return known.viewer;
  // Installation tokens may contain a JWT too; only a bare one is an app's.
  if (known || token.startsWith("ghs_") || token.split(".").length !== 3)
    throw new HttpError(401, "Bad credentials");
  return { kind: "app", app: appOfJwt(world, token) };
}

/** A new token for an installation, for one hour, narrowed where asked. */
export function issueInstallationToken(
  world: World,
  installation: Installation,
  narrowed: { permissions: Installation["permissions"] | null; repositoryIds: ReadonlySet<number> | null },
): { readonly token: string; readonly expiresAt: string } {
  const app = world.apps.get(installation.appId);
  if (!app) throw new HttpError(401, "Integration not found");
  const expiry = tokenExpiry(world);
  // GitHub's new form, `ghs_APPID_JWT`: nobody may rely on the 40 characters of the old one.
  const part = () => randomBytes(48).toString("base64url");
  const token = `ghs_${app.id}_${part()}.${part()}.${part()}`;
  const permissions = narrowed.permissions ?? installation.permissions;
  const { repositoryIds } = narrowed;
  const viewer: Viewer = { kind: "installation", app, installation, permissions, repositoryIds };
  world.tokens.set(token, { viewer, expiresAt: expiry.at });
  return { token, expiresAt: expiry.text };
}

/** The personal access token of an account: always the same one, so that a test may ask twice. */
export function issueUserToken(world: World, account: Account): string {
  const token = `ghp_fake_${account.id}`;
  world.tokens.set(token, { viewer: { kind: "user", account }, expiresAt: null });
  return token;
}

/** An installation needs the permission; write includes read. People are judged by their role, elsewhere. @throws 403 */
export function requirePermission(viewer: Viewer, name: string, level: "read" | "write"): void {
  if (viewer.kind === "user") return;
  const granted = viewer.kind === "installation" ? viewer.permissions[name] : undefined;
  if (granted !== "write" && granted !== level) throw notAccessible();
}

/** The app of a viewer that is one of its installations. @throws 403 for people: only apps write checks. */
export function requireInstallation(viewer: Viewer): App {
  if (viewer.kind !== "installation") throw new HttpError(403, "You must authenticate via a GitHub App.");
  return viewer.app;
}

function appOfJwt(world: World, token: string): App {
  const [header = "", claims = "", signature = ""] = token.split(".");
  const undecodable = new HttpError(401, "A JSON web token could not be decoded");
  const parsedHeader = jwtHeader.safeParse(decode(header));
  const parsedClaims = jwtClaims.safeParse(decode(claims));
  if (!parsedHeader.success || !parsedClaims.success) throw undecodable;
  const { iss, exp } = parsedClaims.data;
  const app = [...world.apps.values()].find((one) => String(one.id) === iss || `Iv1.${one.id}` === iss);
  if (!app) throw new HttpError(401, "Integration must generate a public key");
  const signed = Buffer.from(`${header}.${claims}`);
  if (!verify("RSA-SHA256", signed, app.publicKey, Buffer.from(signature, "base64url"))) throw undecodable;
  const now = world.now() / 1000;
  if (exp <= now) {
    throw new HttpError(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  if (exp > now + JWT_LIFE_SECONDS_MAX) {
    throw new HttpError(401, "'Expiration time' claim ('exp') is too far in the future");
  }
  return app;
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return null;
  }
}
