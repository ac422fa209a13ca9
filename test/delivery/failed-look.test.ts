import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Worker } from "../../src/delivery/worker.ts";
import type { ExplainPages } from "../../src/github/access.ts";
import { hintGroups } from "../../src/store/groups.ts";
import { claimMark } from "../../src/store/marks.ts";
import { hintPulls } from "../../src/store/pulls.ts";
import { assertNothingRefused, checkOn, shop } from "../end-to-end/company.ts";
import { matching } from "../end-to-end/containing.ts";
import { openPull, pushMore, review } from "../end-to-end/pull-request.ts";
import { until } from "../end-to-end/until.ts";
import { checkWrites, failedMark, openLooked, workedOff } from "./worked-off.ts";
import { startWorkingDay, type WorkingDay } from "./working-day.ts";

const pages: ExplainPages = { url: "https://countersign.example.com", ofPrivate: false };
const shopPull = { repo: shop, base: "main", open: true, merged: false } as const;
const target = (number: number) => `pull:acme/shop:${number}`;

let day: WorkingDay;
let worker: Worker;
beforeAll(async () => {
  day = await startWorkingDay({ pages });
});
beforeEach(() => {
  worker = day.work();
});
afterEach(async () => {
  await worker.stop();
  assertNothingRefused(day.github);
});
afterAll(async () => day.close());

const done = async () => workedOff(day);
const failed = async (name: string) => failedMark(day, name);
const writes = (from: number) => checkWrites(day, from);

/** Waits until looks at a target have failed so many times; each is due at once after the one before. */
async function failTimes(name: string, times: number): Promise<void> {
  for (let attempts = 1; ; attempts += 1) {
    const mark = await until(`attempt ${attempts}`, async () => {
      const row = await failed(name);
      return row.attempts === attempts && row;
    });
    if (attempts === times) return;
    day.later(mark.due_at - day.clock());
  }
}

const broken = { path: /^\/graphql$/, status: 502, body: { message: "Server Error" } } as const;

it("replaces a green check by a failing one after five looks that failed, and takes that back when one succeeds", async () => {
  const pull = await openPull(day);
  await review(day, pull, "grace");
  await day.mark(target(pull.number));
  await done();
  const seen = [await checkOn(day.github, pull.sha)];
  day.github.fault({ ...broken, times: 5 });
  await day.mark(target(pull.number));
  await failTimes(target(pull.number), 4);
  seen.push(await checkOn(day.github, pull.sha));
  day.later(60_000);
  await until("the fifth attempt", async () => (await failed(target(pull.number))).attempts === 5);
  seen.push(await checkOn(day.github, pull.sha));
  day.later(60_000);
  await done();
  seen.push(await checkOn(day.github, pull.sha));
  expect(seen.map((check) => check?.conclusion)).toEqual(["success", "success", "failure", "success"]);
  const audited = await day.store.db
    .selectFrom("audit")
    .select("body")
    .where("sha", "=", pull.sha)
    .orderBy("seq")
    .execute();
  expect(audited.map(({ body }) => /"kind":"([a-z-]+)"/.exec(body)?.[1])).toEqual([
    "countersigned",
    "undecidable",
    "countersigned",
  ]);
});

it("replaces it also where something happens after each look that failed, so that none waits for its turn", async () => {
  const pull = await openPull(day);
  await review(day, pull, "grace");
  await day.mark(target(pull.number));
  await done();
  const before = await checkOn(day.github, pull.sha);
  const from = day.log.length;
  day.github.fault({ ...broken, status: 422, times: 5 });
  for (let looks = 1; looks <= 5; looks += 1) {
    await day.mark(target(pull.number));
    await until(`look ${looks} to fail`, () => {
      const said = day.log.slice(from).filter(({ msg }) => msg === "The look failed and will be repeated");
      return said.length === looks;
    });
  }
  const after = await checkOn(day.github, pull.sha);
  day.later(60_000);
  await done();
  expect([before?.conclusion, after?.conclusion]).toEqual(["success", "failure"]);
});

it("says in a failing check, once, why looks go on failing, though there was none before", async () => {
  const { number, sha } = await openPull(day);
  await hintPulls(day.store, [{ ...shopPull, number, headSha: sha, installation: day.installation }]);
  const from = day.github.requests.length;
  day.github.fault({ ...broken, times: 8 });
  await day.mark(target(number));
  await failTimes(target(number), 8);
  const check = await checkOn(day.github, sha);
  expect([check?.conclusion, check?.title, writes(from)]).toEqual([
    "failure",
    matching(/^Could not decide: One look after another failed: GitHub answered 502/),
    ["POST"],
  ]);
  // Nothing was decided yet that a page could show.
  expect(await leadsTo(sha)).toEqual([["failure", expect.not.stringContaining(pages.url)]]);
  day.later(600_000);
  await done();
  expect(await checkOn(day.github, sha)).toMatchObject({ conclusion: "action_required" });
});

