import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { redeliverFailed } from "../../src/delivery/redelivery.ts";
import { sweep } from "../../src/delivery/sweep.ts";
import { startUpkeep } from "../../src/delivery/upkeep.ts";
import { choreDoneAt } from "../../src/store/chores.ts";
import { acceptDelivery } from "../../src/store/deliveries.ts";
import { ledgerHead, moveLedger } from "../../src/store/landed.ts";
import { backlog } from "../../src/store/marks.ts";
import { rememberObservations } from "../../src/store/observations.ts";
import { assertNothingRefused, checkOn, shop } from "../end-to-end/company.ts";
import { openPull, pushMore } from "../end-to-end/pull-request.ts";
import { until } from "../end-to-end/until.ts";
import { openLooked } from "./worked-off.ts";
import { startWorkingDay, type WorkingDay } from "./working-day.ts";

let day: WorkingDay;
beforeEach(async () => {
  day = await startWorkingDay();
});
afterEach(async () => {
  assertNothingRefused(day.github);
  await day.close();
});

/** Sweeps, and returns what was marked and not yet looked at, with its priority. */
async function swept(): Promise<string[]> {
  const { failed } = await sweep(day.upkeep);
  if (failed > 0) throw new Error(JSON.stringify(day.log));
  const rows = await day.store.db
    .selectFrom("marks")
    .select(["target", "priority"])
    .orderBy("target")
    .execute();
  return rows.map(({ target, priority }) => `${target} ${priority}`);
}

/** Sweeps and works off what it found. */
async function settle(): Promise<void> {
  await sweep(day.upkeep);
  await workOff();
}

async function workOff(): Promise<void> {
  const worker = day.work();
  await until("the marks to be worked off", async () => (await backlog(day.store, day.clock())).count === 0);
  await worker.stop();
}

const at = { owner: "acme", repo: "shop" } as const;

it("looks at every open pull request of an installation that is new", async () => {
  const pulls = [await openPull(day), await openPull(day)];
  await day.mark(`installation:${day.installation}`);
  await workOff();
  const checks = await Promise.all(pulls.map(async ({ sha }) => checkOn(day.github, sha)));
  expect(checks.map((check) => check?.conclusion)).toEqual(["action_required", "action_required"]);
});

it("finds open pull requests nobody told of, with one search and no more", async () => {
  const one = await openPull(day);
  const other = await openPull(day, { base: "main", by: "milo" });
  const from = day.github.requests.length;
  expect(await swept()).toEqual([`pull:acme/shop:${one.number} 5`, `pull:acme/shop:${other.number} 5`]);
  const asked = day.github.requests.slice(from).map(({ method, path }) => `${method} ${path}`);
  expect(asked.filter((request) => !request.includes("access_tokens"))).toEqual([
    "GET /app/installations",
    "POST /graphql",
  ]);
});

it("marks nothing that has not changed since its look, whether its base is gated or not", async () => {
  await openPull(day);
  day.github.push(shop, { branch: "next", pusher: "ada", files: {}, message: "Begin" });
  await openPull(day, { base: "next" });
  await settle();
  expect(await swept()).toEqual([]);
});

it.each([
  ["a push", async (pull: Awaited<ReturnType<typeof openPull>>) => void pushMore(day, pull)],
  [
    "an edit",
    async ({ number }: { number: number }) =>
      void (await day.github.as("juno").rest.pulls.update({ ...at, pull_number: number, body: "By hand." })),
  ],
  [
    "a review",
    async ({ number }: { number: number }) =>
      void (await day.github
        .as("grace")
        .rest.pulls.createReview({ ...at, pull_number: number, event: "APPROVE" })),
  ],
  [
    "closing it",
    async ({ number }: { number: number }) =>
      void (await day.github.as("juno").rest.pulls.update({ ...at, pull_number: number, state: "closed" })),
  ],
])("finds %s that no delivery told of, once", async (_what, change) => {
  const pull = await openPull(day);
  await settle();
  await change(pull);
  const found = await swept();
  await settle();
  expect([found, await swept()]).toEqual([[`pull:acme/shop:${pull.number} 5`], []]);
});

it("finds a head whose check run is missing", async () => {
  const { number } = await openPull(day);
  await settle();
  const repository = [...day.github.world.repositories.values()].find(({ name }) => name === "shop");
  repository?.checkRuns.splice(0);
  expect(await swept()).toEqual([`pull:acme/shop:${number} 5`]);
});

