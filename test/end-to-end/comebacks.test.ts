import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
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
import { land } from "./land.ts";
import { aiTrailer, merge, openPull, type PullRequest, pushMore, review } from "./pull-request.ts";

const at = { owner: "acme", repo: "shop" } as const;

let company: Company;
beforeAll(async () => {
  company = await openCompany();
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

/** Writes the last commit of the branch anew, with the same files and without the trailer. */
function amend(branch: string, from: string): string {
  const files = { [`src/${from}.ts`]: "export {};\n" };
  const change = { branch, pusher: "juno", message: "Cache the total", files };
  return company.github.push(shop, { ...change, from: "main", force: true });
}

async function open(branch: string): Promise<number> {
  const { data } = await company.github
    .as("juno")
    .rest.pulls.create({ ...at, title: "All by myself", head: branch, base: "main" });
  return data.number;
}

async function close({ number }: Pick<PullRequest, "number">, state: "closed" | "open" = "closed") {
  await company.github.as("juno").rest.pulls.update({ ...at, pull_number: number, state });
}

/** What the check says of evidence that was seen on another pull request. */
function seenOn({ number, sha }: PullRequest) {
  return containing(
    `seen on [#${number}](${company.github.url}/acme/shop/pull/${number}), [${sha.slice(0, 7)}]`,
  );
}

it("waits again when a pull request is closed and opened anew with the trailer amended away", async () => {
  const first = await openPull(company);
  expect(await company.check(first.sha)).toMatchObject({ conclusion: "action_required" });
  await close(first);
  const sha = pushMore(company, first, { force: true, from: "main", message: "All by myself" });
  const number = await open(first.branch);

  expect(await company.check(sha)).toMatchObject({ conclusion: "action_required", summary: seenOn(first) });
  expect(await merge(company, { ...first, number })).toBe(405);
  await review(company, { number }, "grace");
  expect(await company.check(sha)).toMatchObject({ title: "Countersigned by grace (senior)" });
  expect(await merge(company, { ...first, number })).toBe(200);
});

it("waits when the same files come back under another branch name, and under a third", async () => {
  const first = await openPull(company);
  await company.idle();
  const second = amend("by-hand", first.branch);
  const number = await open("by-hand");
  expect(await company.check(second)).toMatchObject({
    conclusion: "action_required",
    summary: seenOn(first),
  });

  await close(first);
  await close({ number });
  const third = company.github.push(shop, {
    branch: "by-hand-again",
    pusher: "juno",
    from: "by-hand",
    message: "Round it",
    files: { "src/rounded.ts": "export {};\n" },
  });
  await open("by-hand-again");
  expect(await company.check(third)).toMatchObject({ conclusion: "action_required", summary: seenOn(first) });
});

it("waits once what the first pull request shows is heard of, though the second was looked at before it", async () => {
  const { github } = company;
  await company.idle();
  github.holdDeliveries();
  const first = await openPull(company);
  const second = amend("looked-at-first", first.branch);
  await open("looked-at-first");
  github.releaseDeliveries({ drop: ({ payload }) => payload["number"] === first.number });
  expect(await company.check(second)).toMatchObject({ conclusion: "success" });

  const late = github.deliveries.find(({ payload }) => payload["number"] === first.number);
  github.redeliver(late?.guid ?? "");

  expect(await company.check(second)).toMatchObject({
    conclusion: "action_required",
    summary: seenOn(first),
  });
});

it("waits when a branch comes back from a base that is not gated, with the trailer amended away", async () => {
  company.github.push(shop, { branch: "playground", pusher: "ada" });
  const first = await openPull(company, { base: "playground" });
  expect(await company.check(first.sha)).toBeNull();
  await close(first);
  const sha = pushMore(company, first, { force: true, from: "main", message: "All by myself" });
  await open(first.branch);

  expect(await company.check(sha)).toMatchObject({ conclusion: "action_required", summary: seenOn(first) });
});

it("waits once a squash that drops the trailer is heard of, though what contains it was looked at before", async () => {
  const { github } = company;
  const aside = { branch: "develop", pusher: "ada", message: "Aside" };
  github.push(shop, { ...aside, from: "main", files: { "aside.md": "" } });
  const first = await openPull(company, { base: "develop" });
  expect(await company.check(first.sha)).toBeNull();
  github.push(shop, { ...aside, files: { "aside-too.md": "" } });
  github.holdDeliveries();
  const { rest } = github.as("juno");
  const squash = { merge_method: "squash", commit_message: "" } as const;
  const { data } = await rest.pulls.merge({ ...at, pull_number: first.number, ...squash });
  await open("develop");
  const isLate = ({ payload }: { payload: Readonly<Record<string, unknown>> }) =>
    payload["action"] === "closed" && payload["number"] === first.number;
  github.releaseDeliveries({ drop: isLate });
  expect(await company.check(data.sha)).toMatchObject({ conclusion: "success" });

  github.redeliver(github.deliveries.find(isLate)?.guid ?? "");

  expect(await company.check(data.sha)).toMatchObject({
    conclusion: "action_required",
    summary: containing(`seen on [#${first.number}]`),
  });
});

it("still waits when a pull request is closed, amended and reopened", async () => {
  const pull = await openPull(company);
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "action_required" });
  await close(pull);
  await close(pull, "open");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "action_required" });

  const sha = pushMore(company, pull, { force: true, from: "main", message: "All by myself" });
  expect(await company.check(sha)).toMatchObject({
    conclusion: "action_required",
    summary: containing(aiTrailer),
  });
});