it("is not killed for ever by one pull request: what five servers died over waits, under a failing check", async () => {
  const pull = await openPull(day);
  await review(day, pull, "grace");
  await day.mark(target(pull.number));
  await done();
  await worker.stop();
  await day.mark(target(pull.number));
  for (let deaths = 1; deaths <= 5; deaths += 1) {
    await claimMark(day.store, { worker: `dead ${deaths}`, now: day.clock(), leaseMs: 20_000 });
    day.later(20_000);
  }
  worker = day.work();
  const { due_at: dueAt, ...mark } = await failed(target(pull.number));
  expect([mark, dueAt - day.clock(), await checkOn(day.github, pull.sha)]).toMatchObject([
    { attempts: 6, error: "The server ended over it: 5 looks came to nothing. It waits." },
    32_000,
    { conclusion: "failure" },
  ]);
  day.later(32_000);
  await done();
  expect(await checkOn(day.github, pull.sha)).toMatchObject({ conclusion: "success" });
});

it("says nothing on a pull request whose base is not gated, however often looks fail", async () => {
  day.github.push(shop, { branch: "next", pusher: "ada", files: {}, message: "Begin" });
  const { number, sha } = await openPull(day, { base: "next" });
  await day.mark(target(number));
  await done();
  day.github.fault({ ...broken, times: 6 });
  await day.mark(target(number));
  await failTimes(target(number), 6);
  day.later(600_000);
  await done();
  expect(await checkOn(day.github, sha)).toBeNull();
});

/** Where the check run on a commit leads to, and what it says. */
async function leadsTo(sha: string) {
  const wanted = { owner: "acme", repo: "shop", ref: sha, check_name: "Countersign" };
  const { data } = await day.github.as("ada").rest.checks.listForRef(wanted);
  return data.check_runs.map(({ conclusion, details_url: url }) => [conclusion, url]);
}

/** Has looks at a target fail until that is shown, and takes the failing check back afterwards. */
async function whileFailing<T>(name: string, ask: () => Promise<T>): Promise<T> {
  const recover = day.github.fault(broken);
  await day.mark(name);
  await failTimes(name, 5);
  const answer = await ask();
  recover();
  day.later(600_000);
  await done();
  return answer;
}

it("leads from the failing check of a head that had none to the page of the pull request, unless nobody could see that", async () => {
  const pull = await openLooked(day);
  const page = `${pages.url}/acme/shop/pull/${pull.number}`;
  const sha = pushMore(day, pull);
  await hintPulls(day.store, [
    { ...shopPull, number: pull.number, headSha: sha, installation: day.installation },
  ]);
  const [repository] = [...day.github.world.repositories.values()].filter(({ name }) => name === "shop");
  if (repository === undefined) throw new Error("There is a shop.");

  expect(await whileFailing(target(pull.number), async () => leadsTo(sha))).toEqual([["failure", page]]);

  const next = pushMore(day, { ...pull, sha });
  await hintPulls(day.store, [
    { ...shopPull, number: pull.number, headSha: next, installation: day.installation },
  ]);
  repository.private = true;
  const hidden = await whileFailing(target(pull.number), async () => leadsTo(next));
  repository.private = false;
  expect(hidden).toEqual([["failure", expect.not.stringContaining(pages.url)]]);
});

it("shows a failing check also where GitHub does not say who could see the page", async () => {
  const pull = await openLooked(day);
  const name = target(pull.number);
  const recover = day.github.fault({ path: /^\/repos\/acme\/shop$/, status: 502 });
  const shown = await whileFailing(name, async () => checkOn(day.github, pull.sha));
  recover();
  expect(shown).toMatchObject({ conclusion: "failure" });
});

it("leads from the failing check of a merge group to the pull request that it was made for", async () => {
  const pull = await openPull(day);
  await review(day, pull, "grace");
  await day.mark(target(pull.number));
  await done();
  const group = day.github.enqueue(shop, pull.number, "juno");
  const [entry] = [...day.github.world.repositories.values()].flatMap(({ queue }) => queue);
  const headRef = `refs/heads/${entry?.branch}`;
  await hintGroups(day.store, [{ repo: shop, sha: group, headRef, base: "main", open: true }]);

  const shown = await whileFailing(`group:acme/shop:${group}`, async () => leadsTo(group));

  expect(shown).toEqual([["failure", `${pages.url}/acme/shop/pull/${pull.number}`]]);
  day.github.dequeue(shop, pull.number);
});
