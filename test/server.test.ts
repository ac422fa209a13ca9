import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { Hono } from "hono";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { startServer } from "../src/server.ts";
import { createLog } from "../src/log.ts";
import { matching } from "./end-to-end/containing.ts";
import { type InboxServer, previousSecret, startInboxServer } from "./end-to-end/inbox-server.ts";
import { logLine } from "./end-to-end/log-line.ts";
import { deliver, pullPayload, type Sent, signatureOf, webhookSecret } from "./end-to-end/signed-delivery.ts";

let server: InboxServer;
beforeAll(async () => {
  server = await startInboxServer();
});
afterAll(async () => server.close());

/** What the store holds of a delivery and of what it marked. */
async function stored(guid: string, target?: string) {
  const { db } = server.store;
  const delivery = await db
    .selectFrom("deliveries")
    .select(["event", "action", "outcome", "repeats"])
    .where("guid", "=", guid)
    .execute();
  const marks = await db
    .selectFrom("marks")
    .select(["target", "installation", "generation"])
    .where("target", "=", target ?? "")
    .execute();
  return { delivery, marks };
}

/** Delivers under a new guid; returns the answer and what is then stored under it. */
async function delivered(sent: Sent) {
  const guid = randomUUID();
  const { status, text } = await deliver(server.url, { guid, ...sent });
  const { delivery } = await stored(guid);
  return {
    status,
    answer: text === "" ? null : logLine(text),
    outcomes: delivery.map(({ outcome }) => outcome),
  };
}

it("answers 202 when the delivery, its marks and its observations are in the store", async () => {
  const guid = randomUUID();
  const body = pullPayload({ action: "synchronize", number: 41 });

  const answer = await deliver(server.url, { guid, body });

  expect(answer).toEqual({ status: 202, text: "" });
  expect(await stored(guid, "pull:acme/shop:41")).toEqual({
    delivery: [{ event: "pull_request", action: "synchronize", outcome: "accepted", repeats: 0 }],
    marks: [{ target: "pull:acme/shop:41", installation: 7, generation: 1 }],
  });
  const seen = await server.store.db
    .selectFrom("observations")
    .select(["kind", "sha", "actor_id"])
    .where("number", "=", 41)
    .execute();
  expect(seen).toEqual([{ kind: "push", sha: "a".repeat(40), actor_id: 11 }]);
});

it("counts a repeated delivery and does nothing else", async () => {
  const guid = randomUUID();
  const sent = { guid, body: pullPayload({ number: 42 }) };
  await deliver(server.url, sent);

  const again = await Promise.all([deliver(server.url, sent), deliver(server.url, sent)]);

  expect(again.map(({ status }) => status)).toEqual([202, 202]);
  expect(await stored(guid, "pull:acme/shop:42")).toEqual({
    delivery: [{ event: "pull_request", action: "opened", outcome: "accepted", repeats: 2 }],
    marks: [{ target: "pull:acme/shop:42", installation: 7, generation: 1 }],
  });
});

it("accepts the previous secret while it is being replaced", async () => {
  expect(await delivered({ body: pullPayload(), secret: previousSecret })).toMatchObject({
    status: 202,
    outcomes: ["accepted"],
  });
});

const forgeries: readonly [string, Sent][] = [
  ["made with another secret", { secret: "a secret that somebody else made up" }],
  ["made with the secret everybody knows", { secret: "development" }],
  ["made with no secret at all", { secret: "\0" }],
  ["of another body", { signature: signatureOf("{}") }],
  ["that is missing", { without: ["x-hub-signature-256"] }],
  ["that is empty", { signature: "" }],
  ["without its prefix", { signature: signatureOf(JSON.stringify(pullPayload())).slice("sha256=".length) }],
  ["of another length", { signature: "sha256=00" }],
  ["that is not even one", { signature: "x".repeat(4000) }],
];
it.each(forgeries)("refuses a signature %s with 401 and stores nothing", async (_what, sent) => {
  expect(await delivered({ body: pullPayload(), ...sent })).toEqual({
    status: 401,
    answer: {
      error:
        "The signature is wrong or missing. WEBHOOK_SECRET must be the webhook secret of the GitHub App.",
    },
    outcomes: [],
  });
});

const nonsense = ["", "not json", "[1]", "null", "3", '"text"', "{", "\u0000"];
it.each(nonsense)("refuses the signed body %j with 4xx and stores nothing", async (body) => {
  const { status, outcomes } = await delivered({ body });

  // Nobody can sign an empty body: GitHub never sends one.
  expect({ status, outcomes }).toEqual({ status: body === "" ? 401 : 400, outcomes: [] });
});

it.each(["x-github-delivery", "x-github-event"])("refuses a delivery without %s with 400", async (header) => {
  expect(await delivered({ body: pullPayload(), without: [header] })).toEqual({
    status: 400,
    answer: { error: "This is no delivery of GitHub: X-GitHub-Delivery or X-GitHub-Event is missing." },
    outcomes: [],
  });
});