it("asks for nothing when a branch is used again after its pull request was countersigned and merged", async () => {
  const first = await openPull(company);
  await review(company, first, "grace");
  await company.idle();
  // Squashed, so that its commit is not in the base branch.
  const squash = { ...at, pull_number: first.number, merge_method: "squash" } as const;
  await company.github.as("juno").rest.pulls.merge(squash);
  await company.idle();
  const sha = pushMore(company, first, { force: true, from: "main", message: "By hand" });
  await open(first.branch);

  expect(await company.check(sha)).toMatchObject({
    conclusion: "success",
    title: "No countersignature needed: no sign of AI assistance",
  });
});

it.each(["main", "release"])(
  "waits when what was taken out of a pull request comes back after the rest was countersigned and merged, into %s",
  async (base) => {
    const company = await ownCompany({
      files: { [rosterFile]: roster, [policyFile]: "branches: [main, release]\n" },
    });
    const { github } = company;
    github.push(shop, { branch: "release", pusher: "ada", from: "main" });
    const first = await openPull(company);
    await company.idle();
    const stripped = pushMore(company, first, { force: true, from: "main", message: "By hand" });
    await company.idle();
    const typo = {
      force: true,
      from: "main",
      message: "Mend a typo",
      files: { [`${first.branch}.md`]: "1" },
    };
    const innocent = pushMore(company, first, typo);
    await company.idle();
    await review(company, first, "grace");
    await company.check(innocent);
    await land(company, first, "merge");
    await company.idle();
    github.push(shop, { branch: first.branch, pusher: "juno", from: stripped, force: true });
    const again = { ...at, title: "All by myself", head: first.branch, base };
    await github.as("juno").rest.pulls.create(again);

    expect(await company.check(stripped)).toMatchObject({
      conclusion: "action_required",
      summary: containing(`seen on [#${first.number}]`),
    });
    assertNothingRefused(github);
  },
);

