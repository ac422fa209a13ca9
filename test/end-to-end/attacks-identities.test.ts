/** Attacks on who somebody is: machines, names, e-mails, accounts that changed hands. */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { accountNamed, repositoryNamed } from "../fake-github/setup.ts";
import {
  assertNothingRefused,
  type Company,
  configRepository,
  openCompany,
  ownCompany,
  roster,
  rosterFile,
  shop,
} from "./company.ts";
import { containing, matching } from "./containing.ts";
import { aiTrailer, merge, openPull, type PullRequest, pushMore, review } from "./pull-request.ts";

const at = { owner: "acme", repo: "shop" } as const;
const waits = { conclusion: "action_required", title: containing("Waiting for 1 approval by senior") };
const machines = ["github-actions[bot]", "copilot-pull-request-reviewer[bot]", "countersign[bot]"];

let company: Company;
beforeAll(async () => {
  company = await openCompany({ files: { [rosterFile]: `${roster}  old-colleague: principal\n` } });
  for (const login of machines.slice(0, 2)) company.github.createUser(login, { type: "Bot" });
  for (const login of machines) mayPush(login);
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

function mayPush(login: string, { github } = company): void {
  const { id } = accountNamed(github.world, login);
  repositoryNamed(github.world, shop).collaborators.set(id, "write");
}

async function recheck({ number }: PullRequest): Promise<void> {
  const body = "/countersign recheck";
  await company.github.as("juno").rest.issues.createComment({ ...at, issue_number: number, body });
}

it.each(machines)("does not count an approval by %s, though it can push", async (login) => {
  const pull = await openPull(company);
  await review(company, pull, login);

  expect(await company.check(pull.sha)).toMatchObject({
    ...waits,
    summary: containing(`| ${login} | approval | is not a person: bots and apps have no say |`),
  });
  expect(await merge(company, pull)).toBe(405);
});

it("takes a label that a workflow puts on for evidence, and what it takes off still counts", async () => {
  const pull = await openPull(company, { message: "By hand" });
  const label = { ...at, issue_number: pull.number };
  const { rest } = company.github.as("github-actions[bot]");
  await rest.issues.addLabels({ ...label, labels: ["ai-assisted"] });
  await rest.issues.removeLabel({ ...label, name: "ai-assisted" });

  expect(await company.check(pull.sha)).toMatchObject({
    ...waits,
    summary: containing("put on by github-actions[bot], taken off by github-actions[bot], still counts"),
  });
});

it("does not count an approval by a mannequin, though the roster lists its name", async () => {
  const pull = await openPull(company);
  await company.idle();
  const { id } = company.github.createUser("old-colleague", { type: "Mannequin" });
  mayPush("old-colleague");
  // An import writes reviews into the past, and no delivery tells of them.
  const { world } = company.github;
  repositoryNamed(world, shop).pulls.get(pull.number)?.reviews.push({
    id: world.nextId(),
    userId: id,
    state: "APPROVED",
    body: "",
    commitId: pull.sha,
    submittedAt: world.stamp(),
    updatedAt: world.stamp(),
  });
  await recheck(pull);

  expect(await company.check(pull.sha)).toMatchObject({
    ...waits,
    summary: matching(/^\| old-colleague \|.*is not a person/mu),
  });
});

it("takes a junior's change for a junior's, though git says that a senior wrote all of it", async () => {
  const { github } = company;
  const message = `Cache\n\n${aiTrailer}\n`;
  const commit = { author: "ada", message, files: { "src/forged.ts": "export {};\n" } };
  const sha = github.push(shop, { branch: "forged", pusher: "juno", ...commit });
  const forged = { ...at, title: "Cache it", head: "forged", base: "main" };
  await github.as("juno").rest.pulls.create(forged);

  expect(await company.check(sha)).toMatchObject({
    ...waits,
    summary: matching(/^\| juno \| junior \|/mu),
  });
});

it("gives a senior's change the level of a commit whose author nobody knows", async () => {
  const pull = await openPull(company, { by: "grace" });
  const stranger = { name: "Grace", email: "grace@laptop.local" };
  const sha = pushMore(company, pull, { pusher: "grace", author: stranger });

  expect(await company.check(sha)).toMatchObject({
    ...waits,
    summary: matching(/^\| Grace <grace@laptop\.local> \| junior \| no GitHub account/mu),
  });
});

it("makes the person of a bot's pull request who is assigned to it a contributor", async () => {
  const { github } = company;
  github.createUser("copilot-swe-agent[bot]", { type: "Bot" });
  mayPush("copilot-swe-agent[bot]");
  const branch = "copilot/fix";
  const sha = github.push(shop, { branch, pusher: "otto", message: "Fix it", files: { "src/fix.ts": "1" } });
  const opened = { ...at, title: "Fix it", head: branch, base: "main" };
  const { data: pull } = await github.as("copilot-swe-agent[bot]").rest.pulls.create(opened);
  repositoryNamed(github.world, shop)
    .pulls.get(pull.number)
    ?.assigneeIds.push(accountNamed(github.world, "grace").id);
  await review(company, pull, "grace");

  expect(await company.check(sha)).toMatchObject({
    ...waits,
    summary: matching(/^\| grace \| approval.*is a contributor to this change/mu),
  });
});

it("knows a person by a roster e-mail that no account has", async () => {
  const own = await ownCompany({
    files: {
      [rosterFile]: roster.replace("grace: senior", "grace: { level: senior, emails: [g@home.example] }"),
    },
  });
  const pull = await openPull(own);
  const sha = pushMore(own, pull, { author: { name: "Somebody", email: "G@Home.example" } });
  await review(own, pull, "grace");

  expect(await own.check(sha)).toMatchObject({
    ...waits,
    summary: matching(/^\| grace \| approval.*is a contributor to this change \(author of /mu),
  });
});

it("compares logins without regard to case, for who may and for who may not", async () => {
  const own = await ownCompany({
    files: {
      [rosterFile]: roster.replace("grace: senior", "GRACE: senior").replace("vera: senior", "VeRa: senior"),
    },
  });
  const pull = await openPull(own);
  const sha = pushMore(own, pull, { pusher: "grace", author: "juno" });
  await review(own, pull, "grace");
  expect(await own.check(sha)).toMatchObject({
    ...waits,
    summary: matching(/^\| grace \| approval.*is a contributor to this change/mu),
  });

  await review(own, pull, "vera");
  expect(await own.check(sha)).toMatchObject({ title: "Countersigned by vera (senior)" });
});

it("gives nothing to whoever takes over a senior's login, and keeps the senior's level by the id", async () => {
  const own = await ownCompany();
  const { github } = own;
  const first = await openPull(own);
  await review(own, first, "grace");
  expect(await own.check(first.sha)).toMatchObject({ conclusion: "success" });
  const grace = accountNamed(github.world, "grace");
  grace.login = "grace-married";
  github.createUser("grace", { emails: ["mallory@example.com"] });
  mayPush("grace", own);

  const pull = await openPull(own);
  await review(own, pull, "grace");
  expect(await own.check(pull.sha)).toMatchObject({
    ...waits,
    summary: matching(/^\| grace \|.*the login is on the roster for the account with id/mu),
  });

  await review(own, pull, "grace-married");
  expect(await own.check(pull.sha)).toMatchObject({ title: "Countersigned by grace-married (senior)" });
});

it("asks for the id that the roster gives", async () => {
  const own = await ownCompany({
    files: { [rosterFile]: roster.replace("grace: senior", "grace: { level: senior, id: 424242 }") },
  });
  const pull = await openPull(own);
  await review(own, pull, "grace");

  expect(await own.check(pull.sha)).toMatchObject({
    ...waits,
    summary: matching(/^\| grace \|.*on the roster for the account with id 424242/mu),
  });
  own.github.push(configRepository, {
    branch: "main",
    pusher: "ada",
    message: "The right id",
    files: {
      [rosterFile]: roster.replace("grace: senior", `grace: { level: senior, id: ${idOf(own, "grace")} }`),
    },
  });
  expect(await own.check(pull.sha)).toMatchObject({ title: "Countersigned by grace (senior)" });
});

function idOf({ github }: Company, login: string): number {
  return accountNamed(github.world, login).id;
}
