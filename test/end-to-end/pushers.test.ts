import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { repositoryNamed } from "../fake-github/setup.ts";
import {
  assertNothingRefused,
  checkOn,
  type Company,
  health,
  openCompany,
  ownCompany,
  shop,
} from "./company.ts";
import { containing, matching } from "./containing.ts";
import { aiTrailer, openPull, type PullRequest, pushMore, review } from "./pull-request.ts";
import { until } from "./until.ts";

const at = { owner: "acme", repo: "shop" } as const;
const claude = { name: "Claude", email: "noreply@anthropic.com" };

let company: Company;
beforeAll(async () => {
  company = await openCompany();
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

let branches = 0;
/** A branch with a commit of juno's that an assistant helped with; nobody has opened a pull request yet. */
function startBranch(): Pick<PullRequest, "branch" | "sha"> {
  const branch = `early-${++branches}`;
  const files = { [`src/${branch}.ts`]: "export {};\n" };
  const message = `Cache the total\n\n${aiTrailer}\n`;
  const sha = company.github.push(shop, {
    branch,
    pusher: "juno",
    message,
    files,
  });
  return { branch, sha };
}

/** Pushes juno's commit anew, on top of `from` and as somebody else. */
function rewrite(branch: string, pusher: string, change: { from?: string; text?: string } = {}): string {
  const { from = "main", text = "export {};\n" } = change;
  const files = { [`src/${branch}.ts`]: text };
  const message = `Cache the total\n\n${aiTrailer}\n`;
  const rewritten = { branch, pusher, author: "juno", committer: pusher, message, files };
  return company.github.push(shop, { ...rewritten, from, force: true });
}

function moveMain(): void {
  const files = { [`docs/${branches}.md`]: `${branches}\n` };
  company.github.push(shop, { branch: "main", pusher: "ada", files, bypassRules: true });
}

async function open(branch: string, by = "juno"): Promise<number> {
  const { data } = await company.github
    .as(by)
    .rest.pulls.create({ ...at, title: "Cache it", head: branch, base: "main" });
  return data.number;
}

async function setState(number: number, state: "closed" | "open"): Promise<void> {
  await company.github.as("juno").rest.pulls.update({ ...at, pull_number: number, state });
}

function waitingBecause(reason: string) {
  return { conclusion: "action_required", summary: containing(reason) };
}

it("does not let a senior countersign what they pushed before the pull request was opened", async () => {
  const { branch } = startBranch();
  const files = { [`src/${branch}.ts`]: "export const by = 'grace';\n" };
  const sha = company.github.push(shop, { branch, pusher: "grace", author: "juno", files });
  const number = await open(branch);
  await review(company, { number }, "grace");
  expect(await company.check(sha)).toMatchObject(waitingBecause(`pushed ${sha.slice(0, 7)}`));
  await review(company, { number }, "vera");
  expect(await company.check(sha)).toMatchObject({ title: "Countersigned by vera (senior)" });
});

it("does not let a senior countersign what they pushed while the pull request was closed", async () => {
  const pull = await openPull(company);
  await company.idle();
  await setState(pull.number, "closed");
  const sha = pushMore(company, pull, { pusher: "grace", author: "juno" });
  await setState(pull.number, "open");
  await review(company, pull, "grace");
  expect(await company.check(sha)).toMatchObject(waitingBecause(`pushed ${sha.slice(0, 7)}`));
});

it("keeps a senior who amended a commit out after they rebased it cleanly, all before the pull request", async () => {
  const { branch } = startBranch();
  const amended = rewrite(branch, "grace", { text: "export const by = 'grace';\n" });
  moveMain();
  const sha = rewrite(branch, "grace", { text: "export const by = 'grace';\n" });
  const number = await open(branch);
  await review(company, { number }, "grace");
  expect(await company.check(sha)).toMatchObject(waitingBecause(`pushed ${amended.slice(0, 7)}`));
});

it("looks again when a push is heard of after the pull request that it was made before", async () => {
  const { branch } = startBranch();
  await company.idle();
  company.github.holdDeliveries();
  const files = { [`src/${branch}.ts`]: "export const by = 'grace';\n" };
  const sha = company.github.push(shop, { branch, pusher: "grace", author: "juno", files });
  const number = await open(branch);
  await review(company, { number }, "grace");
  // The activity log would tell, too.
  const shown = company.github.fault({ path: /\/activity$/u, status: 404, body: { message: "Not Found" } });
  company.github.releaseDeliveries({ drop: ({ event }) => event === "push" });
  expect(await company.check(sha)).toMatchObject({ title: "Countersigned by grace (senior)" });
  shown();
  const late = company.github.deliveries.findLast(({ event }) => event === "push");
  company.github.redeliver(late?.guid ?? "");
  expect(await company.check(sha)).toMatchObject(waitingBecause(`pushed ${sha.slice(0, 7)}`));
});

it("does not let a senior countersign what they pushed though the delivery of it is lost", async () => {
  const { branch } = startBranch();
  await company.idle();
  company.github.holdDeliveries();
  const files = { [`src/${branch}.ts`]: "export const by = 'grace';\n" };
  const sha = company.github.push(shop, { branch, pusher: "grace", author: "juno", files });
  const number = await open(branch);
  await review(company, { number }, "grace");
  company.github.releaseDeliveries({ drop: ({ event }) => event === "push" });
  expect(await company.check(sha)).toMatchObject(waitingBecause(`pushed ${sha.slice(0, 7)}`));
});

it("says what to do about a head that was pushed before anything was recorded, and passes it after one more push", async () => {
  let lateMs = 0;
  const own = await ownCompany({ now: () => Date.now() + lateMs });
  own.github.holdDeliveries();
  const pull = await openPull(own);
  repositoryNamed(own.github.world, shop).activities.splice(0);
  own.github.releaseDeliveries({ drop: ({ event }) => event === "push" });
  await own.idle();
  await review(own, pull, "grace");
  for (let failed = 1; failed <= 5; failed += 1) {
    await until(`attempt ${failed}`, async () => (await health(own.url)).mostAttempts === failed);
    lateMs += 60_000;
  }
  expect(await checkOn(own.github, pull.sha)).toMatchObject({
    conclusion: "failure",
    summary: containing("If it stays so, push to the branch once more."),
  });

  const sha = pushMore(own, pull);
  await review(own, pull, "grace");
  expect(await own.check(sha)).toMatchObject({ title: "Countersigned by grace (senior)" });
  assertNothingRefused(own.github);
});

it("knows who pushed to the branch this one was made from while a later push is not heard of yet", async () => {
  const draft = startBranch();
  const files = { [`src/${draft.branch}.ts`]: "export const by = 'grace';\n" };
  const pushed = company.github.push(shop, { branch: draft.branch, pusher: "grace", author: "juno", files });
  const branch = `${draft.branch}-again`;
  company.github.push(shop, { branch, pusher: "juno", from: pushed });
  const number = await open(branch);
  await company.idle();
  company.github.holdDeliveries();
  const sha = company.github.push(shop, { branch, pusher: "juno", files: { "src/more.ts": "export {};\n" } });
  await review(company, { number }, "grace");
  company.github.releaseDeliveries({ drop: ({ event }) => event === "push" });
  expect(await company.check(sha)).toMatchObject(waitingBecause(`pushed ${pushed.slice(0, 7)}`));
});

it("lets a senior countersign on a branch that they only created", async () => {
  const branch = `early-${++branches}`;
  company.github.push(shop, { branch, pusher: "grace" });
  const files = { [`src/${branch}.ts`]: "export {};\n" };
  company.github.push(shop, { branch, pusher: "juno", message: `Cache\n\n${aiTrailer}`, files });
  moveMain();
  const sha = rewrite(branch, "juno");
  const number = await open(branch);
  expect(await company.check(sha)).toMatchObject({ conclusion: "action_required" });
  await review(company, { number }, "grace");
  expect(await company.check(sha)).toMatchObject({ title: "Countersigned by grace (senior)" });
});

it("lets a senior countersign who updated or cleanly rebased the branch before the pull request", async () => {
  const updated = startBranch();
  const rebased = startBranch();
  moveMain();
  const parents = [updated.branch, "main"];
  const merge = { branch: updated.branch, pusher: "grace", message: "Merge main", parents };
  // What main has and the branch has not.
  const files = { [`docs/${branches}.md`]: `${branches}\n` };
  const heads = [
    { branch: updated.branch, sha: company.github.push(shop, { ...merge, files }) },
    { branch: rebased.branch, sha: rewrite(rebased.branch, "grace") },
  ];
  for (const { branch, sha } of heads) {
    const number = await open(branch);
    await review(company, { number }, "grace");
    expect(await company.check(sha)).toMatchObject({ title: "Countersigned by grace (senior)" });
  }
});

it("sees the junior behind a commit that names only a tool, on a senior's pull request", async () => {
  const pull = await openPull(company, { by: "grace" });
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
  const sha = pushMore(company, pull, { pusher: "juno", author: claude, committer: claude });
  expect(await company.check(sha)).toMatchObject(waitingBecause(`pushed ${sha.slice(0, 7)}`));
});

it("keeps the person assigned to a bot's pull request behind it when they take themselves off", async () => {
  const { branch, sha } = startBranch();
  const number = await open(branch, "reviewer[bot]");
  const assignees = { ...at, issue_number: number, assignees: ["grace"] };
  await company.github.as("reviewer[bot]").rest.issues.addAssignees(assignees);
  await company.github.as("grace").rest.issues.removeAssignees(assignees);
  await review(company, { number }, "grace");
  expect(await company.check(sha)).toMatchObject(waitingBecause("was assigned to the bot's pull request"));
  await review(company, { number }, "vera");
  expect(await company.check(sha)).toMatchObject({ title: "Countersigned by vera (senior)" });
});

it.each(["merge", "squash", "rebase"] as const)(
  "sees who is behind a forged commit that comes by a %s into a branch nobody gates",
  async (merge_method) => {
    const { github } = company;
    const base = `develop-${merge_method}`;
    github.push(shop, { branch: base, pusher: "ada", files: { [`${base}.md`]: "" } });
    const branch = `forged-${merge_method}`;
    const commit = { author: "ada", message: `Cache\n\n${aiTrailer}`, files: { [`src/${base}.ts`]: "1" } };
    github.push(shop, { branch, from: base, pusher: "juno", ...commit });
    github.push(shop, { branch, pusher: "grace", author: "ada", files: { [`src/${base}.ts`]: "2" } });
    const about = { ...at, title: "Cache it", head: branch, base };
    const { data: first } = await github.as("juno").rest.pulls.create(about);
    await company.idle();
    await github.as("ada").rest.pulls.merge({ ...at, pull_number: first.number, merge_method });
    await company.idle();
    const number = await open(base, "ada");
    await review(company, { number }, "grace");
    const { sha } = (await github.as("ada").rest.pulls.get({ ...at, pull_number: number })).data.head;

    expect(await company.check(sha)).toMatchObject({
      conclusion: "action_required",
      summary: matching(/^\| juno \| junior \|[^]*^\| grace \| approval.*is a contributor/mu),
    });
    await review(company, { number }, "vera");
    expect(await company.check(sha)).toMatchObject({ title: "Countersigned by vera (senior)" });
  },
);