it("finds pull requests past the 1,000 that a search shows", async () => {
  const { branch } = await openPull(day);
  const repository = [...day.github.world.repositories.values()].find(({ name }) => name === "shop");
  const pull = [...(repository?.pulls.values() ?? [])][0];
  if (repository === undefined || pull === undefined)
    throw new Error(`There is no pull request of ${branch}.`);
  for (let number = 1_001; number <= 2_050; number += 1) {
    repository.pulls.set(number, { ...pull, id: number, number });
  }
  expect((await swept()).length).toBe(1_051);
});

/** Pushes to main past the check; no delivery tells. */
function pushAnyway(message: string, to = shop): string {
  const push = { branch: "main", pusher: "ada", message, files: { [`${message}.ts`]: "" } };
  return day.github.push(to, { ...push, bypassRules: true });
}

it("finds a push to a gated branch that no delivery told of, once, with one request for a hundred branches", async () => {
  const worker = day.work();
  await openLooked(day);
  await worker.stop();
  for (let count = 0; count < 150; count += 1)
    await moveLedger(day.store, { repo: "acme/gone", branch: `b"${count}`, head: "a".repeat(40) });
  const asked = () => day.github.requests.filter(({ operation }) => operation === "BranchHeads").length;
  expect([await swept(), asked()]).toEqual([[], 2]);

  pushAnyway("one");
  const found = await swept();
  await settle();

  expect([found, await swept()]).toEqual([["branch:acme/shop:main 5"], []]);
});

it("finds pull requests also while GitHub does not say where the branches are", async () => {
  const worker = day.work();
  await openLooked(day);
  await worker.stop();
  const { number } = await openPull(day);
  day.github.fault({ path: /^\/graphql$/, operation: "BranchHeads", status: 502, times: 9 });
  const { failed } = await sweep(day.upkeep);
  const rows = await day.store.db.selectFrom("marks").select("target").execute();
  expect([failed, rows.map(({ target }) => target)]).toEqual([
    1,
    expect.arrayContaining([`pull:acme/shop:${number}`]),
  ]);
});

it("looks at a push also where the repository is renamed before anybody did", async () => {
  const worker = day.work();
  await openLooked(day);
  await worker.stop();
  const sha = pushAnyway("one");
  const actor = { login: "ada", id: 1, kind: "User" } as const;
  const push = { kind: "push", actor, before: null, after: sha, at: new Date(0).toISOString() } as const;
  const told = { repo: shop, number: 0, key: `main null..${sha}`, at: 0, observation: push };
  await rememberObservations(day.store, [told]);
  await day.mark("branch:acme/shop:main");

  day.github.renameRepository(shop, "store", "ada");
  const renamed = { kind: "repository", from: shop, to: "acme/store", rulesStay: false } as const;
  await acceptDelivery(
    day.store,
    { guid: "renamed", event: "repository", action: "renamed", at: day.clock() },
    {
      marks: [{ target: "repo:acme/store", installation: day.installation, priority: 1 }],
      observations: [],
      pulls: [],
      renames: [renamed],
      outcome: "accepted",
    },
  );
  await workOff();
  await settle();

  expect(await ledgerHead(day.store, "acme/store", "main")).toBe(sha);
});

it("looks for no branch where a name leads that its repository gave up", async () => {
  const worker = day.work();
  await openLooked(day);
  await worker.stop();
  day.github.renameRepository(shop, "store", "ada");
  pushAnyway("one", "acme/store");
  expect(await swept()).not.toContain("branch:acme/shop:main 5");
});

it("leaves a branch alone that is not gated any more, where a delivery told where it is", async () => {
  const worker = day.work();
  await openLooked(day);
  await worker.stop();
  const sha = pushAnyway("one");
  const actor = { login: "ada", id: 1, kind: "User" } as const;
  const push = { kind: "push", actor, before: null, after: sha, at: new Date(0).toISOString() } as const;
  await rememberObservations(day.store, [
    { repo: shop, number: 0, key: `main null..${sha}`, at: 0, observation: push },
  ]);
  expect(await swept()).toEqual([]);
});

it("leaves a fifth of the hour's points to people who wait", async () => {
  await openPull(day);
  day.github.world.graphqlPointsLeft = 1_000;
  expect(await swept()).toEqual([]);
});

it("does not ask for a suspended installation", async () => {
  for (const installation of day.github.world.installations.values())
    installation.suspendedAt = "2026-01-01T00:00:00Z";
  expect([await swept(), day.begun]).toEqual([[], []]);
});

/** Deliveries of GitHub's that went to nobody, by event. */
async function lost() {
  day.github.setWebhookUrl("http://127.0.0.1:9/");
  await openPull(day);
  await day.github.quiet();
  return day.github.deliveries.map(({ event }) => event);
}

const sentAgain = () => day.github.deliveries.filter(({ redelivery }) => redelivery);