it("refuses a delivery whose event is empty, rather than calling it stored", async () => {
  expect(await delivered({ body: pullPayload(), event: "" })).toMatchObject({ status: 400, outcomes: [] });
});

it.each(["star", "an_event_of_tomorrow", "constructor", "toString"])(
  "stores the event %s, which it does not know, as ignored",
  async (event) => {
    expect(await delivered({ event, body: { action: "created" } })).toEqual({
      status: 202,
      answer: null,
      outcomes: ["ignored"],
    });
  },
);

const malformed: readonly [string, unknown][] = [
  ["pull_request", {}],
  ["pull_request", { ...pullPayload(), installation: null }],
  ["pull_request", pullPayload({ installation: { id: "seven" } })],
  ["pull_request", pullPayload({ installation: {} })],
  ["pull_request", { ...pullPayload(), repository: null }],
  ["pull_request", { ...pullPayload(), action: 5 }],
  ["pull_request", { ...pullPayload(), sender: null }],
  ["pull_request_review", { ...pullPayload(), review: { id: "x" } }],
  ["push", { ref: 1 }],
  ["check_run", { action: "rerequested" }],
  ["issue_comment", { action: "created", installation: { id: 7 } }],
  ["installation", { action: "created" }],
  ["team", { action: "edited", installation: { id: 7 } }],
];
it.each(malformed)(
  "refuses a malformed %s payload with 400 and one line that says what is wrong: %j",
  async (event, body) => {
    const { status, answer, outcomes } = await delivered({ event, body });

    expect({ status, outcomes }).toEqual({ status: 400, outcomes: [] });
    expect(answer).toEqual({
      error: matching(new RegExp(`^Delivery [\\w-]+ is no ${event} event of GitHub: [^\\n]+$`, "u")),
    });
  },
);

it("answers 503 while the store cannot be written, and stores again as soon as it can", async () => {
  const guid = randomUUID();
  const sent = { guid, body: pullPayload({ number: 43 }) };
  await sql`pragma query_only = on`.execute(server.store.db);
  const refused = await deliver(server.url, sent);
  await sql`pragma query_only = off`.execute(server.store.db);

  expect(refused).toEqual({
    status: 503,
    text: JSON.stringify({ error: "The delivery could not be stored; it has to be sent again." }),
  });
  expect(await stored(guid, "pull:acme/shop:43")).toEqual({ delivery: [], marks: [] });
  expect((await deliver(server.url, sent)).status).toBe(202);
  expect(await stored(guid, "pull:acme/shop:43")).toEqual({
    delivery: [{ event: "pull_request", action: "opened", outcome: "accepted", repeats: 0 }],
    marks: [{ target: "pull:acme/shop:43", installation: 7, generation: 1 }],
  });
});

it("stores a delivery wholly or not at all when the disk is full", async () => {
  const { db } = server.store;
  const used = await sql<{ page_count: number }>`pragma page_count`.execute(db);
  await sql`pragma max_page_count = ${sql.lit(used.rows[0]?.page_count ?? 1)}`.execute(db);
  const answers: number[] = [];
  // Free room in the pages that are there may take the first ones.
  for (let number = 100; number < 160; number += 1) {
    const guid = randomUUID();
    const { status } = await deliver(server.url, {
      guid,
      body: pullPayload({ action: "synchronize", number }),
    });
    const { delivery, marks } = await stored(guid, `pull:acme/shop:${number}`);
    const wanted = status === 202 ? 1 : 0;
    answers.push(status, delivery.length - wanted, marks.length - wanted);
  }
  await sql`pragma max_page_count = 1073741823`.execute(db);

  expect(new Set(answers)).toEqual(new Set([202, 503, 0]));
  expect(await delivered({ body: pullPayload() })).toMatchObject({ status: 202, outcomes: ["accepted"] });
});

it("wakes the worker for what was marked, and not for repeats or what it ignores", async () => {
  const guid = randomUUID();
  const before = server.woken();
  await deliver(server.url, { guid, body: pullPayload() });
  await deliver(server.url, { guid, body: pullPayload() });
  await deliver(server.url, { event: "star" });

  expect(server.woken() - before).toBe(1);
});

it.each(["with", "without"])("refuses a body of 30 MB %s a Content-Length with 413", async (length) => {
  const body = Buffer.alloc(30 * 1024 * 1024, " ");
  const headers = {
    "x-github-delivery": randomUUID(),
    "x-github-event": "pull_request",
    "x-hub-signature-256": signatureOf(body.toString()),
    ...(length === "with" ? { "content-length": body.length } : { "transfer-encoding": "chunked" }),
  };

  expect(await post(headers, body)).toEqual({
    status: 413,
    text: JSON.stringify({ error: "The delivery is larger than GitHub sends (25 MB)." }),
  });
});