it("waits for what a pull request showed before its first look, though another one that showed it was cleared elsewhere", async () => {
  const company = await ownCompany({
    files: { [rosterFile]: roster, [policyFile]: "branches: [main, release]\n" },
  });
  const { github } = company;
  github.push(shop, { branch: "release", pusher: "ada", from: "main" });
  github.holdDeliveries();
  const first = await openPull(company, { base: "release" });
  const { branch } = first;
  const typo = { force: true, from: "main", message: "Mend a typo", files: { [`${branch}.md`]: "1" } };
  const innocent = pushMore(company, first, typo);
  github.releaseDeliveries();
  await company.idle();
  // The second one begins with the assistant's commit, which is replaced before anybody looks.
  github.holdDeliveries();
  github.push(shop, { branch, pusher: "juno", from: first.sha, force: true });
  const again = { ...at, title: "All by myself", head: branch, base: "main" };
  await github.as("juno").rest.pulls.create(again);
  github.push(shop, { branch, pusher: "juno", from: innocent, force: true });
  github.releaseDeliveries();
  await company.idle();
  await review(company, first, "grace");
  await land(company, first, "merge");
  const byHand = { force: true, from: "main", message: "By hand" };
  const back = pushMore(company, first, { ...byHand, files: { [`src/${branch}.ts`]: "export {};\n" } });

  expect(await company.check(back)).toMatchObject({
    conclusion: "action_required",
    summary: containing(aiTrailer),
  });
  assertNothingRefused(github);
});

describe("what was pushed to the branch after a merge, and taken away, is waited for", () => {
  const assisted = { message: `Later\n\n${aiTrailer}\n`, files: { "src/later.ts": "export {};\n" } };

  async function byHand(company: Company, pull: PullRequest): Promise<unknown> {
    const change = { message: "By hand", files: { "src/by-hand.ts": "export {};\n" } };
    const back = pushMore(company, pull, { ...change, from: pull.sha, force: true });
    const again = { ...at, title: "By hand", head: pull.branch, base: "main" };
    await company.github.as("juno").rest.pulls.create(again);
    return company.check(back);
  }
  const waiting = { conclusion: "action_required", summary: containing(aiTrailer) };

  it("also where it is looked at with what was merged, because a delivery is missing", async () => {
    const company = await ownCompany();
    const { github } = company;
    github.holdDeliveries();
    const first = await openPull(company);
    github.mergeAnyway(shop, first.number, "ada");
    const [lost] = github.deliveries.filter(({ event }) => event === "push");
    pushMore(company, first, assisted);
    github.releaseDeliveries({ drop: (delivery) => delivery === lost });
    await company.idle();

    expect(await byHand(company, first)).toMatchObject(waiting);
    assertNothingRefused(github);
  });

  it("also where the branch was at what was merged in between, and that was looked at again", async () => {
    const company = await ownCompany();
    const { github } = company;
    const first = await openPull(company);
    await review(company, first, "grace");
    await land(company, first, "merge");
    const again = pushMore(company, first, assisted);
    const move = { branch: first.branch, pusher: "juno", force: true };
    github.push(shop, { ...move, from: first.sha });
    const recheck = { ...at, issue_number: first.number, body: "/countersign recheck" };
    await github.as("juno").rest.issues.createComment(recheck);
    await company.idle();
    github.push(shop, { ...move, from: again });

    expect(await byHand(company, first)).toMatchObject(waiting);
    assertNothingRefused(github);
  });
});

it("lets evidence lapse when its commit landed through another pull request, and only then", async () => {
  const stack = await openPull(company);
  const { github } = company;
  const branch = "on-top";
  github.push(shop, {
    branch,
    from: stack.branch,
    pusher: "juno",
    message: "Test it",
    files: { "test.ts": "1" },
  });
  const number = await open(branch);
  await company.idle();
  await review(company, stack, "grace");
  await company.idle();

  const alone = {
    branch,
    pusher: "juno",
    message: "Test it",
    files: { "test.ts": "1" },
    force: true,
  } as const;
  const before = github.push(shop, { ...alone, from: "main" });
  expect(await company.check(before)).toMatchObject({ conclusion: "action_required" });

  expect(await merge(company, stack)).toBe(200);
  const after = github.push(shop, { ...alone, from: "main" });
  expect(await company.check(after)).toMatchObject({
    conclusion: "success",
    title: "No countersignature needed: no sign of AI assistance",
  });
  expect(await merge(company, { number, branch, sha: after })).toBe(200);
});
