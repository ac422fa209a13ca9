/** A change of roster or policy on a default branch reaches every open pull request it could affect. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { containing } from "./containing.ts";
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
import { openPull, type PullRequest, review } from "./pull-request.ts";

const tools = "acme/tools";
const atTools = { owner: "acme", repo: "tools" } as const;
const demoted = roster.replace("grace: senior", "grace: mid");

let company: Company;
beforeEach(async () => {
  company = await ownCompany();
  const { github } = company;
  const collaborators = { ada: "admin", grace: "write", juno: "write" } as const;
  github.createRepository(tools, { files: { "README.md": "Tools\n" }, collaborators });
  github.requireCheck(tools, "main", { context: "Countersign" });
});
afterEach(() => assertNothingRefused(company.github));

function write(repository: string, files: Readonly<Record<string, string>>): void {
  company.github.push(repository, {
    branch: "main",
    pusher: "ada",
    message: "The rules change",
    files,
    bypassRules: true,
  });
}

/** juno's pull request to the shop and one to the tools, both countersigned by grace. */
async function openBoth(): Promise<{ toShop: PullRequest; toTools: PullRequest }> {
  const toShop = await openPull(company);
  await review(company, toShop, "grace");
  const { github } = company;
  const { branch } = toShop;
  const push = { branch, pusher: "juno", files: { "tool.ts": `// ${branch}\n` } };
  const sha = github.push(tools, {
    ...push,
    message: "Sharpen\n\nCo-Authored-By: Claude <noreply@anthropic.com>",
  });
  const about = { ...atTools, title: "Sharpen it", head: branch, base: "main" };
  const { data } = await github.as("juno").rest.pulls.create(about);
  await github
    .as("grace")
    .rest.pulls.createReview({ ...atTools, pull_number: data.number, event: "APPROVE" });
  expect(await titles({ toShop, toTools: { number: data.number, sha, branch } })).toEqual([signed, signed]);
  return { toShop, toTools: { number: data.number, sha, branch } };
}

const signed = "Countersigned by grace (senior)";
const waiting = "Waiting for 1 approval by senior or above: vera, rhea or ada can";

/** The titles of the check runs of both. */
async function titles({ toShop, toTools }: { toShop: PullRequest; toTools: PullRequest }) {
  const inShop = await company.check(toShop.sha);
  const about = { ...atTools, ref: toTools.sha, check_name: "Countersign" };
  const { data } = await company.github.as("ada").rest.checks.listForRef(about);
  return [inShop?.title, data.check_runs[0]?.output.title];
}

it("a roster that was merged by a pull request, in every repository of the organisation", async () => {
  const both = await openBoth();
  const { github } = company;
  const push = { branch: "demote", from: "main", pusher: "ada", message: "Demote grace" };
  github.push(configRepository, { ...push, files: { [rosterFile]: demoted } });
  const about = { owner: "acme", repo: ".github" };
  const { data } = await github
    .as("ada")
    .rest.pulls.create({ ...about, title: "Demote grace", head: "demote", base: "main" });
  expect(await titles(both)).toEqual([signed, signed]);

  await github.as("ada").rest.pulls.merge({ ...about, pull_number: data.number });

  expect(await titles(both)).toEqual([waiting, waiting]);
});

it("an organisation's policy that was pushed, in every repository", async () => {
  const both = await openBoth();

  const rule = "rules:\n  - name: Top\n    require: { approvals: 1, level: principal }\n";
  write(configRepository, { [policyFile]: rule });

  const asked = "Waiting for 1 approval by principal or above: ada can";
  expect(await titles(both)).toEqual([asked, asked]);
});

it("a repository's own policy that was pushed, there and nowhere else", async () => {
  const both = await openBoth();
  const seen = company.github.requests.length;

  write(shop, { [policyFile]: "rules:\n  - name: Top\n    require: { approvals: 1, level: principal }\n" });

  expect(await titles(both)).toEqual(["Waiting for 1 approval by principal or above: ada can", signed]);
  const written = company.github.requests
    .slice(seen)
    .filter(
      ({ as, method, path }) => as === "countersign[bot]" && method !== "GET" && path.includes("acme/tools"),
    );
  expect(written).toEqual([]);
});

it("a forced push, which does not tell what it took away", async () => {
  const both = await openBoth();
  const before = [...company.github.world.repositories.values()].find(({ name }) => name === ".github");
  const tip = before?.branches.get("main") ?? "";
  write(configRepository, { [rosterFile]: demoted });
  expect(await titles(both)).toEqual([waiting, waiting]);

  company.github.push(configRepository, { branch: "main", from: tip, force: true, pusher: "ada" });

  expect(await titles(both)).toEqual([signed, signed]);
});

it("another default branch of the configuration repository", async () => {
  const both = await openBoth();
  const { github } = company;
  const push = { branch: "next", from: "main", pusher: "ada", message: "The next rules" };
  github.push(configRepository, { ...push, files: { [rosterFile]: demoted } });
  expect(await titles(both)).toEqual([signed, signed]);

  github.changeDefaultBranch(configRepository, "next", "ada");
  expect(await titles(both)).toEqual([waiting, waiting]);

  github.changeDefaultBranch(configRepository, "main", "ada");
  expect(await titles(both)).toEqual([signed, signed]);
});

it("a repository's other default branch, from which its own policy is read then", async () => {
  const pull = await openPull(company);
  await review(company, pull, "grace");
  const { github } = company;
  const rule = "branches: [main]\nrules:\n  - name: Top\n    require: { approvals: 1, level: principal }\n";
  const push = { branch: "trunk", from: "main", pusher: "ada", message: "Rules of the trunk" };
  github.push(shop, { ...push, files: { [policyFile]: rule } });
  expect(await company.check(pull.sha)).toMatchObject({ title: signed });

  github.changeDefaultBranch(shop, "trunk", "ada");
  expect(await company.check(pull.sha)).toMatchObject({
    title: "Waiting for 1 approval by principal or above: ada can",
    summary: containing("acme/shop"),
  });

  // Nobody removed it in a commit, so it goes on: a switch of branches is no way to shake off a policy.
  github.changeDefaultBranch(shop, "main", "ada");
  expect(await company.check(pull.sha)).toMatchObject({
    title: "Waiting for 1 approval by principal or above: ada can",
    summary: containing("has disappeared, and no commit on the default branch removes it"),
  });
});