it("takes the largest body GitHub sends, 25 MB", async () => {
  const body = JSON.stringify({ ...pullPayload(), padding: "" }).padEnd(25 * 1024 * 1024, " ");

  expect(await delivered({ body })).toMatchObject({ status: 202, outcomes: ["accepted"] });
});

/** Through node:http, because fetch reports a broken pipe where the answer came before all was sent. */
async function post(headers: Record<string, string | number>, body: Buffer) {
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const sending = request(`${server.url}/api/github/webhooks`, { method: "POST", headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, text: Buffer.concat(chunks).toString() }));
    });
    sending.on("error", reject);
    sending.end(body);
  });
}

it("answers PONG to /ping", async () => {
  const answer = await fetch(`${server.url}/ping`);

  expect([answer.status, await answer.text()]).toEqual([200, "PONG"]);
});

const elsewhere: readonly [string, string][] = [
  ["GET", "/"],
  ["GET", "/api/github/webhooks"],
  ["POST", "/ping"],
  ["GET", "/../../etc/passwd"],
  ["GET", "/%00"],
  ["DELETE", "/health"],
];
it.each(elsewhere)("answers %s %s with 404 as JSON", async (method, path) => {
  const answer = await fetch(`${server.url}${path}`, { method });

  expect([answer.status, await answer.json()]).toEqual([404, { error: "There is nothing here." }]);
});

it.each([
  [200, { ready: true, backlog: 3 }],
  [503, { ready: false, store: "the disk is gone" }],
])("answers %i to /health when the state is %j", async (status, state) => {
  const own = await startInboxServer({ health: async () => state });
  onTestFinished(async () => own.close());
  const answer = await fetch(`${own.url}/health`);

  expect([answer.status, await answer.json()]).toEqual([status, state]);
});

it("shows nobody what went wrong inside, but logs it", async () => {
  const own = await startInboxServer({ health: () => Promise.reject(new Error("the inside of the server")) });
  onTestFinished(async () => own.close());
  const answer = await fetch(`${own.url}/health`);

  expect([answer.status, await answer.text()]).toEqual([
    500,
    JSON.stringify({ error: "Something went wrong; the log says what." }),
  ]);
  expect(own.log.map(logLine)).toEqual([
    expect.objectContaining({ level: 50, path: "/health", error: "the inside of the server" }),
  ]);
});

it("names in the log what a delivery is about", async () => {
  const own = await startInboxServer();
  onTestFinished(async () => own.close());
  const guid = randomUUID();
  await deliver(own.url, { guid, body: pullPayload() });
  await deliver(own.url, { event: "ping", body: { zen: "Keep it logically awesome." } });
  const about = { installation: 7, repository: "acme/shop", pullRequest: 1, headSha: "a".repeat(40) };
  expect(own.log.map(logLine)).toEqual([
    expect.objectContaining({ delivery: guid, event: "pull_request", outcome: "accepted", ...about }),
    expect.not.objectContaining({ repository: expect.anything() }),
  ]);
});

it("counts what it does not take, by the status it answers", async () => {
  const own = await startInboxServer();
  onTestFinished(async () => own.close());
  await deliver(own.url, { body: pullPayload() });
  await deliver(own.url, { body: pullPayload(), secret: "a secret that somebody made up" });
  await deliver(own.url, { event: "push", body: {} });
  await deliver(own.url, { body: { filler: "x".repeat(26 * 1024 * 1024) } });
  expect(own.refused).toEqual([401, 400, 413]);
});

it("logs each delivery and each refusal in one JSON line that holds no secret", async () => {
  const own = await startInboxServer();
  onTestFinished(async () => own.close());
  const guid = randomUUID();
  const hostile = `"}\\n-----BEGIN PRIVATE KEY----- ${guid}`;
  const signature = signatureOf(JSON.stringify(pullPayload()));
  await deliver(own.url, { guid, body: pullPayload() });
  await deliver(own.url, { guid: hostile, body: pullPayload(), secret: "a secret that somebody made up" });
  await deliver(own.url, { guid, event: "push", body: {} });

  expect(own.log.map((line) => logLine(line)["msg"])).toEqual([
    "Delivery",
    "Refused a delivery: its signature is wrong or missing",
    "A delivery was not stored",
  ]);
  for (const secret of [webhookSecret, previousSecret, signature, "BEGIN PRIVATE KEY"])
    expect(own.log.join("")).not.toContain(secret);
});

it("says in one line that the port is taken", async () => {
  const port = Number(new URL(server.url).port);
  const starting = startServer({
    host: "127.0.0.1",
    port,
    webhookPath: "/api/github/webhooks",
    webhookSecrets: [webhookSecret],
    deliver: async () => undefined,
    health: async () => ({ ready: true }),
    metrics: async () => ({ text: "", type: "text/plain" }),
    refused: () => undefined,
    pages: new Hono(),
    log: createLog("silent", () => undefined),
  });

  await expect(starting).rejects.toThrow(
    new Error(`Port ${port} of 127.0.0.1 is taken. Stop what listens there, or set PORT to another one.`),
  );
});