it("asks GitHub again for deliveries that reached nobody", async () => {
  const events = await lost();
  const { asked } = await redeliverFailed(day.upkeep, 0);
  await day.github.quiet();
  expect([events.length > 0, asked, sentAgain().map(({ event }) => event)]).toEqual([
    true,
    events.length,
    events,
  ]);
});

it("does not ask again for what is stored though its answer was lost, nor for what is no event of GitHub's", async () => {
  await lost();
  const [first, second, ...others] = day.github.deliveries;
  if (first === undefined || second === undefined) throw new Error("Too little was delivered.");
  const none = { marks: [], observations: [], pulls: [], outcome: "ignored" };
  await acceptDelivery(day.store, { guid: first.guid, event: "push", action: null, at: 0 }, none);
  second.status = 400;
  const { asked } = await redeliverFailed(day.upkeep, 0);
  expect([asked, sentAgain().map(({ guid }) => guid)]).toEqual([
    others.length,
    others.map(({ guid }) => guid),
  ]);
});

it("does not ask more than three times within an hour for what fails again and again", async () => {
  const events = await lost();
  const asked: number[] = [];
  for (let run = 0; run < 4; run += 1) {
    asked.push((await redeliverFailed(day.upkeep, 0)).asked);
    await day.github.quiet();
  }
  expect(asked).toEqual([events.length, events.length, 0, 0]);
});

it("asks once more for what failed three times before the last hour, however long the log was not read", async () => {
  const events = await lost();
  for (let run = 0; run < 2; run += 1) {
    await redeliverFailed(day.upkeep, 0);
    await day.github.quiet();
  }
  const since = day.clock();
  const atOnce = await redeliverFailed(day.upkeep, since);
  day.later(2 * 3_600_000);
  expect([atOnce.asked, (await redeliverFailed(day.upkeep, since)).asked]).toEqual([0, events.length]);
});

it("reads the log no further back than it has to, and asks for no more at once than a minute's writes", async () => {
  const recent = (await lost()).length;
  const [first] = day.github.deliveries;
  if (first === undefined) throw new Error("Nothing was delivered.");
  const old = new Date(day.clock() - 2 * 86_400_000).toISOString();
  for (let count = 0; count < 250; count += 1) {
    day.github.deliveries.unshift({ ...first, id: 1e6 + count, guid: `old ${count}`, deliveredAt: old });
  }
  const pages = () => day.github.requests.filter(({ path }) => path === "/app/hook/deliveries").length;
  const lately = [await redeliverFailed(day.upkeep, day.clock() - 3_600_000), pages()];
  await day.github.quiet();
  const wholly = [await redeliverFailed(day.upkeep, 0), pages() - 1];
  expect([lately, wholly]).toEqual([
    [{ asked: recent, all: true }, 1],
    [{ asked: 80, all: false }, 3],
  ]);
});

it("asks for everything that was lost in a long outage, though it is more than one run may ask for", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  await lost();
  const [first] = day.github.deliveries;
  if (first === undefined) throw new Error("Nothing was delivered.");
  const guids = Array.from({ length: 100 }, (_, count) => `old ${count}`);
  for (const [count, guid] of guids.entries()) {
    const deliveredAt = new Date(day.clock() - 2 * 86_400_000 + count).toISOString();
    day.github.deliveries.splice(count, 0, { ...first, id: 1e6 + count, guid, deliveredAt });
  }
  const stillLost = () => {
    const again = new Set(sentAgain().map(({ guid }) => guid));
    return guids.filter((guid) => !again.has(guid)).length;
  };
  const upkeep = startUpkeep({
    ...day.upkeep,
    webUrl: day.github.url,
    needed: { permissions: {}, events: [] },
  });
  await until("the first run", () => stillLost() === 20);
  await until("its sweep", async () => (await choreDoneAt(day.store, "sweep")) === day.clock());
  day.later(60_000);
  vi.advanceTimersByTime(10_000);
  await until("the second run", () => sentAgain().length === 160);
  await upkeep.stop();
  expect(stillLost()).toBe(0);
});

it("sweeps at the start, and again before the hour is over once deliveries turn out to be lost", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  const upkeep = startUpkeep({
    ...day.upkeep,
    webUrl: day.github.url,
    needed: { permissions: {}, events: [] },
  });
  const doneAt = async (chore: string) => choreDoneAt(day.store, chore);
  const later = async (chore: string) => {
    day.later(3 * 60_000);
    vi.advanceTimersByTime(10_000);
    await until(`the ${chore}`, async () => (await doneAt(chore)) === day.clock());
  };
  const start = day.clock();
  await until("the first sweep", async () => (await doneAt("sweep")) === start);
  await later("redelivery");
  expect(await doneAt("sweep")).toBe(start);
  await lost();
  await later("sweep");
  await upkeep.stop();
});
