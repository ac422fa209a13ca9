/** Roster and policy that are broken or gone on their default branch: the last good version for a day, then nothing. */
import { describe, expect, it } from "vitest";
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

const hour = 60 * 60 * 1000;
const broken = "people:\n  ada: principle\n";
const signed = "Countersigned by grace (senior)";
/** What every check says of a last good version. */
const lastGood = containing("is used for at most 24 hours");

/** A company whose server has a clock that can be put forward, with juno's assisted pull request that grace countersigned. */
async function countersigned(files: Readonly<Record<string, string>> = { [rosterFile]: roster }) {
  const clock = { ahead: 0 };
  const company = await ownCompany({ files, now: () => Date.now() + clock.ahead });
  const pull = await openPull(company);
  await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ title: signed });
  return {
    company,
    pull,
    /** Puts the server's clock forward and has the pull request looked at. */
    later: async (hours: number) => {
      clock.ahead += hours * hour;
      return recheck(company, pull);
    },
  };
}

async function recheck(company: Company, { number, sha }: PullRequest) {
  const about = { owner: "acme", repo: "shop", issue_number: number };
  await company.github.as("juno").rest.issues.createComment({ ...about, body: "/countersign recheck" });
  return company.check(sha);
}

function write(
  { github }: Company,
  files: Readonly<Record<string, string | null>>,
  to = configRepository,
): void {
  const push = { branch: "main", pusher: "ada", message: "The rules change", bypassRules: true };
  github.push(to, { ...push, files });
}

describe("a broken roster on the default branch", () => {
  it("has its last good version used for 24 hours, every check says so, and then nobody can decide", async () => {
    const { company, pull, later } = await countersigned();
    const byHand = await openPull(company, { message: "By hand" });
    await company.idle();
    write(company, { [rosterFile]: broken });

    const place = containing(`${rosterFile}:2:8`);
    for (const sha of [pull.sha, byHand.sha]) {
      expect(await company.check(sha)).toMatchObject({ conclusion: "success", summary: lastGood });
      expect(await company.check(sha)).toMatchObject({ summary: place });
    }
    expect(await later(23)).toMatchObject({ title: signed, summary: lastGood });
    expect(await later(2)).toMatchObject({
      conclusion: "failure",
      title: containing("Could not decide: "),
      summary: place,
    });
    expect(await recheck(company, byHand)).toMatchObject({ conclusion: "success" });

    write(company, { [rosterFile]: roster });
    expect(await company.check(pull.sha)).toMatchObject({ title: signed });
    expect(await company.check(pull.sha)).not.toMatchObject({ summary: lastGood });
    assertNothingRefused(company.github);
  });

  it("is never replaced by anything where it was broken from the beginning", async () => {
    const company = await ownCompany({ files: { [rosterFile]: broken } });
    const assisted = await openPull(company);
    const byHand = await openPull(company, { message: "By hand" });
    await review(company, assisted, "grace");

    expect(await company.check(assisted.sha)).toMatchObject({
      conclusion: "failure",
      title: containing(`${rosterFile}:2:8`),
    });
    expect(await company.check(byHand.sha)).toMatchObject({ conclusion: "success" });
    assertNothingRefused(company.github);
  });
});

describe("a broken policy on the default branch", () => {
  it("has its last good version used for 24 hours, and then blocks whatever comes to that repository", async () => {
    const { company, pull, later } = await countersigned();
    const byHand = await openPull(company, { message: "By hand" });
    write(company, { [policyFile]: "mode: enforce\n" }, shop);
    await company.idle();
    write(company, { [policyFile]: "mode: maybe\n" }, shop);

    for (const sha of [pull.sha, byHand.sha])
      expect(await company.check(sha)).toMatchObject({ conclusion: "success", summary: lastGood });
    const blocked = { conclusion: "failure", summary: containing(`${policyFile}:1:7`) };
    expect(await later(25)).toMatchObject(blocked);
    expect(await recheck(company, byHand)).toMatchObject(blocked);
    assertNothingRefused(company.github);
  });
});

describe("a roster that vanished", () => {
  it("in a forced push is not taken for a roster that never was: it is used for 24 hours", async () => {
    const { company, pull, later } = await countersigned();
    // A roster of the shop's own, by which grace could not countersign.
    write(company, { [rosterFile]: "people: { juno: principal, grace: junior }\n" }, shop);
    await company.idle();
    const anew = [{ message: "Begin anew", parents: [], files: { "README.md": "Nothing here.\n" } }];
    company.github.push(configRepository, { branch: "main", force: true, pusher: "ada", commits: anew });

    expect(await company.check(pull.sha)).toMatchObject({ title: signed, summary: lastGood });
    expect(await later(25)).toMatchObject({
      conclusion: "failure",
      title: containing("has disappeared, and no commit on the default branch removes it"),
    });
    assertNothingRefused(company.github);
  });

  it("in a commit is gone at once: nobody can countersign, and no other roster takes its place", async () => {
    const { company, pull } = await countersigned({ [rosterFile]: roster, "README.md": "Ours\n" });
    write(company, { [rosterFile]: "people: { juno: principal }\n" }, shop);
    await company.idle();

    write(company, { [rosterFile]: null });

    expect(await company.check(pull.sha)).toMatchObject({
      conclusion: "action_required",
      title: containing("nobody can, because there is no roster"),
    });
    assertNothingRefused(company.github);
  });
});
