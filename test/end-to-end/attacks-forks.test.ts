/** Attacks from a fork, by somebody who can only read. */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { assertNothingRefused, type Company, openCompany, shop } from "./company.ts";
import { containing, matching } from "./containing.ts";
import { aiTrailer, merge, openPull, type PullRequest, review } from "./pull-request.ts";

const at = { owner: "acme", repo: "shop" } as const;
const waits = { conclusion: "action_required", title: containing("Waiting for 1 approval by senior") };

let company: Company;
let fork: string;
beforeAll(async () => {
  company = await openCompany();
  fork = company.github.createFork(shop, "dora", { grace: "write" });
  company.github.push(shop, { branch: "release", pusher: "ada" });
  company.github.requireCheck(shop, "release", { context: "Countersign" });
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

/** Opens dora's pull request from a branch of her fork. */
async function propose(branch: string, base = "main"): Promise<PullRequest> {
  const about = { ...at, title: "Cache it", head: `dora:${branch}`, base };
  const { data } = await company.github.as("dora").rest.pulls.create(about);
  return { number: data.number, sha: data.head.sha, branch };
}

function pushToFork(branch: string, push: Partial<Parameters<Company["github"]["push"]>[1]> = {}): string {
  const files = { [`src/${branch}.ts`]: "export {};\n" };
  const message = `Cache the total\n\n${aiTrailer}\n`;
  return company.github.push(fork, { branch, pusher: "dora", message, files, ...push });
}

it("asks a senior about a pull request from a fork, whoever of its readers approves it", async () => {
  pushToFork("from-outside");
  const pull = await propose("from-outside");
  for (const reader of ["rhea", "otto"]) await review(company, pull, reader);

  expect(await company.check(pull.sha)).toMatchObject({
    ...waits,
    summary: matching(/^\| dora \| junior \|/mu),
  });
  expect(await merge(company, pull)).toBe(405);
  await review(company, pull, "vera");
  expect(await company.check(pull.sha)).toMatchObject({ title: "Countersigned by vera (senior)" });
});

it("remembers what was force-pushed away in a fork, and waits when it is closed and opened anew", async () => {
  pushToFork("laundered");
  const first = await propose("laundered");
  expect(await company.check(first.sha)).toMatchObject(waits);
  const byHand = { from: "main", force: true, message: "By hand" };
  const sha = pushToFork("laundered", byHand);
  expect(await company.check(sha)).toMatchObject({
    ...waits,
    summary: containing(`seen on [${first.sha.slice(0, 7)}]`),
  });

  await company.github.as("dora").rest.pulls.update({ ...at, pull_number: first.number, state: "closed" });
  await propose("laundered");

  expect(await company.check(sha)).toMatchObject({ ...waits, summary: containing(aiTrailer) });
});

it("does not let a senior countersign what they pushed to the fork", async () => {
  pushToFork("edited");
  const pull = await propose("edited");
  await company.idle();
  const files = { "src/edited.ts": "export const by = 'grace';\n" };
  const sha = pushToFork("edited", { pusher: "grace", author: "dora", message: "Round it", files });
  await review(company, pull, "grace");

  expect(await company.check(sha)).toMatchObject({
    ...waits,
    summary: matching(/^\| grace \| approval.*is a contributor to this change \(pushed /mu),
  });
});

it("holds one commit of a branch and of a fork to what the stricter of their pull requests needs", async () => {
  const own = await openPull(company);
  await review(company, own, "grace");
  expect(await company.check(own.sha)).toMatchObject({ conclusion: "success" });

  company.github.push(fork, { branch: "copy", pusher: "dora", from: own.sha });
  const twin = await propose("copy", "release");

  expect(await company.check(own.sha)).toMatchObject({
    conclusion: "action_required",
    title: matching(new RegExp(`^#${twin.number}: Waiting for 1 approval`, "u")),
  });
  expect(await merge(company, own)).toBe(405);
});
