/** Attacks with one commit in several places: other bases, other pull requests, other repositories, branches between. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { repositoryNamed } from "../fake-github/setup.ts";
import {
  assertNothingRefused,
  type Company,
  ownCompany,
  policyFile,
  roster,
  rosterFile,
  shop,
} from "./company.ts";
import { containing, matching } from "./containing.ts";
import { merge, openPull, review } from "./pull-request.ts";

const at = { owner: "acme", repo: "shop" } as const;
const waits = { conclusion: "action_required", title: containing("Waiting for 1 approval by senior") };

let company: Company;
beforeEach(async () => {
  const files = { [rosterFile]: roster, [policyFile]: "override: { level: senior }\n" };
  company = await ownCompany({ files });
  company.github.push(shop, { branch: "develop", pusher: "ada" });
});
afterEach(() => assertNothingRefused(company.github));

async function retarget(number: number, base: string): Promise<void> {
  await company.github.as("juno").rest.pulls.update({ ...at, pull_number: number, base });
}

it("asks about AI-assisted commits that come by way of a branch nobody gates", async () => {
  const pull = await openPull(company, { base: "develop" });
  await company.github.as("juno").rest.pulls.merge({ ...at, pull_number: pull.number });
  expect(await company.check(pull.sha)).toBeNull();

  const release = await company.github
    .as("grace")
    .rest.pulls.create({ ...at, title: "Release", head: "develop", base: "main" });

  const { sha } = release.data.head;
  expect(await company.check(sha)).toMatchObject({
    ...waits,
    summary: matching(/^\| juno \| junior \|/mu),
  });
  await review(company, { number: release.data.number }, "vera");
  expect(await company.check(sha)).toMatchObject({ title: "Countersigned by vera (senior)" });
});

it("has no green check to carry along when a pull request is retargeted and merged at once", async () => {
  const pull = await openPull(company, { base: "develop" });
  await review(company, pull, "grace");
  await company.idle();
  company.github.holdDeliveries();
  await retarget(pull.number, "main");

  expect(await merge(company, pull)).toBe(405);
  company.github.releaseDeliveries();
  expect(await company.check(pull.sha)).toMatchObject(waits);
});

it("blocks a countersigned pull request again when it is retargeted to another gated branch", async () => {
  company.github.requireCheck(shop, "release", { context: "Countersign" });
  company.github.push(shop, { branch: "release", pusher: "ada", bypassRules: true });
  const pull = await openPull(company);
  await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });

  await retarget(pull.number, "release");

  expect(await company.check(pull.sha)).toMatchObject({
    ...waits,
    summary: containing("approved this change for main, it now goes to release"),
  });
  expect(await merge(company, pull)).toBe(405);
});

it("gives a pull request nothing that another one with its head collected, once that is closed", async () => {
  const pull = await openPull(company);
  company.github.push(shop, { branch: "copy", from: pull.branch, pusher: "juno" });
  const { rest } = company.github.as("juno");
  const { data: twin } = await rest.pulls.create({ ...at, title: "The same", head: "copy", base: "main" });
  await review(company, twin, "grace");
  // Open pull requests with one head and base are one change.
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });

  await rest.pulls.update({ ...at, pull_number: twin.number, state: "closed" });

  expect(await company.check(pull.sha)).toMatchObject(waits);
  expect(await merge(company, pull)).toBe(405);
});

it("judges one commit in each repository by itself", async () => {
  const { github } = company;
  const stall = "acme/stall";
  const files = { "src/cart.ts": "export const total = 0;\n" };
  github.createRepository(stall, { files, collaborators: { juno: "admin", grace: "write" } });
  const pull = await openPull(company);
  expect(await company.check(pull.sha)).toMatchObject(waits);
  // The same objects under the same names, pushed to another remote.
  const [here, there] = [repositoryNamed(github.world, shop), repositoryNamed(github.world, stall)];
  for (const [sha, commit] of here.commits) there.commits.set(sha, commit);
  const main = { branch: "main", from: here.branches.get("main") ?? "", force: true };
  for (const push of [main, { branch: "topic", from: pull.sha }])
    github.push(stall, { ...push, pusher: "juno" });
  const elsewhere = { owner: "acme", repo: "stall" };
  const twin = { ...elsewhere, title: "The same", head: "topic", base: "main" };
  const { data } = await github.as("juno").rest.pulls.create(twin);
  expect([data.number, data.head.sha]).toEqual([pull.number, pull.sha]);
  await company.idle();
  const body = "/countersign override it is a playground";
  await github.as("grace").rest.issues.createComment({ ...elsewhere, issue_number: data.number, body });
  await github.as("grace").rest.pulls.createReview({ ...elsewhere, pull_number: 1, event: "APPROVE" });
  await company.idle();

  await github
    .as("juno")
    .rest.issues.createComment({ ...at, issue_number: pull.number, body: "/countersign recheck" });

  expect(await company.check(pull.sha)).toMatchObject(waits);
});

it("judges a stacked pull request by the base of its stack", async () => {
  const below = await openPull(company, { message: "By hand" });
  company.github.push(shop, { branch: "above", from: below.branch, pusher: "juno" });
  const above = await openPull(company, { base: below.branch, branch: "above" });
  expect(await company.check(above.sha)).toBeNull();

  company.github.stack(shop, above.number, "main");
  await company.github
    .as("juno")
    .rest.issues.createComment({ ...at, issue_number: above.number, body: "/countersign recheck" });

  expect(await company.check(above.sha)).toMatchObject(waits);
});
