import { expect, it } from "vitest";
import { anyPrivateKey } from "./end-to-end/inbox-server.ts";
import { logLine } from "./end-to-end/log-line.ts";
import { createLog, scrub } from "../src/log.ts";

const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOjF9.c2lnbmF0dXJl-_x";
const secrets = [
  ["an installation token", "ghs_16C7e42F292c6912E7710c838347Ae178B4a"],
  ["an installation token of the new form", `ghs_123_${jwt}`],
  ["a personal token", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"],
  ["an OAuth token", "gho_16C7e42F292c6912E7710c838347Ae178B4a"],
  ["a user token", "ghu_16C7e42F292c6912E7710c838347Ae178B4a"],
  ["a refresh token", "ghr_16C7e42F292c6912E7710c838347Ae178B4a"],
  ["a fine-grained token", "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz0123456789"],
  ["an app's JWT", jwt],
] as const;

/** What a log at the lowest level writes, as the object each line is. */
function logged(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLog("trace", (line) => lines.push(line)));
  return lines.map((line) => {
    // One event, one line.
    expect(line.match(/\n/gu)).toEqual(["\n"]);
    return logLine(line);
  });
}

it.each(secrets)("takes %s out of messages, fields and errors", (_what, secret) => {
  const lines = logged((log) => {
    log.info({ deep: { url: `https://x:${secret}@github.com/` } }, `said ${secret} aloud`);
    log.error({ err: new Error(`refused ${secret}`) }, "failed");
  });

  expect(JSON.stringify(lines)).not.toContain(secret.slice(-20));
  expect(lines[0]).toMatchObject({
    deep: { url: "https://x:[secret]@github.com/" },
    msg: "said [secret] aloud",
  });
});

it.each(["Bearer", "bearer", "token", "Token", "Basic"])("takes what follows %s out", (scheme) => {
  expect(scrub(`{"authorization":"${scheme} 0123456789abcdef0123"}`)).toBe('{"authorization":"[secret]"}');
});

it("takes what follows a scheme out of messages, too", () => {
  expect(scrub('{"msg":"sent Authorization: Basic SXYxLjEyMzphYmNkZWY= to it"}')).toBe(
    '{"msg":"sent Authorization: [secret] to it"}',
  );
});

it("takes the password out of an address", () => {
  const lines = logged((log) => {
    log.error(
      { url: "postgres://countersign:p%40ss:w0rd@db.acme.dev:5432/countersign" },
      "cannot be reached",
    );
    log.info({ url: "http://127.0.0.1:3000/@june" }, "listens");
  });
  expect(lines).toMatchObject([
    { url: "postgres://countersign:[secret]@db.acme.dev:5432/countersign" },
    { url: "http://127.0.0.1:3000/@june" },
  ]);
});

it("takes a private key out, in one piece, cut off or escaped, and keeps the line", () => {
  const key = anyPrivateKey();
  const lines = logged((log) => {
    log.warn({ key, after: 1 }, "whole");
    log.warn({ key: key.slice(0, 300), after: 2 }, "cut off");
    log.warn({ after: 3 }, `escaped ${key.replaceAll("\n", "\\n")} and then`);
  });

  expect(lines).toEqual([
    expect.objectContaining({ key: "[secret]\n", after: 1, msg: "whole" }),
    expect.objectContaining({ key: "[secret]", after: 2, msg: "cut off" }),
    expect.objectContaining({ after: 3, msg: "escaped [secret]\\n and then" }),
  ]);
});

it("takes fields out that carry credentials whatever they look like", () => {
  const lines = logged((log) => {
    log.info({ request: { authorization: "x", cookie: "y", headers: { a: 1 } } }, "request");
    log.info({ app: { privateKey: "x", secret: "y", token: "z" } }, "app");
  });

  expect(lines).toMatchObject([
    { request: { authorization: "[secret]", cookie: "[secret]", headers: "[Redacted]" } },
    { app: { privateKey: "[secret]", secret: "[secret]", token: "[secret]" } },
  ]);
});

it.each([
  "authorization",
  "Proxy-Authorization",
  "cookie",
  "Set-Cookie",
  "privateKey",
  "webhookSecret",
  "token",
  "password",
])("takes the field %s out, however deep it is", (name) => {
  const lines = logged((log) => {
    log.info({ [name]: 'plain "quoted"', after: 1 }, "at the top");
    log.info({ a: { b: [{ c: { [name]: "plain" }, after: 1 }] } }, "deep");
    log.info({ a: { [name]: ["plain]", 'plain "quoted"'] }, after: 1 }, "several");
  });
  expect(JSON.stringify(lines)).not.toContain("plain");
  expect(JSON.stringify(lines).match(/"after":1/gu)).toHaveLength(3);
});

it("stays one parseable line whatever somebody sends", () => {
  const hostile = [
    '"',
    '"}\n{"level":30',
    "-----BEGIN RSA PRIVATE KEY-----",
    '\\"-----BEGIN PRIVATE KEY-----\\"',
    "eyJ..",
  ];
  const lines = logged((log) => {
    for (const text of hostile) log.info({ delivery: text, after: 1 }, "said");
  });

  expect(lines.map((line) => [line["after"], line["msg"]])).toEqual(hostile.map(() => [1, "said"]));
});

it("leaves ordinary text alone", () => {
  const text =
    "GitHub answered 401 to POST /app/installations/7/access_tokens: the token is wrong, the ghs_ prefix is fine";

  expect(scrub(text)).toBe(text);
});

it("is silent below its level", () => {
  const lines: string[] = [];
  createLog("warn", (line) => lines.push(line)).info("nothing");

  expect(lines).toEqual([]);
});
