/** The environment -> what the server needs to start, or one line per problem. */
import { createPrivateKey, type KeyObject } from "node:crypto";

/** A checked environment. Everything the server is told from outside is here. */
export type Environment = {
  readonly appId: number;
  /** PKCS #8 PEM, whatever form the key was given in. */
  readonly privateKey: string;
  /** The current secret first, then the previous one while it is being replaced. */
  readonly webhookSecrets: readonly string[];
  readonly webhookPath: string;
  /** A smee.io channel to fetch deliveries from, null when GitHub reaches the server itself. */
  readonly webhookProxyUrl: string | null;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly logLevel: LogLevel;
  readonly dataDir: string;
  /** How long rows of the audit log are kept; null: for ever. */
  readonly auditKeepDays: number | null;
  /** Whether an issue is opened about what landed without the countersignature it needed. */
  readonly bypassIssues: boolean;
  /** PostgreSQL's address, which may hold a password; null for SQLite in `dataDir`. */
  readonly databaseUrl: string | null;
  /** Name of the repository that holds the organisation's roster and policy. */
  readonly configRepo: string;
  /** Base of the REST API, without a slash at its end. Octokit finds GraphQL from it. */
  readonly apiUrl: string;
  /** Base of GitHub's pages, without a slash at its end. */
  readonly webUrl: string;
  /** Where people see our own pages, without a slash at its end; null where nobody said. */
  readonly publicUrl: string | null;
  /** The GitHub App's, for people who sign in; null where nobody can. */
  readonly client: { readonly id: string; readonly secret: string } | null;
};

type LogLevel = (typeof logLevels)[number];

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

/** Shorter secrets can be guessed from one signed delivery. `openssl rand -hex 32` makes 64. */
const secretLengthMin = 16;

const makeSecret = "make one with `openssl rand -hex 32` and set the same in the GitHub App";

type Variables = Readonly<Record<string, string | undefined>>;
/** What was read, or one line for each problem. */
export type Checked<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "broken"; readonly problems: readonly string[] };
type Complain = (problem: string) => void;

/**
 * Checks the variables of `.env.example`; an empty one is as good as unset. `readFile` returns the text of the file
 * `PRIVATE_KEY_PATH` names, or throws. No problem quotes a secret or the key.
 */
export function readEnvironment(env: Variables, readFile: (path: string) => string): Checked<Environment> {
  return checked((complain) => ({
    appId: readAppId(env, complain),
    privateKey: readPrivateKey(env, readFile, complain),
    webhookSecrets: readSecrets(env, complain),
    webhookPath: readWebhookPath(env, complain),
    webhookProxyUrl: readProxyUrl(env, complain),
    host: env["HOST"] || "localhost",
    port: readPort(env, complain),
    logLevel: readLogLevel(env, complain),
    auditKeepDays: readAuditKeepDays(env, complain),
    publicUrl: readPublicUrl(env, complain),
    client: readClient(env, complain),
    bypassIssues: readBypassIssues(env, complain),
    ...readPlace(env, complain),
  }));
}

function checked<T>(read: (complain: Complain) => T): Checked<T> {
  const problems: string[] = [];
  const value = read((problem) => problems.push(problem));
  return problems.length === 0 ? { kind: "ok", value } : { kind: "broken", problems };
}

