import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { describe, expect, test } from "vitest";
import { readEnvironment } from "../../src/config/environment.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const secret = "0123456789abcdef";
const good = { APP_ID: "42", PRIVATE_KEY: pem, WEBHOOK_SECRET: secret };

const noFile = (path: string): string => {
  throw new Error(`ENOENT: no such file or directory, open '${path}'`);
};

function read(env: Record<string, string | undefined>, readFile = noFile) {
  const result = readEnvironment(env, readFile);
  if (result.kind === "broken") throw new Error(result.problems.join("\n"));
  return result.value;
}

function problemsOf(env: Record<string, string | undefined>, readFile = noFile): readonly string[] {
  const result = readEnvironment(env, readFile);
  return result.kind === "ok" ? [] : result.problems;
}

describe("an environment", () => {
  test("with no more than is needed has Probot's defaults and ours", () => {
    expect(read(good)).toEqual({
      appId: 42,
      privateKey: pem,
      webhookSecrets: [secret],
      webhookPath: "/api/github/webhooks",
      webhookProxyUrl: null,
      host: "localhost",
      port: 3000,
      logLevel: "info",
      auditKeepDays: null,
      bypassIssues: true,
      dataDir: "./data",
      databaseUrl: null,
      configRepo: ".github",
      apiUrl: "https://api.github.com",
      webUrl: "https://github.com",
      publicUrl: null,
      client: null,
    });
  });

  test("with everything is read as written", () => {
    const env = {
      ...good,
      WEBHOOK_SECRET_PREVIOUS: "fedcba9876543210",
      WEBHOOK_PATH: "/hooks",
      WEBHOOK_PROXY_URL: "https://smee.io/abc",
      HOST: "0.0.0.0",
      PUBLIC_URL: "https://Countersign.acme.com/",
      GITHUB_CLIENT_ID: "Iv1.abc",
      GITHUB_CLIENT_SECRET: "of sixteen or more",
      PORT: "0",
      LOG_LEVEL: "debug",
      DATA_DIR: "/var/lib/countersign",
      AUDIT_KEEP_DAYS: "400",
      BYPASS_ISSUES: "off",
      DATABASE_URL: "postgres://ada:p%40ss@db:5432/countersign?sslmode=verify-full",
      CONFIG_REPO: "engineering-rules",
      GHE_HOST: "Github.acme.com:8443",
      GHE_PROTOCOL: "http",
    };
    expect(read(env)).toEqual({
      appId: 42,
      privateKey: pem,
      webhookSecrets: [secret, "fedcba9876543210"],
      webhookPath: "/hooks",
      webhookProxyUrl: "https://smee.io/abc",
      host: "0.0.0.0",
      port: 0,
      logLevel: "debug",
      auditKeepDays: 400,
      bypassIssues: false,
      dataDir: "/var/lib/countersign",
      databaseUrl: "postgres://ada:p%40ss@db:5432/countersign?sslmode=verify-full",
      configRepo: "engineering-rules",
      apiUrl: "http://github.acme.com:8443/api/v3",
      webUrl: "http://github.acme.com:8443",
      publicUrl: "https://countersign.acme.com",
      client: { id: "Iv1.abc", secret: "of sixteen or more" },
    });
  });

  test("takes an empty variable for one that is not set", () => {
    const empty = Object.fromEntries(
      [
        "WEBHOOK_SECRET_PREVIOUS",
        "PRIVATE_KEY_PATH",
        "GHE_HOST",
        "GHE_PROTOCOL",
        "PUBLIC_URL",
        "GITHUB_CLIENT_ID",
        "GITHUB_CLIENT_SECRET",
        "PORT",
        "HOST",
        "LOG_LEVEL",
        "WEBHOOK_PATH",
        "DATA_DIR",
        "AUDIT_KEEP_DAYS",
        "BYPASS_ISSUES",
        "CONFIG_REPO",
        "DATABASE_URL",
        "WEBHOOK_PROXY_URL",
      ].map((key) => [key, ""]),
    );
    expect(read({ ...good, ...empty })).toEqual(read(good));
  });

  test("of GitHub with data residency has the API on a host of its own", () => {
    const { apiUrl, webUrl } = read({ ...good, GHE_HOST: "acme.ghe.com" });
    expect({ apiUrl, webUrl }).toEqual({
      apiUrl: "https://api.acme.ghe.com",
      webUrl: "https://acme.ghe.com",
    });
  });
});

