/** Attacks on who says what: the roster and the policy, where they stand, and what a change of them may do. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { blobSha } from "../fake-github/git.ts";
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
import { containing, matching } from "./containing.ts";
import { audited } from "./ledger-of.ts";
import { merge, openPull, type PullRequest, review } from "./pull-request.ts";

const waits = { conclusion: "action_required", title: containing("Waiting for 1 approval by senior") };

let company: Company;
afterEach(() => assertNothingRefused(company.github));

/** Writes files to a default branch, past its rules, as an administrator does. */
function write(repository: string, files: Readonly<Record<string, string | null>>): void {
  const push = { branch: "main", pusher: "ada", message: "The rules change", bypassRules: true };
  company.github.push(repository, { ...push, files });
}

describe("where the shop's own files are in force", () => {
  beforeEach(async () => {
    company = await ownCompany({ files: { "README.md": "No rules here.\n" }, installed: false });
    write(shop, { [rosterFile]: roster, [policyFile]: "mode: enforce\n" });
    company.install();
  });

  /** A pull request of juno's without any sign of AI assistance that changes roster or policy. */
  async function change(files: Readonly<Record<string, string | null>>): Promise<PullRequest> {
    company.github.push(shop, { branch: "rules", pusher: "juno", message: "New rules", files });
    return openPull(company, { branch: "rules", message: "By hand" });
  }

  it("reads neither roster nor policy from the pull request that brings them", async () => {
    const pull = await change({
      [rosterFile]: roster.replace("milo: mid", "milo: principal"),
      [policyFile]: "mode: observe\n",
    });
    await review(company, pull, "milo");

    expect(await company.check(pull.sha)).toMatchObject({
      ...waits,
      summary: matching(/^\| milo \|.*may gain a higher level by this change/mu),
    });
    expect(await merge(company, pull)).toBe(405);
  });

  it("asks a senior about a change of the roster, though no AI wrote it and nobody gates it otherwise", async () => {
    const pull = await change({ [rosterFile]: `${roster}  dora: senior\n` });

    expect(await company.check(pull.sha)).toMatchObject({
      ...waits,
      summary: containing("The rules guard themselves"),
    });
    await review(company, pull, "grace");
    expect(await company.check(pull.sha)).toMatchObject({ title: "Countersigned by grace (senior)" });
  });

  it("does not let whoever a change of the roster promotes countersign it", async () => {
    const pull = await change({ [rosterFile]: roster.replace("grace: senior", "grace: principal") });
    await review(company, pull, "grace");

    expect(await company.check(pull.sha)).toMatchObject({
      ...waits,
      summary: matching(/^\| grace \|.*may gain a higher level by this change/mu),
    });
    await review(company, pull, "vera");
    expect(await company.check(pull.sha)).toMatchObject({ title: "Countersigned by vera (senior)" });
  });

  it("lets neither observe mode, exemption nor override past a change of the roster, and asks for the highest level named", async () => {
    const policy = "mode: observe\nexempt: [{ only_paths: ['**'] }]\noverride: { level: principal }\n";
    write(shop, { [policyFile]: policy });
    await company.idle();
    const pull = await change({ [rosterFile]: `${roster}  dora: senior\n` });
    await review(company, pull, "grace");
    const waiting = {
      conclusion: "action_required",
      title: "Waiting for 1 approval by principal or above: ada can",
    };
    expect(await company.check(pull.sha)).toMatchObject(waiting);

    const about = { owner: "acme", repo: "shop", issue_number: pull.number };
    await company.github
      .as("ada")
      .rest.issues.createComment({ ...about, body: "/countersign override I am in a hurry" });
    expect(await company.check(pull.sha)).toMatchObject(waiting);
    await review(company, pull, "ada");
    expect(await company.check(pull.sha)).toMatchObject({ title: "Countersigned by ada (principal)" });
  });

  it("guards a policy against being taken away", async () => {
    const pull = await change({ [policyFile]: null });

    expect(await company.check(pull.sha)).toMatchObject({
      ...waits,
      summary: containing(`changes acme/shop › ${policyFile}`),
    });
  });

  it("fails a pull request that would break the roster, whoever approves it", async () => {
    const pull = await change({ [rosterFile]: "people:\n  ada: principle\n" });
    await review(company, pull, "ada");
    await review(company, pull, "grace");

    expect(await company.check(pull.sha)).toMatchObject({
      conclusion: "failure",
      title: containing("would be broken by this pull request"),
    });
    expect(await merge(company, pull)).toBe(405);
  });
});

