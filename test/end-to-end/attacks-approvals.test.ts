/** Attacks on approvals: what was said, by whom, when, and on which commit. */
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished } from "vitest";
import { repositoryNamed } from "../fake-github/setup.ts";
import { assertNothingRefused, type Company, openCompany, shop } from "./company.ts";
import { containing, matching } from "./containing.ts";
import { merge, openPull, type PullRequest, pushMore, review } from "./pull-request.ts";

const at = { owner: "acme", repo: "shop" } as const;
const waits = { conclusion: "action_required", title: containing("Waiting for 1 approval by senior") };

let company: Company;
beforeAll(async () => {
  company = await openCompany();
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

async function recheck({ number }: PullRequest): Promise<void> {
  const body = "/countersign recheck";
  await company.github.as("juno").rest.issues.createComment({ ...at, issue_number: number, body });
}

it("takes no comment for an approval, whatever its words and emoji", async () => {
  const pull = await openPull(company);
  const body = "👍 :+1: LGTM, approved! I would not give this a thumbs-up yet.";
  const comment = { ...at, pull_number: pull.number, event: "COMMENT", body } as const;
  await company.github.as("grace").rest.pulls.createReview(comment);
  await company.github.as("vera").rest.issues.createComment({ ...at, issue_number: pull.number, body });

  expect(await company.check(pull.sha)).toMatchObject({
    ...waits,
    summary: matching(/^\| grace \|.*only comments; to countersign/mu),
  });
});

it("gives a head no approval for being older than the review of another one", async () => {
  // Made before the review, so that every clock says the review came after it.
  const other = await openPull(company, { base: "main", message: "Something else altogether" });
  const pull = await openPull(company);
  await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
  const number = pull.number;
  await company.github.as("juno").rest.pulls.update({ ...at, pull_number: other.number, state: "closed" });

  const sha = pushMore(company, pull, { from: other.sha, force: true });

  expect(await company.check(sha)).toMatchObject({
    ...waits,
    summary: containing(`approved ${pull.sha.slice(0, 7)}, the head is now ${sha.slice(0, 7)}`),
  });
  expect(await merge(company, { ...pull, number })).toBe(405);
});

it("binds an approval to the commit its delivery named, though GitHub moves the review to another", async () => {
  const pull = await openPull(company);
  const reviewId = await review(company, pull, "grace");
  await company.idle();
  const sha = pushMore(company, pull, { force: true, from: "main", message: "Another change" });
  moveReview(pull, reviewId, sha);
  await recheck(pull);

  expect(await company.check(sha)).toMatchObject({
    ...waits,
    summary: containing(`approved ${pull.sha.slice(0, 7)}, the head is now ${sha.slice(0, 7)}`),
  });
});

it("does not count an approval nobody saw arrive, once the head branch was force-pushed", async () => {
  const pull = await openPull(company);
  await company.idle();
  company.github.holdDeliveries();
  const reviewId = await review(company, pull, "grace");
  company.github.releaseDeliveries({ drop: ({ event }) => event === "pull_request_review" });
  await company.idle();
  const sha = pushMore(company, pull, { force: true, from: "main", message: "Another change" });
  moveReview(pull, reviewId, sha);
  await recheck(pull);

  expect(await company.check(sha)).toMatchObject({
    ...waits,
    summary: containing("was given before the head branch was force-pushed, on a commit nobody recorded"),
  });
});

/** What GitHub does after some rebases: the review says that it was given on another commit. */
function moveReview({ number }: PullRequest, reviewId: number, sha: string): void {
  const reviews = repositoryNamed(company.github.world, shop).pulls.get(number)?.reviews ?? [];
  for (const one of reviews) if (one.id === reviewId) one.commitId = sha;
}

it("does not let whoever dismisses an objection be the one who looks again", async () => {
  const pull = await openPull(company);
  const objection = await review(company, pull, "grace", { event: "REQUEST_CHANGES" });
  const about = { ...at, pull_number: pull.number, review_id: objection };
  await company.github.as("vera").rest.pulls.dismissReview({ ...about, message: "It is fine." });
  await review(company, pull, "vera");

  expect(await company.check(pull.sha)).toMatchObject({
    ...waits,
    summary: containing("vera dismissed the request for changes by grace"),
  });
  await review(company, pull, "ada");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
});

it("keeps an objection through a push, whoever else approves", async () => {
  const pull = await openPull(company);
  await review(company, pull, "grace", { event: "REQUEST_CHANGES" });
  const sha = pushMore(company, pull);
  await review(company, pull, "vera");

  expect(await company.check(sha)).toMatchObject({
    conclusion: "failure",
    title: "grace (senior) requested changes",
  });
});

it("lets an approval fall when its author may not push any more", async () => {
  const pull = await openPull(company);
  await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
  company.github.setRole(shop, "grace", "read", "ada");
  onTestFinished(() => company.github.setRole(shop, "grace", "write", "ada"));

  expect(await company.check(pull.sha)).toMatchObject({
    ...waits,
    summary: matching(/^\| grace \| approval.*cannot push to the repository/mu),
  });
  expect(await merge(company, pull)).toBe(405);
});

it("judges a draft like any other pull request, and marking it ready changes nothing", async () => {
  // The look at everything that follows the installation would see it, too.
  await company.idle();
  const branch = "draft-of-juno";
  const message = "Cache\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n";
  const sha = company.github.push(shop, { branch, pusher: "juno", message, files: { draft: "1" } });
  const pull = { ...at, title: "Cache it", head: branch, base: "main", draft: true };
  const { data } = await company.github.as("juno").rest.pulls.create(pull);
  expect(await company.check(sha)).toMatchObject(waits);

  company.github.markReady(shop, data.number, "juno");

  expect(await company.check(sha)).toMatchObject(waits);
});