/** Reads variables from a file such as `.env` into this process's environment, which outweighs it; a missing file is an empty one. */
export function loadEnvFile(path: string): void {
  try {
    process.loadEnvFile(path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}

/** On unless it is turned off: nobody is to miss a bypass because of a word that means nothing. */
function readBypassIssues(env: Variables, complain: Complain): boolean {
  const text = env["BYPASS_ISSUES"] || "on";
  if (text !== "on" && text !== "off") complain(`BYPASS_ISSUES is "${text}"; it is on, or off.`);
  return text !== "off";
}

type PlaceKey = "apiUrl" | "webUrl" | "configRepo" | "dataDir" | "databaseUrl";

/** Where GitHub, its configuration repository and the database are, as `readEnvironment` finds them: all a command needs that only reads. */
export function readGitHubPlace(env: Variables): Checked<Pick<Environment, PlaceKey>> {
  return checked((complain) => readPlace(env, complain));
}

function readPlace(env: Variables, complain: Complain) {
  const dataDir = env["DATA_DIR"] || "./data";
  const databaseUrl = readDatabaseUrl(env, complain);
  return {
    dataDir,
    databaseUrl,
    configRepo: readConfigRepo(env, complain),
    ...readGitHubUrls(env, complain),
  };
}

/** The problem quotes nothing of it: anywhere in it may be a password. */
function readDatabaseUrl(env: Variables, complain: Complain): string | null {
  const text = env["DATABASE_URL"] || null;
  if (text === null || isPostgresUrl(text)) return text;
  complain(
    "DATABASE_URL: expected postgres://USER:PASSWORD@HOST:5432/DATABASE, in USER and PASSWORD other characters than letters and digits percent-encoded",
  );
  return null;
}

function isPostgresUrl(text: string): boolean {
  try {
    const { protocol, hostname, pathname, username, password } = new URL(text);
    for (const part of [pathname, username, password]) decodeURIComponent(part);
    return /^postgres(ql)?:$/u.test(protocol) && hostname !== "" && pathname.length > 1;
  } catch {
    return false;
  }
}

function readAppId(env: Variables, complain: Complain): number {
  const text = env["APP_ID"] ?? "";
  if (text === "") complain("APP_ID is missing; it is the number on the GitHub App's settings page");
  else if (!/^[1-9]\d{0,14}$/.test(text)) {
    complain(`APP_ID: expected the number on the GitHub App's settings page, got ${JSON.stringify(text)}`);
  }
  return Number(text);
}

function readPrivateKey(env: Variables, readFile: (path: string) => string, complain: Complain): string {
  const path = env["PRIVATE_KEY_PATH"];
  if (env["PRIVATE_KEY"]) return toPem("PRIVATE_KEY", env["PRIVATE_KEY"], complain);
  if (path) {
    try {
      return toPem("PRIVATE_KEY_PATH", readFile(path), complain);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      complain(
        `PRIVATE_KEY_PATH: cannot read ${JSON.stringify(path)} (${why}); correct the path or the file's permissions`,
      );
      return "";
    }
  }
  complain(
    "PRIVATE_KEY and PRIVATE_KEY_PATH are missing; set one: generate a private key on the GitHub App's settings page",
  );
  return "";
}

function toPem(name: string, text: string, complain: Complain): string {
  const plain = text.includes("-----BEGIN")
    ? text.replaceAll("\\n", "\n")
    : Buffer.from(text, "base64").toString("utf8");
  let key: KeyObject;
  try {
    key = createPrivateKey(plain);
  } catch {
    // What the library says names parts of OpenSSL, and could quote the key; neither helps.
    complain(
      `${name}: this is not a private key; give the PEM file GitHub made, its text, or its text in base64`,
    );
    return "";
  }
  if (key.asymmetricKeyType !== "rsa") {
    complain(
      `${name}: expected an RSA key as GitHub makes them, got ${key.asymmetricKeyType ?? "another kind"}`,
    );
    return "";
  }
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function readSecrets(env: Variables, complain: Complain): string[] {
  const secret = env["WEBHOOK_SECRET"] ?? "";
  const previous = env["WEBHOOK_SECRET_PREVIOUS"] ?? "";
  if (secret === "") complain(`WEBHOOK_SECRET is missing; ${makeSecret}`);
  else checkSecret("WEBHOOK_SECRET", secret, complain);
  if (previous === "") return [secret];
  checkSecret("WEBHOOK_SECRET_PREVIOUS", previous, complain);
  return [secret, previous];
}

function checkSecret(name: string, secret: string, complain: Complain): void {
  // "development" is what Probot assumes when none is set, so everybody knows it.
  if (secret === "development")
    complain(`${name} is "development", which everybody can guess; ${makeSecret}`);
  else if (secret.trim().length < secretLengthMin) {
    complain(`${name} is shorter than ${secretLengthMin} characters; ${makeSecret}`);
  }
}

function readWebhookPath(env: Variables, complain: Complain): string {
  const path = env["WEBHOOK_PATH"] || "/api/github/webhooks";
  if (!/^(\/[\w.~-]+)+$/.test(path)) {
    complain(`WEBHOOK_PATH: expected a path such as /api/github/webhooks, got ${JSON.stringify(path)}`);
  }
  return path;
}

function readProxyUrl(env: Variables, complain: Complain): string | null {
  const text = env["WEBHOOK_PROXY_URL"] || null;
  if (text !== null && !/^https?:$/u.test(URL.canParse(text) ? new URL(text).protocol : "")) {
    complain(`WEBHOOK_PROXY_URL: expected the address of a smee.io channel, got ${JSON.stringify(text)}`);
  }
  return text;
}

/** An origin: the pages name each other by paths from its root. */
function readPublicUrl(env: Variables, complain: Complain): string | null {
  const text = (env["PUBLIC_URL"] ?? "").replace(/\/$/u, "");
  if (text === "") return null;
  if (!/^https?:\/\//u.test(text) || !URL.canParse(text) || new URL(text).origin !== text.toLowerCase())
    complain(
      `PUBLIC_URL: expected the address of the pages without a path, such as https://countersign.example.com, got ${JSON.stringify(text)}`,
    );
  return text.toLowerCase();
}

/** Both or none, and an address that GitHub can send people back to. */
function readClient(env: Variables, complain: Complain): Environment["client"] {
  const [id, secret] = [env["GITHUB_CLIENT_ID"] || null, env["GITHUB_CLIENT_SECRET"] || null];
  if (id === null && secret === null) return null;
  if (id === null)
    complain(
      "GITHUB_CLIENT_ID is missing; it is on the GitHub App's settings page. Without sign-in leave out GITHUB_CLIENT_SECRET",
    );
  if (secret === null)
    complain(
      "GITHUB_CLIENT_SECRET is missing; generate one on the GitHub App's settings page. Without sign-in leave out GITHUB_CLIENT_ID",
    );
  else if (secret.trim().length < secretLengthMin)
    complain(
      `GITHUB_CLIENT_SECRET is shorter than ${secretLengthMin} characters; give the one that GitHub generated`,
    );
  if (!env["PUBLIC_URL"])
    complain("PUBLIC_URL is missing; with GITHUB_CLIENT_ID, GitHub sends people back there");
  return id === null || secret === null ? null : { id, secret };
}

function readPort(env: Variables, complain: Complain): number {
  const text = env["PORT"] || "3000";
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) complain(`PORT: expected a number from 0 to 65535, got ${JSON.stringify(text)}`);
  return port;
}

function readLogLevel(env: Variables, complain: Complain): LogLevel {
  const text = env["LOG_LEVEL"] || "info";
  const level = logLevels.find((known) => known === text);
  if (level === undefined)
    complain(`LOG_LEVEL: expected one of ${logLevels.join(", ")}, got ${JSON.stringify(text)}`);
  return level ?? "info";
}

function readAuditKeepDays(env: Variables, complain: Complain): number | null {
  const text = env["AUDIT_KEEP_DAYS"] || null;
  if (text !== null && !/^[1-9]\d{0,4}$/.test(text))
    complain(`AUDIT_KEEP_DAYS: expected a number of days from 1 to 99999, got ${JSON.stringify(text)}`);
  return text === null ? null : Number(text);
}

function readConfigRepo(env: Variables, complain: Complain): string {
  const name = env["CONFIG_REPO"] || ".github";
  if (!/^[\w.-]{1,100}$/.test(name) || name === "." || name === "..") {
    complain(
      `CONFIG_REPO: expected a repository's name without its owner, such as .github, got ${JSON.stringify(name)}`,
    );
  }
  return name;
}

/** github.com; a GitHub Enterprise Server; or GitHub with data residency, whose API has a host of its own. */
function readGitHubUrls(env: Variables, complain: Complain): { apiUrl: string; webUrl: string } {
  const host = (env["GHE_HOST"] ?? "").toLowerCase();
  const protocol = env["GHE_PROTOCOL"] || "https";
  if (protocol !== "https" && protocol !== "http") {
    complain(`GHE_PROTOCOL: expected https or http, got ${JSON.stringify(protocol)}`);
  }
  if (host === "") return { apiUrl: "https://api.github.com", webUrl: "https://github.com" };
  if (!/^[a-z\d]([a-z\d.-]*[a-z\d])?(:\d{1,5})?$/.test(host)) {
    complain(
      `GHE_HOST: expected a host name such as github.acme.com, without https://, got ${JSON.stringify(host)}`,
    );
  }
  if (host === "github.com" || host === "api.github.com") complain("GHE_HOST: leave it unset for github.com");
  const webUrl = `${protocol}://${host}`;
  // https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency/network-details-for-ghecom
  if (host.endsWith(".ghe.com")) return { apiUrl: `${protocol}://api.${host}`, webUrl };
  return { apiUrl: `${webUrl}/api/v3`, webUrl };
}