describe("where the organisation's files are in force", () => {
  beforeEach(async () => {
    company = await ownCompany();
  });

  it("has in the audit log which roster came into force past the rules, before the verdict that rests on it", async () => {
    const raised = roster.replace("milo: mid", "milo: senior");
    write(configRepository, { [rosterFile]: raised });
    const pull = await openPull(company);
    await review(company, pull, "milo");
    expect(await company.check(pull.sha)).toMatchObject({ title: "Countersigned by milo (senior)" });

    const rows = await audited(company, "config", "verdict");
    const file = containing(`${configRepository} › ${rosterFile}`);
    const version = { kind: "config", sha: blobSha(raised), body: { file } };
    expect(rows.slice(-2)).toMatchObject([version, { kind: "verdict", number: pull.number, sha: pull.sha }]);
  });

  it("does not let a repository's policy loosen the organisation's", async () => {
    write(shop, { [policyFile]: "mode: observe\nrules: []\n" });
    const pull = await openPull(company);
    await review(company, pull, "milo");

    expect(await company.check(pull.sha)).toMatchObject(waits);
  });

  it("does not let a repository's roster stand beside the organisation's", async () => {
    write(shop, { [rosterFile]: "people: { milo: principal, juno: principal }\n" });
    const pull = await openPull(company);
    await review(company, pull, "milo");

    expect(await company.check(pull.sha)).toMatchObject(waits);
  });

  it("does not fall back to a repository's roster when the organisation's is taken away", async () => {
    write(shop, { [rosterFile]: "people: { milo: principal, juno: principal }\n" });
    write(configRepository, { [rosterFile]: null });
    const pull = await openPull(company);
    await review(company, pull, "milo");

    expect(await company.check(pull.sha)).toMatchObject({
      conclusion: "action_required",
      summary: matching(/there is no roster/iu),
    });
  });

  it("names the team that cannot be read as the reason why an approval does not count", async () => {
    write(configRepository, { [rosterFile]: "people: { juno: junior }\nteams: { acme/gone: senior }\n" });
    const pull = await openPull(company);
    await review(company, pull, "otto");

    expect(await company.check(pull.sha)).toMatchObject({
      conclusion: "action_required",
      summary: matching(/^\| otto \|.*could not be looked up in acme\/gone/mu),
    });
  });

  it("asks for the members of a team again after ten minutes, should nothing have told that one left", async () => {
    const clock = { ahead: 0 };
    company = await ownCompany({ now: () => Date.now() + clock.ahead });
    company.github.createTeam("acme/seniors", { members: ["otto"] });
    write(configRepository, { [rosterFile]: "people: { juno: junior }\nteams: { acme/seniors: senior }\n" });
    const pull = await openPull(company);
    await review(company, pull, "otto");
    expect(await company.check(pull.sha)).toMatchObject({ title: "Countersigned by otto (senior)" });
    company.github.holdDeliveries();
    company.github.removeTeamMember("acme/seniors", "otto");
    company.github.releaseDeliveries({ drop: () => true });

    clock.ahead += 11 * 60_000;
    const about = { owner: "acme", repo: "shop", issue_number: pull.number };
    await company.github.as("juno").rest.issues.createComment({ ...about, body: "/countersign recheck" });

    expect(await company.check(pull.sha)).toMatchObject({
      conclusion: "action_required",
      summary: matching(/^\| otto \|.*is not on the roster/mu),
    });
  });

  it("gives nobody a level through a team of another organisation", async () => {
    company.github.createOrganization("evil");
    company.github.createTeam("evil/seniors", { members: ["otto"] });
    write(configRepository, { [rosterFile]: "people: { juno: junior }\nteams: { evil/seniors: senior }\n" });
    const pull = await openPull(company);
    await review(company, pull, "otto");

    expect(await company.check(pull.sha)).toMatchObject({
      conclusion: "action_required",
      summary: matching(/^\| otto \|.*could not be looked up in evil\/seniors/mu),
    });
  });

  it("reads a team of more than 100 members completely", async () => {
    const people = Array.from({ length: 120 }, (_, at) => `member-${at}`);
    for (const login of people) company.github.createUser(login);
    const { collaborators } = repositoryNamed(company.github.world, shop);
    for (const { id, login } of company.github.world.accounts.values()) {
      if (login === "member-119") collaborators.set(id, "write");
    }
    company.github.createTeam("acme/seniors", { members: people });
    write(configRepository, { [rosterFile]: "people: { juno: junior }\nteams: { acme/seniors: senior }\n" });
    const pull = await openPull(company);
    await review(company, pull, "member-119");

    expect(await company.check(pull.sha)).toMatchObject({ title: "Countersigned by member-119 (senior)" });
  });

  it("survives a YAML bomb in the roster, goes on with the last good one and says what is wrong", async () => {
    const pull = await openPull(company);
    await company.idle();
    const levels = [1, 2, 3, 4, 5].map((at) => `  l${at}: &l${at} [${`*l${at - 1}, `.repeat(9)}]`);
    write(configRepository, { [rosterFile]: ["people:", "  l0: &l0 [x, x]", ...levels, ""].join("\n") });
    await review(company, pull, "grace");

    expect(await company.check(pull.sha)).toMatchObject({
      title: "Countersigned by grace (senior)",
      summary: containing("aliases (*name) expand to too many values"),
    });
  });
});

it("does not take a repository's own roster when the app may not see the organisation's any more", async () => {
  company = await ownCompany({ installed: false });
  const { github, url } = company;
  // Everybody can read a public repository.
  repositoryNamed(github.world, configRepository).private = true;
  github.setWebhookUrl(`${url}/api/github/webhooks`);
  const installation = github.installApp("acme", { repositories: ["shop", ".github"] });
  const pull = await openPull(company);
  expect(await company.check(pull.sha)).toMatchObject(waits);

  write(shop, { [rosterFile]: "people: { milo: principal, juno: principal }\n" });
  github.removeRepositories(installation, [configRepository]);
  await review(company, pull, "milo");

  expect(await company.check(pull.sha)).toMatchObject({
    ...waits,
    summary: containing("acme/.github was there and cannot be seen any more"),
  });
});
