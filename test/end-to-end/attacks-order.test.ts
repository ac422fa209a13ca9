/** Attacks with time: races, floods, answers that get lost, deliveries that come late. */
import { afterEach, expect, it, vi } from "vitest";
import { repositoryNamed } from "../fake-github/setup.ts";
import {
  assertNothingRefused,
  type Company,
  configRepository,
  ownCompany,
  policyFile,
  roster,
  rosterFile,
  shop,
} from "./company.ts";
import { containing } from "./containing.ts";
import { aiTrailer, merge, openPull, type PullRequest, pushMore, review } from "./pull-request.ts";
import { deliver, pullPayload } from "./signed-delivery.ts";
import { until } from "./until.ts";

const at = { owner: "acme", repo: "shop" } as const;
const waits = { conclusion: "action_required", title: containing("Waiting for 1 approval by senior") };

// A flood, and answers that take their time.
vi.setConfig({ testTimeout: 60_000 });

let company: Company;
afterEach(() => assertNothingRefused(company.github));

/** Waits until the server has asked GitHub about the facts and has no answer yet. */
async function looking(): Promise<void> {
  const { requests } = company.github;
  const seen = requests.length;
  await until("a look to be under way", () =>
    requests.slice(seen).some(({ operation, status }) => operation === "Facts" && status === null),
  );
}

async function dismiss(number: number, reviewId: number): Promise<void> {
  const about = { ...at, pull_number: number, review_id: reviewId };
  await company.github.as("juno").rest.pulls.dismissReview({ ...about, message: "Not this" });
}

it("does not stay green when an approval is dismissed during the look that saw it", async () => {
  company = await ownCompany({ latencyMs: 50 });
  const pull = await openPull(company);
  await company.idle();
  const under = looking();
  const reviewId = await review(company, pull, "grace");
  await under;
  await dismiss(pull.number, reviewId);

  expect(await company.check(pull.sha)).toMatchObject(waits);
  expect(await merge(company, pull)).toBe(405);
});

it("blesses no commit that is pushed during the look at the one before", async () => {
  company = await ownCompany({ latencyMs: 50 });
  const pull = await openPull(company);
  await company.idle();
  const under = looking();
  await review(company, pull, "grace");
  await under;
  const sha = pushMore(company, pull);

  expect(await company.check(sha)).toMatchObject({
    ...waits,
    summary: containing(`approved ${pull.sha.slice(0, 7)}, the head is now ${sha.slice(0, 7)}`),
  });
});

type Meanwhile = (pull: PullRequest, reviewId: number) => Promise<void>;
const meanwhile: readonly [string, Meanwhile][] = [
  ["the approval was dismissed", async ({ number }, reviewId) => dismiss(number, reviewId)],
  [
    "a senior objected",
    async (pull) => void (await review(company, pull, "vera", { event: "REQUEST_CHANGES" })),
  ],
  [
    "who approved was taken off the roster",
    async () => {
      const files = { [rosterFile]: roster.replace("  grace: senior\n", "") };
      company.github.push(configRepository, { branch: "main", pusher: "ada", files });
    },
  ],
  [
    "it went to another gated branch",
    async ({ number }) => {
      const { rest } = company.github.as("juno");
      await rest.pulls.update({ ...at, pull_number: number, base: "release" });
    },
  ],
];
it.each(meanwhile)("shows a merge on the word of a check from before %s", async (_what, happens) => {
  company = await ownCompany();
  const { github, appId } = company;
  github.requireCheck(shop, "release", { context: "Countersign", appId });
  github.push(shop, { branch: "release", pusher: "ada" });
  const pull = await openPull(company);
  const reviewId = await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
  github.holdDeliveries();
  await happens(pull, reviewId);
  expect(await merge(company, pull)).toBe(200);
  github.releaseDeliveries();
  await company.idle();

  const issues = [...repositoryNamed(github.world, shop).issues.values()];
  expect(issues).toMatchObject([{ title: containing(`Merge of #${pull.number} reached `) }]);
});

/** Back to the head it was opened with, and Merge before any delivery tells of it. Returns GitHub's status. */
async function goBackAndMerge(pull: PullRequest): Promise<number> {
  const { github } = company;
  github.holdDeliveries();
  github.push(shop, { branch: pull.branch, from: pull.sha, force: true, pusher: "juno" });
  const status = await merge(company, pull);
  github.releaseDeliveries();
  return status;
}

