/** Attacks with names: repositories and owners that are called differently from now on, and others that take their names. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
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
import { containing } from "./containing.ts";
import { aiTrailer, openPull, type PullRequest, review } from "./pull-request.ts";

const files = { [rosterFile]: roster, [policyFile]: "override: { level: senior }\n" };
const generated = "\u{1F916} Generated with [Claude Code](https://claude.com/claude-code)";
const command = "/countersign override the shop is down";
const overridden = { conclusion: "success", title: containing("Overridden by grace (senior)") };
const waits = { conclusion: "action_required", title: containing("Waiting for 1 approval by senior") };

let company: Company;
beforeEach(async () => {
  company = await ownCompany({ files });
});
afterEach(() => assertNothingRefused(company.github));

/** Where a repository is: `owner/name`. */
function at(repository: string) {
  const [owner = "", repo = ""] = repository.split("/");
  return { owner, repo };
}

async function checkIn(repository: string, ref: string) {
  await company.idle();
  const { data } = await company.github
    .as("ada")
    .rest.checks.listForRef({ ...at(repository), ref, check_name: "Countersign" });
  const [run] = data.check_runs;
  const summary = (run?.output.summary ?? "").replaceAll(/[\\`]/gu, "");
  return { conclusion: run?.conclusion, title: run?.output.title, summary };
}

async function comment(repository: string, number: number, by: string, body: string): Promise<void> {
  await company.idle();
  await company.github.as(by).rest.issues.createComment({ ...at(repository), issue_number: number, body });
}

/** A pull request by hand whose description said for a while that it is not. */
async function edited(): Promise<PullRequest> {
  const pull = await openPull(company, { message: "By hand" });
  for (const body of [generated, "By hand."]) {
    await company.github.as("juno").rest.pulls.update({ ...at(shop), pull_number: pull.number, body });
    await company.idle();
  }
  return pull;
}

/** What our own check runs remember: without it the store alone has to. */
function forgetTexts(): void {
  for (const { checkRuns } of company.github.world.repositories.values())
    for (const { output } of checkRuns) output.text = null;
}

/** Other people with an organisation of that name, who use the app as well. */
function foundOrganization(login: string): void {
  const { github } = company;
  github.createOrganization(login);
  github.createRepository(`${login}/.github`, { files, collaborators: { ada: "admin" } });
  github.installApp(login, { repositories: "all", app: "countersign" });
}

type Move = () => string;
/** What becomes of the shop, and where it is then. */
const moves: readonly [string, Move][] = [
  [
    "is renamed",
    () => {
      company.github.renameRepository(shop, "store", "ada");
      return "acme/store";
    },
  ],
  [
    "is transferred",
    () => {
      foundOrganization("newco");
      company.github.transferRepository(shop, "newco", "ada");
      return "newco/shop";
    },
  ],
  [
    "has an owner who is renamed",
    () => {
      company.github.renameAccount("acme", "newco");
      return "newco/shop";
    },
  ],
];

describe("a repository that", () => {
  it.each(moves)("%s loses nothing of what was remembered", async (_how, move) => {
    const evident = await edited();
    const excused = await openPull(company);
    await comment(shop, excused.number, "grace", command);
    expect(await company.check(excused.sha)).toMatchObject(overridden);
    const early = { branch: "early", author: "juno", message: `Cache\n\n${aiTrailer}` } as const;
    const pushed = company.github.push(shop, { ...early, pusher: "grace", files: { "src/early.ts": "" } });
    await company.idle();
    forgetTexts();

    const now = move();
    await company.idle();
    repositoryNamed(company.github.world, now).activities.splice(0);
    const opened = { ...at(now), title: "Cache it", head: "early", base: "main" };
    const { data } = await company.github.as("juno").rest.pulls.create(opened);
    const approval = { ...at(now), pull_number: data.number, event: "APPROVE" } as const;
    await company.github.as("grace").rest.pulls.createReview(approval);
    for (const { number } of [evident, excused]) await comment(now, number, "juno", "/countersign recheck");

    expect(await checkIn(now, evident.sha)).toMatchObject({
      ...waits,
      summary: containing("Generated with"),
    });
    expect(await checkIn(now, excused.sha)).toMatchObject(overridden);
    expect(await checkIn(now, pushed)).toMatchObject({
      ...waits,
      summary: containing(`pushed ${pushed.slice(0, 7)}`),
    });
  });

  it("is renamed keeps the pull requests that it had merged, and what they cleared", async () => {
    const first = await openPull(company);
    await review(company, first, "grace");
    await company.idle();
    const squash = { ...at(shop), pull_number: first.number, merge_method: "squash" } as const;
    await company.github.as("juno").rest.pulls.merge(squash);
    await company.idle();

    company.github.renameRepository(shop, "store", "ada");
    const again = { branch: first.branch, pusher: "juno", from: "main", force: true, message: "By hand" };
    const sha = company.github.push("acme/store", { ...again, files: { "src/again.ts": "" } });
    const opened = { ...at("acme/store"), title: "By hand", head: first.branch, base: "main" };
    await company.github.as("juno").rest.pulls.create(opened);

    expect(await checkIn("acme/store", sha)).toMatchObject({
      conclusion: "success",
      title: "No countersignature needed: no sign of AI assistance",
    });
  });
});

const departures: readonly (readonly [string, () => void])[] = [
  ...moves.map(([how, move]) => [how, () => void move()] as const),
  ["is deleted", () => company.github.deleteRepository(shop, "ada")],
];
describe("a new repository under the name of one that", () => {
  it.each(departures)("%s inherits nothing", async (how, depart) => {
    const evident = await edited();
    const excused = await openPull(company);
    await comment(shop, excused.number, "grace", command);
    expect(await company.check(excused.sha)).toMatchObject(overridden);
    const { github } = company;
    const before = repositoryNamed(github.world, shop);
    depart();
    await company.idle();
    if (how.includes("owner")) foundOrganization("acme");
    const collaborators = { ada: "admin", juno: "write", grace: "write" } as const;
    const { commits } = github.createRepository(shop, { collaborators });
    // The same objects under the same names, pushed to another remote.
    for (const [sha, commit] of before.commits) commits.set(sha, commit);
    const base = before.branches.get("main") ?? "";
    github.push(shop, { branch: "main", from: base, force: true, pusher: "juno" });
    for (const { branch, sha, number } of [evident, excused]) {
      github.push(shop, { branch, from: sha, pusher: "juno" });
      const about = { ...at(shop), title: "The same", head: branch, base: "main" };
      const { data } = await github.as("juno").rest.pulls.create(about);
      expect([data.number, data.head.sha]).toEqual([number, sha]);
    }

    expect(await checkIn(shop, evident.sha)).toMatchObject({
      conclusion: "success",
      title: "No countersignature needed: no sign of AI assistance",
    });
    expect(await checkIn(shop, excused.sha)).toMatchObject(waits);
  });
});

it("judges nothing under a name that was given up, where what is remembered is not any more", async () => {
  const pull = await edited();
  const { github } = company;
  forgetTexts();
  github.holdDeliveries();
  const label = { ...at(shop), issue_number: pull.number, labels: ["chore"] };
  await github.as("juno").rest.issues.addLabels(label);
  github.renameRepository(shop, "store", "ada");
  github.releaseDeliveries({ order: "reversed" });

  expect(await checkIn("acme/store", pull.sha)).toMatchObject({
    ...waits,
    summary: containing("Generated with"),
  });
});

describe("the organisation's roster", () => {
  const promoted = { [rosterFile]: roster.replace("milo: mid", "milo: principal") };
  const departed: readonly [string, () => string][] = [
    [
      "transferred to somebody",
      () => {
        company.github.createUser("mallory");
        company.github.transferRepository(configRepository, "mallory", "ada");
        return "mallory/.github";
      },
    ],
    [
      "renamed",
      () => {
        company.github.renameRepository(configRepository, "dot-github", "ada");
        return "acme/dot-github";
      },
    ],
  ];
  it.each(departed)(
    "is not read from a repository that was %s, nor any other in its place",
    async (_, move) => {
      const pull = await openPull(company);
      expect(await company.check(pull.sha)).toMatchObject(waits);
      const { github } = company;
      github.push(shop, { branch: "main", pusher: "ada", bypassRules: true, files: promoted });
      const now = move();
      github.push(now, { branch: "main", pusher: "ada", files: promoted });
      await review(company, pull, "milo");

      expect(await company.check(pull.sha)).toMatchObject({
        ...waits,
        summary: containing("acme/.github was there and cannot be seen any more"),
      });
    },
  );
});
