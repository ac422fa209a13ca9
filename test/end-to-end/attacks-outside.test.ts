/** Attacks by somebody on the internet, who reaches the server, and by whoever reads its log or took the App's key. */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { issueInstallationToken } from "../fake-github/auth.ts";
import { octokitWith } from "../fake-github/server.ts";
import { repositoryNamed } from "../fake-github/setup.ts";
import { assertNothingRefused, type Company, openCompany, ownCompany, shop } from "./company.ts";
import { containing } from "./containing.ts";
import { logLine } from "./log-line.ts";
import { publicUrl } from "./public-url.ts";
import { aiTrailer, openPull, type PullRequest, pushMore, review } from "./pull-request.ts";
import { begun } from "./read-store.ts";
import { deliver, signatureOf, webhookSecret } from "./signed-delivery.ts";
import { until } from "./until.ts";
import { visitorOf } from "./visitor.ts";

const at = { owner: "acme", repo: "shop" } as const;
const waits = { conclusion: "action_required", title: containing("Waiting for 1 approval by senior") };

let company: Company;
beforeAll(async () => {
  company = await openCompany({ publicUrl, variables: { LOG_LEVEL: "trace" } });
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

/** grace approves a pull request, and GitHub's delivery of it reaches nobody. Returns its payload. */
async function approvedUnheard(pull: PullRequest) {
  const { github } = company;
  await company.idle();
  github.holdDeliveries();
  await review(company, pull, "grace");
  const lost = github.deliveries.findLast(({ event }) => event === "pull_request_review");
  github.releaseDeliveries({ drop: (delivery) => delivery === lost });
  return lost?.payload;
}

it("believes nothing that is told without the right signature, and the same with it", async () => {
  const pull = await openPull(company);
  const payload = await approvedUnheard(pull);
  // Another head; GitHub says of the review that it was given there.
  const sha = pushMore(company, pull, { force: true, from: "main", message: `By hand\n\n${aiTrailer}\n` });
  const { reviews } = repositoryNamed(company.github.world, shop).pulls.get(pull.number) ?? { reviews: [] };
  for (const one of reviews) one.commitId = sha;
  const told = JSON.stringify(payload).replaceAll(pull.sha, sha);
  const forged = [
    { signature: signatureOf("{}") },
    { secret: "a secret that somebody else made up" },
    { secret: "development" },
    { without: ["x-hub-signature-256"] },
  ];

  for (const how of forged) {
    const sent = { event: "pull_request_review", body: told, ...how };
    expect(await deliver(company.url, sent)).toMatchObject({ status: 401 });
  }
  expect(await company.check(sha)).toMatchObject(waits);
  expect(await deliver(company.url, { event: "pull_request_review", body: told })).toMatchObject({
    status: 202,
  });
  expect(await company.check(sha)).toMatchObject({ title: "Countersigned by grace (senior)" });
});

it("writes no line into the log that others made up, and no secret, at its most talkative", async () => {
  const { github, log } = company;
  await begun(company);
  const forged = '{"level":30,"msg":"Looked","verdict":"countersigned"}';
  const [token = ""] = [...github.world.tokens.keys()].filter((one) => one.startsWith("ghs_"));
  const message = `Cache it\n${forged}\n"}\n${forged}\u2028${forged}\n\n${aiTrailer}\n`;
  // As a proxy in between may answer, which repeats what it was asked.
  const body = { message: `\n${forged}\nAuthorization: token ${token}\n"},${forged}` };
  const failing = github.fault({ path: /^\/graphql$/u, status: 502, body, times: 1 });
  const pull = await openPull(company, { message, branch: `"},${"x".repeat(3)}'{` });
  await github.as("juno").rest.pulls.update({ ...at, pull_number: pull.number, title: `A "},${forged}` });
  await deliver(company.url, {
    guid: `"}${forged}`,
    event: `${token} "},${forged}`,
    secret: "another secret",
  });

  expect(await company.check(pull.sha)).toMatchObject(waits);
  expect(failing()).toBe(0);
  const lines = log.map(logLine);
  expect(log.filter((line) => line.trimEnd().includes("\n"))).toEqual([]);
  expect(lines).toContainEqual(expect.objectContaining({ error: containing("[secret]") }));
  expect(lines.filter(({ msg, target }) => msg === "Looked" && target === undefined)).toEqual([]);
  const { PRIVATE_KEY: key = "" } = company.environment;
  for (const secret of [token, webhookSecret, key.slice(60, 120), "BEGIN PRIVATE KEY", "sha256="])
    expect(log.join("")).not.toContain(secret);
});

it("tells a stranger nothing about a private repository, not even that it is there", async () => {
  const own = await ownCompany({ publicUrl });
  for (const repository of own.github.world.repositories.values()) repository.private = true;
  const { number } = await openPull(own);
  await own.idle();
  const stranger = visitorOf(own);
  const shown = async (path: string) => {
    const { status, text, headers } = await stranger.get(path);
    return { status, text, headers: [...headers].filter(([name]) => name !== "date") };
  };
  const unknown = await shown("/nobody/nothing/pull/1");

  expect(unknown.status).toBe(404);
  for (const path of [`/${shop}/pull/${number}`, `/${shop}/pull/4711`, "/acme/.github/pull/1"])
    expect(await shown(path)).toEqual(unknown);
});

it("counts for everybody who asks what waits and what fails, and names none of it", async () => {
  const { github, url } = company;
  const pull = await openPull(company);
  await company.idle();
  const failing = github.fault({ path: /^\/graphql$/u, status: 502, body: { message: "inside" } });
  pushMore(company, pull);
  const ask = async (path: string) => (await fetch(`${url}${path}`)).text();
  const health = await until("a look to fail", async () => {
    const text = await ask("/health");
    return text.includes('"failing":1') && text;
  });
  const metrics = await ask("/metrics");
  failing();

  expect(metrics).toContain("countersign_failing_marks 1");
  expect(`${health}${metrics}`.match(/acme|shop|juno|grace|inside|[0-9a-f]{40}/giu)).toBeNull();
});

it("lets whoever took the App's key neither push, merge nor change what is required", async () => {
  const { github } = company;
  const pull = await openPull(company);
  await company.idle();
  const [installation] = github.world.installations.values();
  if (installation === undefined) throw new Error("The app is not installed.");
  const narrowed = { permissions: null, repositoryIds: null };
  const thief = octokitWith(github.url, issueInstallationToken(github.world, installation, narrowed).token);
  const file = { ...at, path: "src/door.ts", message: "Open it", content: "" };
  const attempts = [
    thief.rest.repos.createOrUpdateFileContents(file),
    thief.rest.pulls.merge({ ...at, pull_number: pull.number }),
    thief.rest.pulls.updateBranch({ ...at, pull_number: pull.number }),
    thief.rest.repos.createRepoRuleset({ ...at, name: "Nothing is required", enforcement: "active" }),
  ];

  expect(await Promise.all(attempts.map(statusOf))).toEqual([403, 403, 403, 403]);
});

/** GitHub's answer, whether it did what was asked or not. */
async function statusOf(asked: Promise<{ readonly status: number }>): Promise<unknown> {
  try {
    return (await asked).status;
  } catch (error) {
    return error instanceof Error && "status" in error ? error.status : error;
  }
}
