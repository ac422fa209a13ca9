import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { containing, matching } from "./containing.ts";
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
import { aiTrailer, merge, openPull, pushMore, review } from "./pull-request.ts";

const at = { owner: "acme", repo: "shop" } as const;

let company: Company;
beforeAll(async () => {
  company = await openCompany();
  for (const branch of ["develop", "release"]) company.github.push(shop, { branch, pusher: "ada" });
  company.github.requireCheck(shop, "release", { context: "Countersign" });
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

function writeRoster({ github }: Company, text: string): void {
  const push = { branch: "main", pusher: "ada", message: "The roster changes" };
  github.push(configRepository, { ...push, files: { [rosterFile]: text } });
}

it("publishes nothing where the base branch is not gated, and an approval for there does not count elsewhere", async () => {
  const { github } = company;
  github.push(shop, {
    branch: "develop",
    pusher: "ada",
    message: "Next",
    files: { "src/next.ts": "export {};\n" },
  });
  github.push(shop, { branch: "on-develop", from: "develop", pusher: "juno" });
  const pull = await openPull(company, { base: "develop", branch: "on-develop" });
  await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toBeNull();

  await company.github.as("juno").rest.pulls.update({ ...at, pull_number: pull.number, base: "main" });
  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "action_required",
    summary: containing("approved this change for develop, it now goes to main"),
  });

  await review(company, pull, "vera");
  expect(await company.check(pull.sha)).toMatchObject({ title: "Countersigned by vera (senior)" });
});

it("remembers what it saw while the base branch was not gated", async () => {
  const { github } = company;
  github.push(shop, { branch: "playground", pusher: "ada" });
  const pull = await openPull(company, { base: "playground" });
  expect(await company.check(pull.sha)).toBeNull();
  const clean = github.push(shop, {
    branch: pull.branch,
    from: "main",
    force: true,
    pusher: "juno",
    message: "Cache the total",
    files: { [`src/${pull.branch}.ts`]: "export {};\n" },
  });
  await github.as("juno").rest.pulls.update({ ...at, pull_number: pull.number, base: "main" });
  expect(await company.check(clean)).toMatchObject({
    conclusion: "action_required",
    summary: containing("no longer in the branch"),
  });
});

it("holds one commit in two pull requests to what the stricter of them needs, and names that one", async () => {
  const first = await openPull(company);
  const { data: second } = await company.github
    .as("juno")
    .rest.pulls.create({ ...at, title: "The same for the release", head: first.branch, base: "release" });
  await review(company, first, "grace");

  expect(await company.check(first.sha)).toMatchObject({
    conclusion: "action_required",
    title: matching(new RegExp(`^#${second.number}: Waiting for 1 approval`, "u")),
  });
  expect(await merge(company, first)).toBe(405);

  await review(company, { number: second.number }, "vera");
  expect(await company.check(first.sha)).toMatchObject({ conclusion: "success" });
  expect(await merge(company, first)).toBe(200);
});

it("lets go of a commit when the pull request that waited for it is closed", async () => {
  const first = await openPull(company);
  const { data: second } = await company.github
    .as("juno")
    .rest.pulls.create({ ...at, title: "The same for the release", head: first.branch, base: "release" });
  await review(company, first, "grace");
  expect(await company.check(first.sha)).toMatchObject({ conclusion: "action_required" });

  await company.github.as("juno").rest.pulls.update({ ...at, pull_number: second.number, state: "closed" });

  expect(await company.check(first.sha)).toMatchObject({ conclusion: "success" });
});

it("lets go of a commit when the pull request that waited for it moves on", async () => {
  const first = await openPull(company);
  company.github.push(shop, { branch: "a-copy", pusher: "juno", from: first.branch });
  const { data: copy } = await company.github
    .as("juno")
    .rest.pulls.create({ ...at, title: "The same for the release", head: "a-copy", base: "release" });
  await review(company, copy, "vera");
  expect(await company.check(first.sha)).toMatchObject({ conclusion: "action_required" });

  pushMore(company, first);

  expect(await company.check(first.sha)).toMatchObject({ title: "Countersigned by vera (senior)" });
});

it("writes the check run again when somebody re-requests it, though nothing changed", async () => {
  const pull = await openPull(company);
  const before = await company.check(pull.sha);
  const seen = company.github.requests.length;
  const repositories = [...company.github.world.repositories.values()];
  const runs = repositories.flatMap(({ checkRuns }) => checkRuns);
  const run = runs.find(({ headSha }) => headSha === pull.sha);
  await company.github.as("juno").request("POST /repos/{owner}/{repo}/check-runs/{check_run_id}/rerequest", {
    ...at,
    check_run_id: run?.id ?? 0,
  });

  expect(await company.check(pull.sha)).toEqual(before);
  const writes = company.github.requests
    .slice(seen)
    .filter(({ as, method }) => as === "countersign[bot]" && method === "PATCH");
  expect(writes.map(({ path, status }) => [path, status])).toEqual([
    [`/repos/acme/shop/check-runs/${run?.id}`, 200],
  ]);
});

