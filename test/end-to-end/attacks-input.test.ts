/** Attacks with what is sent in: size, crafted text, addresses, events that ask for something. */
import { createServer } from "node:http";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished, vi } from "vitest";
import { accountNamed, repositoryNamed } from "../fake-github/setup.ts";
import {
  assertNothingRefused,
  type Company,
  openCompany,
  ownCompany,
  policyFile,
  roster,
  rosterFile,
  shop,
} from "./company.ts";
import { containing } from "./containing.ts";
import { aiTrailer, openPull, type PullRequest, review } from "./pull-request.ts";
import { begun } from "./read-store.ts";
import { deliver, pullPayload } from "./signed-delivery.ts";
import { until } from "./until.ts";

// Pull requests of hundreds of commits take the fake GitHub a while.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

const at = { owner: "acme", repo: "shop" } as const;
const waits = { conclusion: "action_required", title: containing("Waiting for 1 approval by senior") };

let company: Company;
beforeAll(async () => {
  company = await openCompany();
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

function inWorld({ number }: PullRequest) {
  const pull = repositoryNamed(company.github.world, shop).pulls.get(number);
  if (pull === undefined) throw new Error(`There is no pull request ${number}.`);
  return pull;
}

async function open(branch: string, own = company): Promise<PullRequest> {
  const { data } = await own.github
    .as("juno")
    .rest.pulls.create({ ...at, title: "Large", head: branch, base: "main" });
  return { number: data.number, sha: data.head.sha, branch };
}

it("finds the one trailer among more than 250 commits", async () => {
  const rest = Array.from({ length: 260 }, (_, index) => ({
    message: `Step ${index}`,
    files: { "src/steps.ts": `export const step = ${index};\n` },
  }));
  const first = { message: `Begin\n\n${aiTrailer}\n`, files: { "src/steps.ts": "export {};\n" } };
  const commits = [...rest.slice(0, 251), first, ...rest.slice(251)];
  company.github.push(shop, { branch: "many-commits", pusher: "juno", commits });
  const pull = await open("many-commits");

  expect(await company.check(pull.sha)).toMatchObject(waits);
  await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ title: "Countersigned by grace (senior)" });
});

it("finds the one file under a rule among more than 100 changed files", async () => {
  const policy =
    "rules: [{ name: Infra, when: { paths: ['zone/**'], provenance: any }, require: { approvals: 1, level: senior } }]\n";
  const own = await ownCompany({ files: { [rosterFile]: roster, [policyFile]: policy } });
  const names = Array.from({ length: 130 }, (_, index) => `docs/page-${index}.md`);
  const files = Object.fromEntries([...names, "zone/main.tf"].map((name) => [name, "text\n"]));
  own.github.push(shop, { branch: "many-files", pusher: "juno", message: "By hand", files });
  const pull = await open("many-files", own);

  expect(await own.check(pull.sha)).toMatchObject(waits);
});

it("finds the one objection among more than 100 reviews", async () => {
  const pull = await openPull(company);
  const { id: userId } = accountNamed(company.github.world, "otto");
  const { reviews } = inWorld(pull);
  for (let index = 0; index < 101; index += 1) {
    const [id, now] = [company.github.world.nextId(), company.github.world.stamp()];
    const comment = { id, userId, state: "COMMENTED", body: "Hm.", commitId: pull.sha } as const;
    reviews.push({ ...comment, submittedAt: now, updatedAt: now });
  }
  await review(company, pull, "vera", { event: "REQUEST_CHANGES" });
  await review(company, pull, "grace");

  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "failure",
    title: "vera (senior) requested changes",
  });
});

it("finds the one label that declares AI among more than 100 that were on and off", async () => {
  const pull = await openPull(company, { message: "By hand" });
  const { world } = company.github;
  const { id: actorId } = accountNamed(world, "milo");
  // As GitHub shows it: no delivery told of it.
  for (const name of [...Array.from({ length: 60 }, (_, index) => `note-${index}`), "ai-assisted"]) {
    const label = { id: world.nextId(), name, color: "ededed" };
    for (const kind of ["labeled", "unlabeled"] as const)
      inWorld(pull).timeline.push({ id: world.nextId(), at: world.stamp(), actorId, kind, label });
  }
  await review(company, pull, "otto", { event: "COMMENT" });

  expect(await company.check(pull.sha)).toMatchObject({
    ...waits,
    summary: containing("put on by milo, taken off by milo, still counts"),
  });
});

