import { afterEach, beforeEach, expect, it } from "vitest";
import { containing } from "./containing.ts";
import {
  assertNothingRefused,
  type Company,
  configRepository,
  ownCompany,
  roster,
  rosterFile,
  shop,
} from "./company.ts";
import { publicUrl } from "./public-url.ts";
import { openPull, type PullRequest, review } from "./pull-request.ts";

const at = { owner: "acme", repo: "shop" } as const;

let company: Company;
beforeEach(async () => {
  company = await ownCompany({ publicUrl });
});
afterEach(() => assertNothingRefused(company.github));

/** A pull request that grace has countersigned and juno has put into the queue. */
async function queued(): Promise<PullRequest & { readonly reviewId: number; readonly group: string }> {
  const pull = await openPull(company);
  const reviewId = await review(company, pull, "grace");
  await company.idle();
  return { ...pull, reviewId, group: company.github.enqueue(shop, pull.number, "juno") };
}

async function dismiss({ number, reviewId }: { number: number; reviewId: number }): Promise<void> {
  await company.github
    .as("ada")
    .rest.pulls.dismissReview({ ...at, pull_number: number, review_id: reviewId, message: "Not this" });
}

/** Where the check run on a commit leads to. */
async function leadsTo(ref: string): Promise<string | null | undefined> {
  const { data } = await company.github
    .as("juno")
    .rest.checks.listForRef({ ...at, ref, check_name: "Countersign" });
  return data.check_runs[0]?.details_url;
}

/** Presses "Re-run" on the check of a commit. */
async function rerequest(sha: string): Promise<void> {
  const { github } = company;
  const runs = [...github.world.repositories.values()].flatMap(({ checkRuns }) => checkRuns);
  const check_run_id = runs.find(({ headSha }) => headSha === sha)?.id ?? 0;
  const route = "POST /repos/{owner}/{repo}/check-runs/{check_run_id}/rerequest";
  await github.as("juno").request(route, { ...at, check_run_id });
}

it("lets a countersigned pull request through the merge queue", async () => {
  const pull = await queued();
  expect(company.github.landQueue(shop)).toEqual([]);

  expect(await company.check(pull.group)).toMatchObject({
    conclusion: "success",
    title: "Countersigned by grace (senior)",
    summary: containing(`With this commit the merge queue would land pull request ${pull.number}.`),
  });
  expect(company.github.landQueue(shop)).toEqual([pull.number]);
});

it("fails the merge group when the approval is dismissed while the pull request is queued", async () => {
  const pull = await queued();
  expect(await company.check(pull.group)).toMatchObject({ conclusion: "success" });

  await dismiss(pull);

  expect(await company.check(pull.group)).toMatchObject({
    conclusion: "action_required",
    title: containing("Waiting for 1 approval by senior or above"),
  });
  expect(company.github.landQueue(shop)).toEqual([]);
});

it("fails the merge group when a senior objects on another pull request with the same commit", async () => {
  const { github } = company;
  const pull = await queued();
  github.push(shop, { branch: "copy", from: pull.branch, pusher: "juno" });
  const twin = await github
    .as("juno")
    .rest.pulls.create({ ...at, title: "The same", head: "copy", base: "main" });
  expect(await company.check(pull.group)).toMatchObject({ conclusion: "success" });

  await review(company, twin.data, "vera", { event: "REQUEST_CHANGES" });

  expect(await company.check(pull.group)).toMatchObject({
    conclusion: "failure",
    title: containing("vera (senior) requested changes"),
  });
  expect(github.landQueue(shop)).toEqual([]);
});

it("fails the merge group when whoever approved is no senior any more", async () => {
  const pull = await queued();
  expect(await company.check(pull.group)).toMatchObject({ conclusion: "success" });

  company.github.push(configRepository, {
    branch: "main",
    pusher: "ada",
    message: "grace starts anew",
    files: { [rosterFile]: roster.replace("grace: senior", "grace: junior") },
  });

  expect(await company.check(pull.group)).toMatchObject({ conclusion: "action_required" });
});

it("holds up every entry behind one that is not countersigned any more, and names that one", async () => {
  const first = await queued();
  const second = await queued();
  expect(await company.check(second.group)).toMatchObject({
    conclusion: "success",
    summary: containing(
      `With this commit the merge queue would land pull requests ${first.number}, ${second.number}.`,
    ),
  });

  await dismiss(first);

  expect(await company.check(second.group)).toMatchObject({
    conclusion: "action_required",
    title: containing(`#${first.number}: Waiting for 1 approval`),
  });
  expect(await leadsTo(second.group)).toBe(`${publicUrl}/${shop}/pull/${first.number}`);
  expect(await company.check(second.sha)).toMatchObject({ conclusion: "success" });
  expect(company.github.landQueue(shop)).toEqual([]);
});

it("judges the entries behind one that was taken out by themselves again", async () => {
  const first = await queued();
  const second = await queued();
  await dismiss(first);
  await company.idle();

  company.github.dequeue(shop, first.number);
  await company.idle();

  expect(company.github.landQueue(shop)).toEqual([second.number]);
});

it("fails a merge group whose branch does not say for which pull request it is, and says so", async () => {
  const pull = await openPull(company);
  await review(company, pull, "grace");
  await company.idle();
  const group = company.github.enqueue(shop, pull.number, "juno", {
    headRef: `gh-readonly-queue/main/batch-${pull.number}`,
  });

  expect(await company.check(group)).toMatchObject({
    conclusion: "failure",
    title: containing("Could not decide: It cannot be told which pull requests this merge group would land"),
  });
  expect(company.github.landQueue(shop)).toEqual([]);
});

it("publishes nothing on a merge group that is gone before it was looked at", async () => {
  const pull = await openPull(company);
  await review(company, pull, "grace");
  await company.idle();
  company.github.holdDeliveries();
  const group = company.github.enqueue(shop, pull.number, "juno");
  company.github.dequeue(shop, pull.number);
  company.github.releaseDeliveries({ order: "reversed" });

  expect(await company.check(group)).toBeNull();
});

it("writes the check of a merge group again when somebody re-requests it, on the same check run", async () => {
  const { group } = await queued();
  const before = await company.check(group);
  const seen = company.github.requests.length;
  await rerequest(group);

  expect(await company.check(group)).toEqual(before);
  const writes = company.github.requests.slice(seen).filter(({ method }) => method === "PATCH");
  expect(writes).toHaveLength(1);
});

it("fails a merge group of which a pull request cannot be read, and says which", async () => {
  const pull = await queued();
  expect(await company.check(pull.group)).toMatchObject({ conclusion: "success" });
  // GitHub lists it in the queue and does not show it.
  company.github.fault({
    path: /graphql/u,
    operation: "Facts",
    status: 200,
    body: {
      data: { repository: null, config: null },
      errors: [{ type: "NOT_FOUND", path: ["repository"], message: "Could not resolve to a Repository." }],
    },
  });

  await rerequest(pull.group);

  expect(await company.check(pull.group)).toMatchObject({
    conclusion: "failure",
    title: containing(`Could not decide: #${pull.number} of this merge group cannot be read`),
  });
});
