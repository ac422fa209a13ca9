import { beforeEach, expect, onTestFinished, test } from "vitest";
import { findPendingDeployments } from "../../src/delivery/pending-deployments.ts";
import {
  deploymentOf,
  hintDeployments,
  recordDeployment,
  settleDeployment,
} from "../../src/store/deployments.ts";
import { shop } from "../end-to-end/company.ts";
import { until } from "../end-to-end/until.ts";
import { repositoryNamed } from "../fake-github/setup.ts";
import { startWorkingDay, type WorkingDay } from "./working-day.ts";

let day: WorkingDay;
beforeEach(async () => {
  day = await startWorkingDay();
  const today = day;
  onTestFinished(async () => today.close());
  day.github.guardEnvironment(shop, "production");
});

/** A run that waits for an environment, of which no delivery told. */
function waitingRun(environment = "production") {
  const sha = repositoryNamed(day.github.world, shop).branches.get("main") ?? "";
  return day.github.deploy(shop, { environment, sha, by: "juno" });
}

/** Looks for what waits, and gives back what is marked then. */
async function find(): Promise<string[]> {
  await day.store.db.deleteFrom("marks").execute();
  await findPendingDeployments(day.upkeep);
  const rows = await day.store.db.selectFrom("marks").select("target").orderBy("target").execute();
  return rows.map(({ target }) => target);
}

/** Pretends that a deployment was answered. */
async function answered(target: string, attempt: number): Promise<void> {
  const deployment = await deploymentOf(day.store, target);
  if (deployment === null) throw new Error(`${target} is not known.`);
  const about = {
    deployment: { ...deployment, state: "approved" as const },
    sha: "a".repeat(40),
    now: day.clock(),
  };
  await recordDeployment(day.store, { ...about, attempt, state: "approved", said: null, because: {} });
  await settleDeployment(day.store, about);
}

test("a deployment that no delivery told of is found, with the commit it is of", async () => {
  const run = waitingRun();
  const target = `deploy:acme/shop:${run.id}:production`;
  expect(await find()).toEqual([target]);
  expect(await deploymentOf(day.store, target)).toMatchObject({ state: "waiting", sha: run.headSha });
});

test("of more than 100 runs that wait the newest are found, and the others when those have ended", async () => {
  const runs = Array.from({ length: 101 }, () => waitingRun());
  const targets = runs.map(({ id }) => `deploy:acme/shop:${id}:production`);
  const found = await find();
  const [oldest = "", ...newest] = targets;
  expect(found).toEqual(newest.toSorted());

  for (const run of runs.slice(1)) run.status = "completed";
  expect(await find()).toContain(oldest);
});

test("what waits is looked at again, what was answered is not until another attempt asks", async () => {
  const run = waitingRun();
  const [target = ""] = await find();
  const again = await find();
  await answered(target, 1);
  const after = await find();
  // It waits for us anew.
  day.github.rerun(shop, run);

  expect([again, after, await find()]).toEqual([[target], [], [target]]);
});

test("an environment that others guard is left alone", async () => {
  const other = { slug: "other", webhookSecret: "secret", permissions: { deployments: "write" } } as const;
  day.github.createApp({ ...other, events: ["deployment_protection_rule"] });
  day.github.installApp("acme", { repositories: "all", app: "other" });
  day.github.guardEnvironment(shop, "elsewhere", { app: "other" });
  waitingRun("elsewhere");
  expect(await find()).toEqual([]);
});

test("what fails is logged, and what waits is looked at all the same", async () => {
  const hint = {
    repo: "acme/shop",
    installation: day.installation,
    environment: "production",
    run: 7,
    sha: null,
  };
  await hintDeployments(day.store, [{ ...hint, target: "deploy:acme/shop:7:production" }], day.clock());
  waitingRun();
  day.github.fault({ path: /\/actions\/runs$/u, status: 403, body: { message: "Resource not accessible" } });

  expect(await find()).toEqual(["deploy:acme/shop:7:production"]);
  expect(day.log).toEqual([
    expect.objectContaining({ msg: expect.stringContaining("it takes Actions: read") }),
  ]);
});

test("a repository that is gone keeps no other from being asked", async () => {
  const run = waitingRun();
  day.github.fault({
    path: /\/repos\/acme\/\.github\/actions\/runs$/u,
    status: 404,
    body: { message: "Not Found" },
  });
  expect(await find()).toEqual([`deploy:acme/shop:${run.id}:production`]);
});

test("a deployment whose run vanished is given up, and the log says so", async () => {
  const target = "deploy:acme/shop:7:production";
  const hint = { target, repo: shop, installation: day.installation, environment: "production", run: 7 };
  await hintDeployments(day.store, [{ ...hint, sha: null }], day.clock());
  day.later(60_000);
  expect(await find()).toEqual([target]);
  const worker = day.work();
  await until("the look", () => day.log.length > 0);
  await worker.stop();

  expect(day.log).toMatchObject([{ target, outcome: "gone", msg: "Looked at a deployment" }]);
  expect(await find()).toEqual([]);
});