it.each(meanwhile.slice(0, 3))(
  "does not let a head that was green once be gone back to after %s on a later one that was green",
  async (_what, happens) => {
    company = await ownCompany();
    const pull = await openPull(company);
    await review(company, pull, "grace");
    expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
    const later = pushMore(company, pull);
    const reviewId = await review(company, pull, "grace");
    expect(await company.check(later)).toMatchObject({ conclusion: "success" });
    await happens(pull, reviewId);
    expect(await company.check(later)).not.toMatchObject({ conclusion: "success" });
    expect(await company.check(pull.sha)).toMatchObject({ conclusion: "action_required" });

    expect(await goBackAndMerge(pull)).toBe(405);
  },
);

it("takes every green head of a pull request back, however many, and each once", async () => {
  company = await ownCompany();
  const { github } = company;
  const pull = await openPull(company, { message: "Cache the total" });
  const green = [pull.sha];
  while (green.length <= 11) {
    expect(await company.check(green.at(-1) ?? "")).toMatchObject({ conclusion: "success" });
    green.push(
      pushMore(company, pull, { files: { "src/more.ts": `export const more = ${green.length};\n` } }),
    );
  }
  await company.idle();
  const later = pushMore(company, pull, { message: `Round the total\n\n${aiTrailer}\n` });
  expect(await company.check(later)).toMatchObject(waits);
  const left = { conclusion: "action_required", title: `No longer the head of #${pull.number}` };
  for (const sha of green) expect(await company.check(sha)).toMatchObject(left);

  const seen = github.requests.length;
  await review(company, pull, "milo");
  expect(await company.check(later)).toMatchObject(waits);
  const asked = github.requests.slice(seen).filter(({ as }) => as === "countersign[bot]");
  expect(asked.filter(({ path }) => green.some((sha) => path.includes(sha)))).toEqual([]);
});

it("takes back what passed while the policy only observed", async () => {
  const policy = "mode: observe\n";
  company = await ownCompany({ files: { [rosterFile]: roster, [policyFile]: policy } });
  const pull = await openPull(company);
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "neutral" });
  const later = pushMore(company, pull);
  expect(await company.check(later)).toMatchObject({ conclusion: "neutral" });
  company.github.push(configRepository, {
    branch: "main",
    pusher: "ada",
    files: { [policyFile]: "mode: enforce\n" },
  });
  expect(await company.check(later)).toMatchObject(waits);

  expect(await goBackAndMerge(pull)).toBe(405);
});

it("lets a countersigned head pass again when it is gone back to, by a look of its own", async () => {
  company = await ownCompany();
  const pull = await openPull(company);
  await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
  const later = pushMore(company, pull);
  expect(await company.check(later)).toMatchObject(waits);

  expect(await goBackAndMerge(pull)).toBe(405);
  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "success",
    title: containing("Countersigned by grace"),
  });
});