describe("a private key is taken", () => {
  const pkcs1 = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  test.each([
    ["as GitHub makes it", { PRIVATE_KEY: pkcs1 }],
    ["with \\n for line ends", { PRIVATE_KEY: pem.replaceAll("\n", "\\n") }],
    ["in base64", { PRIVATE_KEY: Buffer.from(pkcs1).toString("base64") }],
    ["from a file", { PRIVATE_KEY: "", PRIVATE_KEY_PATH: "./key.pem" }],
    ["from the variable when a file is named too", { PRIVATE_KEY: pem, PRIVATE_KEY_PATH: "./not-there.pem" }],
  ])("%s", (_, given) => {
    const readFile = (path: string) => (path === "./key.pem" ? pkcs1 : noFile(path));
    expect(read({ ...good, ...given }, readFile).privateKey).toBe(pem);
  });
});

describe("an environment that cannot do", () => {
  test("says everything that is missing at once", () => {
    expect(problemsOf({})).toEqual([
      "APP_ID is missing; it is the number on the GitHub App's settings page",
      "PRIVATE_KEY and PRIVATE_KEY_PATH are missing; set one: generate a private key on the GitHub App's settings page",
      "WEBHOOK_SECRET is missing; make one with `openssl rand -hex 32` and set the same in the GitHub App",
    ]);
  });

  const elliptic = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  test.each([
    [
      "an App id that is no number",
      { APP_ID: "Iv1.abc" },
      `APP_ID: expected the number on the GitHub App's settings page, got "Iv1.abc"`,
    ],
    [
      "a key that is none",
      { PRIVATE_KEY: "hunter2" },
      "PRIVATE_KEY: this is not a private key; give the PEM file GitHub made, its text, or its text in base64",
    ],
    [
      "a public key",
      { PRIVATE_KEY: publicKey.export({ type: "spki", format: "pem" }).toString() },
      "PRIVATE_KEY: this is not a private key; give the PEM file GitHub made, its text, or its text in base64",
    ],
    [
      "a key of another kind",
      { PRIVATE_KEY: elliptic.export({ type: "pkcs8", format: "pem" }).toString() },
      "PRIVATE_KEY: expected an RSA key as GitHub makes them, got ec",
    ],
    [
      "a key file that is not there",
      { PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: "./key.pem" },
      `PRIVATE_KEY_PATH: cannot read "./key.pem" (ENOENT: no such file or directory, open './key.pem'); correct the path or the file's permissions`,
    ],
    [
      "an empty secret",
      { WEBHOOK_SECRET: "" },
      "WEBHOOK_SECRET is missing; make one with `openssl rand -hex 32` and set the same in the GitHub App",
    ],
    [
      "Probot's default secret",
      { WEBHOOK_SECRET: "development" },
      'WEBHOOK_SECRET is "development", which everybody can guess; make one with `openssl rand -hex 32` and set the same in the GitHub App',
    ],
    [
      "a short secret",
      { WEBHOOK_SECRET: "0123456789abcde" },
      "WEBHOOK_SECRET is shorter than 16 characters; make one with `openssl rand -hex 32` and set the same in the GitHub App",
    ],
    [
      "a secret of spaces",
      { WEBHOOK_SECRET: " ".repeat(32) },
      "WEBHOOK_SECRET is shorter than 16 characters; make one with `openssl rand -hex 32` and set the same in the GitHub App",
    ],
    [
      "a known previous secret",
      { WEBHOOK_SECRET_PREVIOUS: "development" },
      'WEBHOOK_SECRET_PREVIOUS is "development", which everybody can guess; make one with `openssl rand -hex 32` and set the same in the GitHub App',
    ],
    [
      "an address of the pages with a path",
      { PUBLIC_URL: "https://acme.com/countersign" },
      'PUBLIC_URL: expected the address of the pages without a path, such as https://countersign.example.com, got "https://acme.com/countersign"',
    ],
    [
      "an address of the pages that is none",
      { PUBLIC_URL: "countersign.acme.com" },
      'PUBLIC_URL: expected the address of the pages without a path, such as https://countersign.example.com, got "countersign.acme.com"',
    ],
    [
      "a client without its secret",
      { PUBLIC_URL: "https://acme.com", GITHUB_CLIENT_ID: "Iv1.abc" },
      "GITHUB_CLIENT_SECRET is missing; generate one on the GitHub App's settings page. Without sign-in leave out GITHUB_CLIENT_ID",
    ],
    [
      "a client's secret alone",
      { PUBLIC_URL: "https://acme.com", GITHUB_CLIENT_SECRET: "of sixteen or more" },
      "GITHUB_CLIENT_ID is missing; it is on the GitHub App's settings page. Without sign-in leave out GITHUB_CLIENT_SECRET",
    ],
    [
      "a short secret of the client",
      { PUBLIC_URL: "https://acme.com", GITHUB_CLIENT_ID: "Iv1.abc", GITHUB_CLIENT_SECRET: "short" },
      "GITHUB_CLIENT_SECRET is shorter than 16 characters; give the one that GitHub generated",
    ],
    [
      "sign-in without an address to come back to",
      { GITHUB_CLIENT_ID: "Iv1.abc", GITHUB_CLIENT_SECRET: "of sixteen or more" },
      "PUBLIC_URL is missing; with GITHUB_CLIENT_ID, GitHub sends people back there",
    ],
    ["a port that is none", { PORT: "65536" }, 'PORT: expected a number from 0 to 65535, got "65536"'],
    ["a port in words", { PORT: "http" }, 'PORT: expected a number from 0 to 65535, got "http"'],
    [
      "days that are no number",
      { AUDIT_KEEP_DAYS: "a year" },
      'AUDIT_KEEP_DAYS: expected a number of days from 1 to 99999, got "a year"',
    ],
    [
      "issues about bypasses turned off in another word",
      { BYPASS_ISSUES: "no" },
      'BYPASS_ISSUES is "no"; it is on, or off.',
    ],
    [
      "a log level that is none",
      { LOG_LEVEL: "loud" },
      'LOG_LEVEL: expected one of trace, debug, info, warn, error, fatal, got "loud"',
    ],
    [
      "a webhook path that is none",
      { WEBHOOK_PATH: "hooks" },
      'WEBHOOK_PATH: expected a path such as /api/github/webhooks, got "hooks"',
    ],
    [
      "a repository with its owner",
      { CONFIG_REPO: "acme/.github" },
      `CONFIG_REPO: expected a repository's name without its owner, such as .github, got "acme/.github"`,
    ],
    [
      "a host with its protocol",
      { GHE_HOST: "https://github.acme.com" },
      'GHE_HOST: expected a host name such as github.acme.com, without https://, got "https://github.acme.com"',
    ],
    [
      "github.com as an Enterprise Server",
      { GHE_HOST: "github.com" },
      "GHE_HOST: leave it unset for github.com",
    ],
    ["a protocol that is none", { GHE_PROTOCOL: "ftp" }, 'GHE_PROTOCOL: expected https or http, got "ftp"'],
    [
      "a webhook proxy that is no address",
      { WEBHOOK_PROXY_URL: "smee.io/abc" },
      'WEBHOOK_PROXY_URL: expected the address of a smee.io channel, got "smee.io/abc"',
    ],
  ])("because of %s says what to do", (_, given, problem) => {
    expect(problemsOf({ ...good, ...given })).toEqual([problem]);
  });
});

