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
import { audited } from "./ledger-of.ts";
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

/** What the app wrote on a pull request, once nothing is going on any more. */
async function answers({ number }: Pick<PullRequest, "number">): Promise<(string | undefined)[]> {
  await company.idle();
  const about = { owner: "acme", repo: "shop", issue_number: number };
  const { data } = await company.github.as("ada").rest.issues.listComments(about);
  return data.filter(({ user }) => user?.login === "countersign[bot]").map(({ body }) => body);
}

/** Open, waiting, and never overridden: what the check says when nothing came of a comment. */
async function untouched(pull: PullRequest): Promise<void> {
  expect(await company.check(pull.sha)).toMatchObject({
    ...waiting,
    summary: expect.not.stringContaining("overrides that do not count"),
  });
}

it("lifts the wait, shows and records who did it and why, and GitHub merges the pull request", async () => {
  const pull = await openPull(company);
  await comment(pull, "grace");

  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "success",
    title: "Overridden by grace (senior): the shop is down",
    summary: containing(`This holds for ${pull.sha.slice(0, 7)} alone`),
  });
  expect(await merge(company, pull)).toBe(200);
  const recorded = await audited(company, "override");
  expect(recorded.filter(({ number }) => number === pull.number)).toMatchObject([
    { sha: pull.sha, body: { by: "grace", reason: "the shop is down" } },
  ]);
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

/** What is answered to an override for a head that is not the head any more. */
function writeItAgain(login: string, before: string, now: string): string {
  const [was, is] = [before.slice(0, 7), now.slice(0, 7)];
  return `\`${login}\`: this override does not count (was written for ${was}, the head is now ${is}). Look at the check run of ${is}, then write it again if it is to hold for that.`;
}

type Attempt = (pull: PullRequest) => Promise<string | void>;
const ask = "Ask somebody at senior or above who is no contributor to this change and can push.";
const attempts: readonly [string, RegExp, string | null, Attempt][] = [
  [
    "of a contributor",
    /^\| grace \| override.*is a contributor to this change/mu,
    "`grace`: this override does not count (is a contributor to this change).",
    async (pull) => {
      const sha = pushMore(company, pull, { pusher: "grace", author: "juno" });
      await comment(pull, "grace");
      return sha;
    },
  ],
  [
    "of the author",
    /^\| juno \| override.*is junior; overriding takes senior or above/mu,
    "`juno`: this override does not count (is junior; overriding takes senior or above).",
    async (pull) => void (await comment(pull, "juno")),
  ],
  [
    "of a mid-level engineer",
    /^\| milo \| override.*is mid; overriding takes senior or above/mu,
    "`milo`: this override does not count (is mid; overriding takes senior or above).",
    async (pull) => void (await comment(pull, "milo")),
  ],
  [
    "of somebody on no roster who can push",
    /^\| otto \| override.*is not on the roster/mu,
    "`otto`: this override does not count (is not on the roster).",
    async (pull) => void (await comment(pull, "otto")),
  ],
  [
    "of an outsider who can only read",
    /^\| dora \| override.*is not on the roster/mu,
    null,
    async (pull) => void (await comment(pull, "dora")),
  ],
  [
    "of a senior who cannot push",
    /^\| rhea \| override.*cannot push to the repository/mu,
    "`rhea`: this override does not count (cannot push to the repository).",
    async (pull) => void (await comment(pull, "rhea")),
  ],
];
it.each(attempts)("does not count when it is one %s, and says so", async (_whose, says, answer, attempt) => {
  const pull = await openPull(company);
  const sha = (await attempt(pull)) ?? pull.sha;

  expect(await company.check(sha)).toMatchObject({ ...waiting, summary: matching(says) });
  expect(await answers(pull)).toEqual(answer === null ? [] : [`${answer} ${ask}`]);
  expect(await merge(company, pull)).toBe(405);
});

it("is nothing from a bot", async () => {
  const pull = await openPull(company);
  await comment(pull, "reviewer[bot]");

  await untouched(pull);
  expect(await answers(pull)).toEqual([]);
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
  expect(await answers(pull)).toEqual([writeItAgain("grace", pull.sha, sha)]);
  expect(await merge(company, pull)).toBe(405);

  const again = pushMore(company, pull, { files: { "src/again.ts": "" } });
  expect(await company.check(again)).toMatchObject(waiting);
  expect(await answers(pull)).toHaveLength(1);
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

  expect(await answers(pull)).toEqual([writeItAgain("grace", pull.sha, sha)]);

  await comment(pull, "grace");
  expect(await company.check(sha)).toMatchObject({ conclusion: "success" });
});

it("without a reason is answered, once however often it is delivered", async () => {
  const pull = await openPull(company);
  await comment(pull, "grace", "/countersign override \nthe shop is down");
  await company.idle();
  const created = company.github.deliveries.findLast(({ payload }) => payload["comment"] !== undefined);
  if (created === undefined) throw new Error("Nobody commented.");
  company.github.redeliver(created.guid);
  await comment(pull, "grace", "/countersign override");

  expect(await company.check(pull.sha)).toMatchObject({
    ...waiting,
    summary: matching(/^\| grace \| override.*gave no reason/mu),
  });
  expect(await answers(pull)).toEqual([
    "`grace`: this override does not count (gave no reason). Write the reason behind the command, on the same line.",
  ]);
});

it("misspelt is answered with the commands there are, for people of the roster and who can push, not for outsiders", async () => {
  const pull = await openPull(company);
  for (const by of ["milo", "otto", "dora", "reviewer[bot]"])
    await comment(pull, by, "/countersign overide x");

  expect(await answers(pull)).toEqual([
    containing("`milo`: there is no such command."),
    containing("`otto`: there is no such command."),
  ]);
});

it("in a locked conversation is judged all the same, and the log says why nobody was answered", async () => {
  const pull = await openPull(company);
  const issue = { owner: "acme", repo: "shop", issue_number: pull.number };
  await company.github.as("ada").rest.issues.lock(issue);
  await comment(pull, "milo");

  expect(await company.check(pull.sha)).toMatchObject({
    ...waiting,
    summary: matching(/^\| milo \| override/mu),
  });
  expect(await answers(pull)).toEqual([]);
  const about = company.log.filter((line) => line.includes(`"pull:acme/shop:${pull.number}"`));
  expect(about.filter((line) => line.includes("issue is locked"))).toEqual([
    containing("could not be written and is not repeated"),
  ]);
});

it("lifts the wait of its own pull request, not that of another one with the same head", async () => {
  const pull = await openPull(company);
  company.github.push(shop, { branch: "release", pusher: "ada", from: "main" });
  company.github.requireCheck(shop, "release", { context: "Countersign" });
  const about = { owner: "acme", repo: "shop", title: "Release it", head: pull.branch, base: "release" };
  const { data: other } = await company.github.as("juno").rest.pulls.create(about);
  await comment(pull, "grace");
  const title = containing(`#${other.number}: Waiting for 1 approval`);

  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "action_required", title });
  await comment({ ...pull, number: other.number }, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
  expect([await answers(pull), await answers(other)]).toEqual([[], []]);
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
  expect(await answers(pull)).toEqual([
    matching(/^`ada`: this override does not count .*lets nobody override/u),
  ]);
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