it("takes a green head back in the end, though GitHub refused or lost the first attempts", async () => {
  company = await ownCompany();
  const { github } = company;
  const pull = await openPull(company);
  await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
  github.fault({ method: "PATCH", path: /\/check-runs\//u, status: 502, times: 1 });
  github.fault({ path: new RegExp(`${pull.sha}/check-runs$`, "u"), destroy: true, times: 2 });
  const later = pushMore(company, pull);
  expect(await company.check(later)).toMatchObject(waits);

  expect(await goBackAndMerge(pull)).toBe(405);
});

it("takes back a green check of which GitHub never said that it took it", async () => {
  company = await ownCompany();
  const { github } = company;
  const pull = await openPull(company);
  expect(await company.check(pull.sha)).toMatchObject(waits);
  const lost = { method: "PATCH", path: /\/check-runs\//u, destroy: true, afterEffect: true } as const;
  github.fault({ ...lost, times: 1 });
  await review(company, pull, "grace");
  const runs = repositoryNamed(github.world, shop).checkRuns;
  await until("the check to be green", () => runs.some(({ conclusion }) => conclusion === "success"));
  const repair = github.fault({ path: /graphql/u, operation: "Facts", status: 502 });
  const later = pushMore(company, pull);
  await github.quiet();
  repair();
  expect(await company.check(later)).toMatchObject(waits);
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "action_required" });
});

it("leaves an earlier head to another open pull request that has it", async () => {
  company = await ownCompany();
  const { github } = company;
  const pull = await openPull(company);
  github.push(shop, { branch: "twin", from: pull.sha, pusher: "juno" });
  const twin = { ...at, title: "The same", head: "twin", base: "main" };
  const { data } = await github.as("juno").rest.pulls.create(twin);
  await review(company, data, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
  const later = pushMore(company, pull);
  expect(await company.check(later)).toMatchObject(waits);
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
  await github.as("juno").rest.pulls.update({ ...at, pull_number: data.number, state: "closed" });
  await review(company, pull, "vera", { event: "REQUEST_CHANGES" });
  expect(await company.check(later)).toMatchObject({ conclusion: "failure" });

  expect(await goBackAndMerge(pull)).toBe(405);
});

it("shows a merge of a head that was green until a senior objected to a later one", async () => {
  company = await ownCompany();
  const { github } = company;
  const pull = await openPull(company);
  await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
  github.holdDeliveries();
  pushMore(company, pull);
  await review(company, pull, "vera", { event: "REQUEST_CHANGES" });
  expect(await goBackAndMerge(pull)).toBe(200);
  await company.idle();

  const issues = [...repositoryNamed(github.world, shop).issues.values()];
  expect(issues).toMatchObject([{ body: containing("changes were requested by `vera`") }]);
});

it("shows a merge on the green check that another pull request with its head has", async () => {
  company = await ownCompany();
  const { github, appId } = company;
  github.requireCheck(shop, "release", { context: "Countersign", appId });
  github.push(shop, { branch: "release", pusher: "ada" });
  const pull = await openPull(company);
  await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
  github.holdDeliveries();
  const twin = { ...at, title: "For the release, too", head: pull.branch, base: "release" };
  const { data } = await github.as("juno").rest.pulls.create(twin);
  expect(await merge(company, { ...pull, number: data.number })).toBe(200);
  github.releaseDeliveries();
  await company.idle();

  const issues = [...repositoryNamed(github.world, shop).issues.values()];
  expect(issues).toMatchObject([{ title: containing(`Merge of #${data.number} reached release`) }]);
});

it("writes the check once GitHub takes it, though it refused or lost the first attempts", async () => {
  company = await ownCompany();
  await company.idle();
  const { github } = company;
  github.fault({ method: "POST", path: /\/check-runs$/u, status: 502, times: 1 });
  const pull = await openPull(company);

  expect(await company.check(pull.sha)).toMatchObject(waits);

  github.fault({ method: "PATCH", path: /\/check-runs\//u, status: 502, times: 1, afterEffect: true });
  await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
});

it("decides again when GitHub would not tell everything the first time", async () => {
  company = await ownCompany();
  await company.idle();
  const { github } = company;
  github.fault({ path: /graphql/u, operation: "Facts", status: 502, body: "Bad gateway", times: 1 });
  const pull = await openPull(company);

  expect(await company.check(pull.sha)).toMatchObject(waits);
});

it("takes 600 of 600 deliveries that come 64 at a time, and decides every one", async () => {
  company = await ownCompany();
  const pulls: PullRequest[] = [];
  for (let index = 0; index < 4; index += 1) pulls.push(await openPull(company));
  await company.idle();
  const bodies = Array.from({ length: 600 }, (_, index) => {
    const { number = 1, sha = "" } = pulls[index % pulls.length] ?? {};
    const payload = pullPayload({ action: "labeled", number, installation: { id: installation() } });
    return { ...payload, pull_request: { ...payload.pull_request, head: { sha } } };
  });
  const answers: number[] = [];
  const sender = async () => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop())
      answers.push((await deliver(company.url, { body })).status);
  };
  await Promise.all(Array.from({ length: 64 }, sender));

  expect(answers).toEqual(Array.from({ length: 600 }, () => 202));
  const checks = await Promise.all(pulls.map(async ({ sha }) => company.check(sha)));
  expect(checks.map((check) => check?.conclusion)).toEqual(pulls.map(() => "action_required"));
});

function installation(): number {
  return [...company.github.world.installations.keys()][0] ?? 0;
}