test.each([
  "localhost/countersign",
  "mysql://ada:hunter2@db/countersign",
  "postgres://db",
  "postgres:///countersign",
  "postgres://ada:hunter%2@db/countersign",
])("%s is no address of a database, and the problem does not quote it", (url) => {
  expect(problemsOf({ ...good, DATABASE_URL: url })).toEqual([
    "DATABASE_URL: expected postgres://USER:PASSWORD@HOST:5432/DATABASE, in USER and PASSWORD other characters than letters and digits percent-encoded",
  ]);
});

test("no problem shows a secret or a part of the key", () => {
  const broken = pem.replace(/[A-Za-z]{20}/, "!");
  const text = problemsOf({
    APP_ID: "x",
    PRIVATE_KEY: broken,
    WEBHOOK_SECRET: "hunter2",
    WEBHOOK_SECRET_PREVIOUS: "hunter3",
    DATABASE_URL: "postgres://ada:hunter%4@db/countersign",
  }).join("\n");
  expect(text).not.toMatch(/hunter/);
  expect(text).not.toContain(broken.split("\n")[2]);
});

describe(".env.example", () => {
  const text = readFileSync(new URL("../../.env.example", import.meta.url), "utf8");

  test("has every variable that is read, and no other", () => {
    const asked = new Set<string>();
    const get = (_: object, key: string | symbol) => {
      asked.add(String(key));
      return undefined;
    };
    const env = new Proxy<Record<string, string>>({}, { get });
    readEnvironment(env, noFile);
    expect(Object.keys(parseEnv(text)).toSorted()).toEqual([...asked].toSorted());
  });

  test("filled in with what is required is good, and its other values are the defaults", () => {
    const filled = { ...parseEnv(text), APP_ID: "42", WEBHOOK_SECRET: secret };
    expect(read(filled, () => pem)).toEqual(read(good));
    expect(createPrivateKey(read(filled, () => pem).privateKey).asymmetricKeyType).toBe("rsa");
  });
});
