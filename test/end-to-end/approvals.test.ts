import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { containing, matching } from "./containing.ts";
import { assertNothingRefused, type Company, openCompany, shop } from "./company.ts";
import { aiTrailer, merge, openPull, type PullRequest, pushMore, review } from "./pull-request.ts";

let company: Company;
beforeAll(async () => {
  company = await openCompany();
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

const waiting = "Waiting for 1 approval by senior or above: ";
const anySenior = "grace, vera, rhea or 1 more can";

it("lets a junior's AI-assisted pull request wait for a senior, and GitHub merges it only after one approved", async () => {
  const pull = await openPull(company);

  expect(await company.check(pull.sha)).toMatchObject({
    status: "completed",
    conclusion: "action_required",
    title: containing(waiting),
  });
  expect(await merge(company, pull)).toBe(405);

  await review(company, pull, "grace");

  expect(await company.check(pull.sha)).toMatchObject({
    status: "completed",
    conclusion: "success",
    title: "Countersigned by grace (senior)",
  });
  expect(await merge(company, pull)).toBe(200);
});

it("asks nothing of a change without a sign of AI assistance", async () => {
  const pull = await openPull(company, { message: "Cache the total by hand" });

  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "success",
    title: "No countersignature needed: no sign of AI assistance",
  });
});

it("asks nothing of a senior's own AI-assisted change", async () => {
  const pull = await openPull(company, { by: "grace" });

  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "success",
    title: matching(/^No countersignature needed: no rule applies/),
  });
});

type Attempt = (pull: PullRequest) => Promise<string | void>;
const attempts: readonly [string, RegExp, Attempt][] = [
  [
    "of a mid-level engineer",
    /^\| milo \|.*is mid; the rules ask for senior or above/mu,
    async (pull) => void (await review(company, pull, "milo")),
  ],
  [
    "of somebody on no roster who can push",
    /^\| otto \|.*is not on the roster/mu,
    async (pull) => void (await review(company, pull, "otto")),
  ],
  [
    "of an outsider who can only read",
    /^\| dora \|.*is not on the roster/mu,
    async (pull) => void (await review(company, pull, "dora")),
  ],
  [
    "of a senior who cannot push",
    /^\| rhea \|.*cannot push to the repository/mu,
    async (pull) => void (await review(company, pull, "rhea")),
  ],
  [
    "of a bot that can push",
    /^\| reviewer\[bot\] \|.*is not a person/mu,
    async (pull) => void (await review(company, pull, "reviewer[bot]")),
  ],
  [
    "of a senior who pushed to it",
    /^\| grace \|.*is a contributor to this change \(/mu,
    async (pull) => {
      const sha = pushMore(company, pull, { pusher: "grace", author: "juno" });
      await review(company, pull, "grace");
      return sha;
    },
  ],
  [
    "of a senior who is a co-author of a commit",
    /^\| grace \|.*is a contributor to this change \(co-author of /mu,
    async (pull) => {
      const sha = pushMore(company, pull, { message: "Round\n\nCo-Authored-By: Grace <grace@acme.dev>\n" });
      await review(company, pull, "grace");
      return sha;
    },
  ],
  [
    "of a senior whose commit came in by a merge",
    /^\| grace \|.*is a contributor to this change \(author of /mu,
    async (pull) => {
      const side = `side-of-${pull.branch}`;
      company.github.push(shop, {
        branch: side,
        pusher: "otto",
        author: "grace",
        message: "Aside",
        files: { [side]: "" },
      });
      const sha = pushMore(company, pull, { parents: [pull.branch, side], message: `Merge ${side}` });
      await review(company, pull, "grace");
      return sha;
    },
  ],
  [
    "of an older commit",
    /^\| grace \|.*approved /mu,
    async (pull) => {
      const sha = pushMore(company, pull);
      await review(company, pull, "grace", { commit_id: pull.sha });
      return sha;
    },
  ],
];
it.each(attempts)("does not count the approval %s, and says so", async (_whose, says, attempt) => {
  const pull = await openPull(company);
  const sha = (await attempt(pull)) ?? pull.sha;

  expect(await company.check(sha)).toMatchObject({
    conclusion: "action_required",
    title: containing(waiting),
    summary: matching(says),
  });
  expect(await merge(company, pull)).toBe(405);
});

it("does not count a review that only comments, whatever it says", async () => {
  const pull = await openPull(company);
  await review(company, pull, "grace", { event: "COMMENT" });

  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "action_required" });
});

it("lets GitHub refuse an author's approval of their own change", async () => {
  const pull = await openPull(company);

  await expect(review(company, pull, "juno")).rejects.toThrow("Can not approve your own pull request");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "action_required" });
});

it("takes a dismissed approval back, and an older one of the same person stays dead", async () => {
  const pull = await openPull(company);
  await review(company, pull, "grace");
  const second = await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });

  await company.github.as("juno").rest.pulls.dismissReview({
    owner: "acme",
    repo: "shop",
    pull_number: pull.number,
    review_id: second,
    message: "I changed my mind.",
  });

  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "action_required",
    title: containing(waiting),
  });
});

it("blocks when a senior approves first and then requests changes, until that senior approves", async () => {
  const pull = await openPull(company);
  await review(company, pull, "grace");
  await review(company, pull, "grace", { event: "REQUEST_CHANGES" });
  const objected = { conclusion: "failure", title: "grace (senior) requested changes" };
  expect(await company.check(pull.sha)).toMatchObject(objected);

  await review(company, pull, "vera");
  expect(await company.check(pull.sha)).toMatchObject(objected);

  await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "success",
    title: "Countersigned by grace (senior) and vera (senior)",
  });
});

it("asks another senior when somebody dismisses an objection", async () => {
  const pull = await openPull(company);
  const objection = await review(company, pull, "grace", { event: "REQUEST_CHANGES" });
  const about = { owner: "acme", repo: "shop", pull_number: pull.number, review_id: objection };
  await company.github.as("juno").rest.pulls.dismissReview({ ...about, message: "Not now." });
  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "action_required",
    summary: containing("juno dismissed the request for changes by grace"),
  });

  await review(company, pull, "vera");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
});

it("blocks again after a push, and the old approval does not come along", async () => {
  const pull = await openPull(company);
  await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });

  const sha = pushMore(company, pull);

  const { number } = pull;
  expect(await company.check(sha)).toMatchObject({
    conclusion: "action_required",
    title: `${waiting}${anySenior}`,
    summary: containing(`approved ${pull.sha.slice(0, 7)}, the head is now ${sha.slice(0, 7)}`),
  });
  expect(await merge(company, pull)).toBe(405);
  await review(company, { number }, "vera");
  expect(await company.check(sha)).toMatchObject({ title: "Countersigned by vera (senior)" });
});

it("stays blocked when a force-push takes the trailer away", async () => {
  const pull = await openPull(company);
  await company.idle();
  const sha = pushMore(company, pull, { force: true, from: "main", message: "All by myself" });

  expect(await company.check(sha)).toMatchObject({
    conclusion: "action_required",
    summary: matching(new RegExp(`${aiTrailer}.*no longer in the branch`, "u")),
  });
});

it("takes a label as evidence, and taking it off changes nothing", async () => {
  const pull = await openPull(company, { message: "By hand" });
  const about = { owner: "acme", repo: "shop", issue_number: pull.number };
  const milo = company.github.as("milo");
  await milo.rest.issues.addLabels({ ...about, labels: ["ai-assisted"] });
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "action_required" });

  await milo.rest.issues.removeLabel({ ...about, name: "ai-assisted" });
  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "action_required",
    summary: containing("taken off by milo"),
  });
});
