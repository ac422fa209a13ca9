import { afterAll, afterEach, beforeAll, expect, it, onTestFinished } from "vitest";
import { accountNamed } from "../fake-github/setup.ts";
import {
  assertNothingRefused,
  type Company,
  configRepository,
  openCompany,
  policyFile,
  roster,
  rosterFile,
  shop,
} from "./company.ts";
import { containing, matching } from "./containing.ts";
import { merge, openPull, type PullRequest, pushMore, review } from "./pull-request.ts";
import { deliver } from "./signed-delivery.ts";

const policy = "override: { level: senior }\n";

let company: Company;
beforeAll(async () => {
  company = await openCompany({ files: { [rosterFile]: roster, [policyFile]: policy } });
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

const command = "/countersign override the shop is down";
const waiting = {
  conclusion: "action_required",
  title: containing("Waiting for 1 approval by senior or above"),
};

/** Writes a comment once the check run of the present head is there. Returns its id. */
async function comment({ number }: PullRequest, by: string, body = command): Promise<number> {
  await company.idle();
  const about = { owner: "acme", repo: "shop", issue_number: number };
  return (await company.github.as(by).rest.issues.createComment({ ...about, body })).data.id;
}

/** Open, waiting, and never overridden: what the check says when nothing came of a comment. */
async function untouched(pull: PullRequest): Promise<void> {
  expect(await company.check(pull.sha)).toMatchObject({
    ...waiting,
    summary: expect.not.stringContaining("override)"),
  });
}

it("lifts the wait, shows who did it and why, and GitHub merges the pull request", async () => {
  const pull = await openPull(company);
  await comment(pull, "grace");

  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "success",
    title: "Overridden by grace (senior): the shop is down",
    summary: containing(`This holds for ${pull.sha.slice(0, 7)} alone`),
  });
  expect(await merge(company, pull)).toBe(200);
});

it("lifts an objection of somebody else", async () => {
  const pull = await openPull(company);
  await review(company, pull, "vera", { event: "REQUEST_CHANGES" });
  await comment(pull, "grace");

  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "success",
    title: "Overridden by grace (senior): the shop is down",
  });
});

type Attempt = (pull: PullRequest) => Promise<string | void>;
const attempts: readonly [string, RegExp, Attempt][] = [
  [
    "of a contributor",
    /^\| grace \| override.*is a contributor to this change/mu,
    async (pull) => {
      const sha = pushMore(company, pull, { pusher: "grace", author: "juno" });
      await comment(pull, "grace");
      return sha;
    },
  ],
  [
    "of the author",
    /^\| juno \| override.*is junior; overriding takes senior or above/mu,
    async (pull) => void (await comment(pull, "juno")),
  ],
  [
    "of a mid-level engineer",
    /^\| milo \| override.*is mid; overriding takes senior or above/mu,
    async (pull) => void (await comment(pull, "milo")),
  ],
  [
    "of somebody on no roster who can push",
    /^\| otto \| override.*is not on the roster/mu,
    async (pull) => void (await comment(pull, "otto")),
  ],
  [
    "of an outsider who can only read",
    /^\| dora \| override.*is not on the roster/mu,
    async (pull) => void (await comment(pull, "dora")),
  ],
  [
    "of a senior who cannot push",
    /^\| rhea \| override.*cannot push to the repository/mu,
    async (pull) => void (await comment(pull, "rhea")),
  ],
];
it.each(attempts)("does not count when it is one %s, and says so", async (_whose, says, attempt) => {
  const pull = await openPull(company);
  const sha = (await attempt(pull)) ?? pull.sha;

  expect(await company.check(sha)).toMatchObject({ ...waiting, summary: matching(says) });
  expect(await merge(company, pull)).toBe(405);
});

it("is nothing from a bot, or without a reason", async () => {
  const pull = await openPull(company);
  await comment(pull, "reviewer[bot]");
  await comment(pull, "grace", "/countersign override");
  await comment(pull, "grace", "/countersign override \nthe shop is down");

  await untouched(pull);
});

it("is nothing in a comment that said something else at first", async () => {
  const pull = await openPull(company);
  const id = await comment(pull, "grace", "Let me think about it.");
  company.github.editComment(shop, pull.number, id, { body: command, by: "grace" });

  await untouched(pull);
});

it("does not bless a push right after it, and says which head it was for", async () => {
  const pull = await openPull(company);
  await comment(pull, "grace");
  const sha = pushMore(company, pull);

  expect(await company.check(sha)).toMatchObject({
    ...waiting,
    summary: containing(`was written for ${pull.sha.slice(0, 7)}, the head is now ${sha.slice(0, 7)}`),
  });
  expect(await merge(company, pull)).toBe(405);
});

it("does not bless a push right before it, whose check run nobody had seen yet", async () => {
  const pull = await openPull(company);
  await company.idle();
  company.github.holdDeliveries();
  const sha = pushMore(company, pull);
  const about = { owner: "acme", repo: "shop", issue_number: pull.number };
  await company.github.as("grace").rest.issues.createComment({ ...about, body: command });
  company.github.releaseDeliveries({ order: "reversed" });

  expect(await company.check(sha)).toMatchObject({
    ...waiting,
    summary: containing(`was written for ${pull.sha.slice(0, 7)}, the head is now ${sha.slice(0, 7)}`),
  });

  await comment(pull, "grace");
  expect(await company.check(sha)).toMatchObject({ conclusion: "success" });
});

it("stays when its comment is deleted", async () => {
  const pull = await openPull(company);
  await comment(pull, "grace");
  await company.idle();
  const created = company.github.deliveries.findLast(({ event }) => event === "issue_comment");
  const body = { ...created?.payload, action: "deleted" };
  expect(await deliver(company.url, { event: "issue_comment", body })).toMatchObject({ status: 202 });

  await comment(pull, "dora", "/countersign recheck");
  expect(await company.check(pull.sha)).toMatchObject({
    title: "Overridden by grace (senior): the shop is down",
  });
});

it("counts no longer when its author may not push any more", async () => {
  const pull = await openPull(company);
  await comment(pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
  setRole("grace", "read");
  onTestFinished(() => setRole("grace", "write"));

  await comment(pull, "dora", "/countersign recheck");
  expect(await company.check(pull.sha)).toMatchObject({
    ...waiting,
    summary: matching(/^\| grace \| override.*cannot push to the repository/mu),
  });
});

it("is refused with the reason where no policy lets anybody", async () => {
  writePolicy("mode: enforce\n");
  onTestFinished(() => writePolicy(policy));
  const pull = await openPull(company);
  await comment(pull, "ada");

  expect(await company.check(pull.sha)).toMatchObject({
    ...waiting,
    summary: matching(/^\| ada \| override.*lets nobody override/mu),
  });
});

function setRole(login: string, role: "read" | "write"): void {
  const { world } = company.github;
  const { id } = accountNamed(world, login);
  for (const { collaborators } of world.repositories.values()) {
    if (collaborators.has(id)) collaborators.set(id, role);
  }
}

function writePolicy(text: string): void {
  const push = { branch: "main", pusher: "ada", message: "The policy changes" };
  company.github.push(configRepository, { ...push, files: { [policyFile]: text } });
}
