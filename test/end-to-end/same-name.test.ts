import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { assertNothingRefused, checkOn, type Company, openCompany, ownCompany } from "./company.ts";
import { containing } from "./containing.ts";
import { begun } from "./read-store.ts";
import { otherApp } from "./other-app.ts";
import { merge, openPull, review } from "./pull-request.ts";

const at = { owner: "acme", repo: "shop" } as const;
const green = { ...at, name: "Countersign", status: "completed", conclusion: "success" } as const;
const waiting = "Waiting for 1 approval by senior or above: grace, vera, rhea or 1 more can";

let company: Company;
beforeAll(async () => {
  company = await openCompany();
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

it("names a workflow's green check of the same name, leaves it alone, and stays closed", async () => {
  const { github } = company;
  const workflow = await otherApp(github, "github-actions");
  const pull = await openPull(company);
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "action_required", title: waiting });
  const { data: spoofed } = await workflow.rest.checks.create({ ...green, head_sha: pull.sha });

  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "action_required",
    title: waiting,
    summary: containing("a check run by github-actions"),
  });
  expect(await checkOn(github, pull.sha, spoofed.app?.id)).toMatchObject({
    conclusion: "success",
    summary: "",
  });
  expect(await merge(company, pull)).toBe(405);

  await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "success",
    title: "Countersigned by grace (senior)",
    summary: containing("a check run by github-actions"),
  });
  expect(await merge(company, pull)).toBe(200);
});

it("names whoever set a commit status of the same name, in any case, and stays closed", async () => {
  const { github } = company;
  const pull = await openPull(company);
  await company.idle();
  const status = { ...at, sha: pull.sha, context: "COUNTERSIGN", state: "success" } as const;
  await github.as("otto").rest.repos.createCommitStatus(status);

  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "action_required",
    title: waiting,
    summary: containing("a commit status by otto"),
  });
  expect(await merge(company, pull)).toBe(405);
});

it("takes no second look because of its own check run, or because of others of other names", async () => {
  const { github } = company;
  const workflow = await otherApp(github, "tests");
  const pull = await openPull(company);
  await begun(company);
  const from = github.requests.length;
  await workflow.rest.checks.create({ ...green, name: "tests", head_sha: pull.sha });
  const status = { ...at, sha: pull.sha, context: "ci/build", state: "success" } as const;
  await github.as("otto").rest.repos.createCommitStatus(status);
  await company.idle();

  expect(github.requests.slice(from).flatMap(({ operation }) => operation ?? [])).toEqual([]);
  expect((await company.check(pull.sha))?.summary).not.toContain("named Countersign");
});

it("shows what is missing without a pinned source: anybody's check is as good as ours", async () => {
  const own = await ownCompany();
  own.github.requireCheck("acme/shop", "release", { context: "Countersign" });
  own.github.push("acme/shop", { branch: "release", pusher: "ada" });
  const workflow = await otherApp(own.github, "github-actions");
  const pull = await openPull(own, { base: "release" });
  expect(await own.check(pull.sha)).toMatchObject({ conclusion: "action_required" });
  expect(own.log.join("\n")).toContain("choose this app as its source");

  await workflow.rest.checks.create({ ...green, head_sha: pull.sha });

  expect(await own.check(pull.sha)).toMatchObject({
    conclusion: "action_required",
    summary: containing("wherever the rule that requires the check does not name this app as its source"),
  });
});