it("looks again on /countersign recheck, and finds the approval whose delivery got lost", async () => {
  const pull = await openPull(company);
  await company.idle();
  company.github.holdDeliveries();
  await review(company, pull, "grace");
  company.github.releaseDeliveries({ drop: ({ event }) => event === "pull_request_review" });
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "action_required" });

  const comment = { ...at, issue_number: pull.number };
  await company.github
    .as("dora")
    .rest.issues.createComment({ ...comment, body: "Please /countersign recheck" });
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "action_required" });
  await company.github
    .as("dora")
    .rest.issues.createComment({ ...comment, body: "/countersign recheck\n\nThanks!" });

  expect(await company.check(pull.sha)).toMatchObject({ title: "Countersigned by grace (senior)" });
});

it("comes to the same verdict when deliveries arrive in reverse and twice", async () => {
  const pull = await openPull(company);
  await company.idle();
  company.github.holdDeliveries();
  await review(company, pull, "grace");
  const sha = pushMore(company, pull);
  await review(company, pull, "milo");
  company.github.releaseDeliveries({ order: "reversed", duplicate: true });

  expect(await company.check(sha)).toMatchObject({
    conclusion: "action_required",
    summary: containing(`approved ${pull.sha.slice(0, 7)}, the head is now ${sha.slice(0, 7)}`),
  });
});

it("judges a pull request again when the roster changes, in both directions", async () => {
  const pull = await openPull(company);
  await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });

  writeRoster(company, roster.replace("grace: senior", "grace: mid"));
  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "action_required",
    summary: containing("is mid; the rules ask for senior or above"),
  });

  writeRoster(company, roster);
  expect(await company.check(pull.sha)).toMatchObject({ title: "Countersigned by grace (senior)" });
});

it("does not read a roster from a pull request, not even from the one that brings it", async () => {
  const pull = await openPull(company);
  const sha = pushMore(company, pull, { files: { [rosterFile]: "people:\n  milo: principal\n" } });
  await review(company, pull, "milo");

  expect(await company.check(sha)).toMatchObject({
    conclusion: "action_required",
    summary: containing("is mid; the rules ask for senior or above"),
  });
});

it("goes on with the last good roster when somebody breaks it, and says where it is broken", async () => {
  const pull = await openPull(company);
  await company.idle();
  writeRoster(company, "people:\n  ada: principle\n");
  await review(company, pull, "grace");

  expect(await company.check(pull.sha)).toMatchObject({
    title: "Countersigned by grace (senior)",
    summary: containing(`${rosterFile}:2:8`),
  });
  writeRoster(company, roster);
  expect(await company.check(pull.sha)).not.toMatchObject({ summary: containing(":2:8") });
});

it("follows who joins and who leaves a team of the roster", async () => {
  company.github.createTeam("acme/seniors", { members: ["grace"] });
  writeRoster(company, "people:\n  juno: junior\nteams:\n  acme/seniors: senior\n");
  const pull = await openPull(company);
  await review(company, pull, "otto");
  expect(await company.check(pull.sha)).toMatchObject({
    title: "Waiting for 1 approval by senior or above: grace can",
  });

  company.github.addTeamMember("acme/seniors", "otto");
  expect(await company.check(pull.sha)).toMatchObject({ title: "Countersigned by otto (senior)" });

  company.github.removeTeamMember("acme/seniors", "otto");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "action_required" });
  writeRoster(company, roster);
  await company.idle();
});

it("looks at every open pull request once it is installed, asks for a roster, and decides when there is one", async () => {
  const own = await ownCompany({ files: { "README.md": "Nothing here yet.\n" }, installed: false });
  const assisted = await openPull(own);
  const byHand = await openPull(own, { message: "By hand" });
  await review(own, assisted, "grace");
  own.install();
  expect(await own.check(assisted.sha)).toMatchObject({
    conclusion: "action_required",
    summary: matching(/there is no roster/iu),
  });
  expect(await own.check(byHand.sha)).toMatchObject({ conclusion: "success" });

  writeRoster(own, roster);

  expect(await own.check(assisted.sha)).toMatchObject({
    title: "Countersigned by grace (senior)",
    summary: containing(aiTrailer),
  });
  assertNothingRefused(own.github);
});

it("is not held up by an earlier head whose commit GitHub does not have any more", async () => {
  const { github } = company;
  const pull = await openPull(company, { message: "By hand" });
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
  const path = new RegExp(`${pull.sha}/check-runs$`, "u");
  const planned = github.fault({ path, status: 422, body: { message: "No commit found for SHA" }, times: 2 });
  const later = pushMore(company, pull, { message: `Round the total\n\n${aiTrailer}\n` });
  await company.idle();
  await review(company, pull, "milo");
  await company.idle();
  // Asked once: nothing is left to be tried again.
  expect(planned()).toBe(1);
  expect(await company.check(later)).toMatchObject({ conclusion: "action_required" });
});