it("cannot decide about more commits than it reads, and says to split them", async () => {
  const commits = Array.from({ length: 2001 }, (_, index) => ({ message: `Step ${index}` }));
  company.github.push(shop, { branch: "too-many", pusher: "juno", commits });
  const large = await open("too-many");

  expect(await company.check(large.sha)).toMatchObject({
    conclusion: "failure",
    title: containing("The commits could not be read completely: past the limit of 2000. Split"),
  });
});

it("reads a message made to exhaust a pattern to its end, and finds the trailer there", async () => {
  const filler = `${"Generated with ".repeat(20_000)}\n${" <@".repeat(20_000)}\n${"a: b\n".repeat(20_000)}`;
  const pull = await openPull(company, { message: `Cache\n\n${filler}\n${aiTrailer}\n` });

  expect(await company.check(pull.sha)).toMatchObject({ ...waits, summary: containing(aiTrailer) });
});

it("cannot decide about a message longer than it reads, rather than reading half of it", async () => {
  const pull = await openPull(company, { message: `Cache\n\n${"x".repeat(1_000_001)}` });

  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "failure",
    title: containing("is longer than 1000000 bytes"),
  });
});

it("does nothing on an action that somebody requests on the check run", async () => {
  const pull = await openPull(company);
  await begun(company);
  const before = await company.check(pull.sha);
  const seen = company.github.requests.length;
  const { repository, installation, sender } = payloadFor(pull);
  const body = {
    action: "requested_action",
    requested_action: { identifier: "override" },
    check_run: { head_sha: pull.sha, name: "Countersign", app: { id: company.appId } },
    repository,
    installation,
    sender,
  };

  expect(await deliver(company.url, { event: "check_run", body })).toMatchObject({ status: 202 });
  await company.idle();
  expect(company.github.requests.slice(seen)).toEqual([]);
  expect(await company.check(pull.sha)).toEqual(before);
});

/** Somebody's server, and what it is asked for. */
async function trapped(): Promise<{ readonly url: string; readonly calls: readonly string[] }> {
  const calls: string[] = [];
  const trap = createServer((request, answer) => {
    calls.push(request.url ?? "");
    answer.end("{}");
  }).listen(0, "127.0.0.1");
  await once(trap, "listening");
  onTestFinished(() => void trap.close());
  const address = trap.address();
  return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`, calls };
}

it("calls no address that a delivery names", async () => {
  const { url, calls } = await trapped();
  const pull = await openPull(company);
  const payload = payloadFor(pull);
  const names = ["url", "html_url", "deployment_callback_url", "statuses_url", "commits_url", "hooks_url"];
  const addresses = Object.fromEntries(names.map((name) => [name, url]));
  const body = {
    ...payload,
    ...addresses,
    repository: { ...payload.repository, ...addresses },
    pull_request: { ...payload.pull_request, ...addresses },
    installation: { id: installation(), access_tokens_url: url, ...addresses },
  };

  expect(await deliver(company.url, { body })).toMatchObject({ status: 202 });
  expect(await company.check(pull.sha)).toMatchObject(waits);
  expect(calls).toEqual([]);
});

it("answers a deployment at GitHub, whatever address of the run its delivery names", async () => {
  const { url, calls } = await trapped();
  const sha = repositoryNamed(company.github.world, shop).branches.get("main") ?? "";
  company.github.guardEnvironment(shop, "production");
  company.github.holdDeliveries();
  const run = company.github.deploy(shop, { environment: "production", sha, by: "juno" });
  const body = {
    ...{ action: "requested", environment: "production", sha },
    installation: { id: installation() },
    repository: { full_name: shop, name: "shop", default_branch: "main" },
    deployment_callback_url: `${url}repos/${shop}/actions/runs/${run.id}/deployment_protection_rule`,
  };
  const sent = await deliver(company.url, { event: "deployment_protection_rule", body });
  await until("the run to be told why it waits, or to go on", () => run.gates[0]?.comments.length === 1);
  company.github.releaseDeliveries();

  expect(sent).toMatchObject({ status: 202 });
  expect(calls).toEqual([]);
});

/** A payload about a pull request as GitHub would send it now. */
function payloadFor({ number, sha }: PullRequest) {
  const { world } = company.github;
  const payload = pullPayload({ number, installation: { id: installation() } });
  return {
    ...payload,
    repository: { ...payload.repository, id: repositoryNamed(world, shop).id },
    pull_request: { ...payload.pull_request, head: { sha } },
  };
}

function installation(): number {
  return [...company.github.world.installations.keys()][0] ?? 0;
}
