import { expect, test } from "vitest";
import { verifyAudit } from "../../src/store/audit.ts";
import {
  approvedBefore,
  deploymentOf,
  hintDeployments,
  markWaitingDeployments,
  recordDeployment,
  repositoriesThatDeploy,
  settleDeployment,
} from "../../src/store/deployments.ts";
import { carryOver } from "../../src/store/renames.ts";
import type { Store } from "../../src/store/store.ts";
import { freshStore } from "./fresh-store.ts";

const sha = "a".repeat(40);
const target = "deploy:acme/shop:7:production";
const hint = { target, repo: "acme/shop", installation: 3, environment: "Production", run: 7, sha };

/** A deployment that was asked for. */
async function asked(store: Store, change: Partial<typeof hint> = {}) {
  await hintDeployments(store, [{ ...hint, ...change }], 1_000);
  const deployment = await deploymentOf(store, change.target ?? target);
  if (deployment === null) throw new Error("It is not there.");
  return deployment;
}

const record = { sha, attempt: 1, said: "why", because: {}, now: 2_000 };

test("a deployment waits until GitHub took what was decided, and then counts as approved", async () => {
  const store = await freshStore();
  const deployment = await asked(store);
  await recordDeployment(store, { ...record, deployment, state: "approved" });
  const decided = await deploymentOf(store, target);
  const before = await approvedBefore(store, hint);
  await settleDeployment(store, { deployment: { ...deployment, state: "approved" }, sha, now: 3_000 });

  expect(decided).toMatchObject({ state: "approved", settled: false });
  expect(before).toEqual({ same: false, last: null });
  expect(await deploymentOf(store, target)).toMatchObject({ state: "approved", settled: true });
  expect(await approvedBefore(store, hint)).toEqual({ same: true, last: sha });
  expect(await verifyAudit(store)).toMatchObject({ ok: true, newest: { seq: 1 } });
});

test.each(["rejected", "observed"] as const)(
  "one that was %s counts as approved for nothing",
  async (state) => {
    const store = await freshStore();
    const deployment = await asked(store);
    await recordDeployment(store, { ...record, deployment, state });
    await settleDeployment(store, { deployment: { ...deployment, state }, sha, now: 3_000 });
    expect(await approvedBefore(store, hint)).toEqual({ same: false, last: null });
  },
);

test("the last approval is the newest, environments are told apart, and their case does not count", async () => {
  const store = await freshStore();
  const other = "b".repeat(40);
  for (const [at, one] of [
    [1, sha],
    [2, other],
    [3, sha],
  ] as const) {
    const deployment = { ...(await asked(store)), state: "approved" } as const;
    await recordDeployment(store, { ...record, deployment, state: "approved" });
    await settleDeployment(store, { deployment, sha: one, now: at });
  }
  expect(await approvedBefore(store, { ...hint, environment: "PRODUCTION", sha: other })).toEqual({
    same: true,
    last: sha,
  });
  expect(await approvedBefore(store, { ...hint, environment: "staging" })).toEqual({
    same: false,
    last: null,
  });
  expect(await approvedBefore(store, { ...hint, repo: "acme/other" })).toEqual({ same: false, last: null });
});

test("asked for again it waits anew, and what was said and approved before stays counted", async () => {
  const store = await freshStore();
  const deployment = await asked(store);
  await recordDeployment(store, { ...record, deployment, state: "waiting" });
  await recordDeployment(store, { ...record, deployment, state: "approved" });
  await asked(store, { sha: "b".repeat(40) });
  // What GitHub took meanwhile was about the earlier request.
  await settleDeployment(store, { deployment: { ...deployment, state: "approved" }, sha, now: 3_000 });

  expect(await deploymentOf(store, target)).toMatchObject({
    state: "waiting",
    settled: false,
    sha: "b".repeat(40),
    reports: 1,
    said: null,
  });
});

test("those that wait are marked, of a repository or of an installation, and no others", async () => {
  const store = await freshStore();
  await asked(store);
  await asked(store, { target: "deploy:acme/other:8:production", repo: "acme/other", run: 8 });
  await asked(store, { target: "deploy:beta/app:9:production", repo: "beta/app", run: 9, installation: 4 });
  const done = await asked(store, { target: "deploy:acme/shop:6:production", run: 6 });
  await recordDeployment(store, { ...record, deployment: done, state: "gone" });
  const marked = async () => {
    const rows = await store.db.selectFrom("marks").select("target").orderBy("target").execute();
    await store.db.deleteFrom("marks").execute();
    return rows.map((row) => row.target);
  };

  await markWaitingDeployments(store, { repo: "acme/shop" }, { priority: 1, now: 1 });
  expect(await marked()).toEqual([target]);
  await markWaitingDeployments(store, { installation: 3 }, { priority: 5, now: 1 });
  expect(await marked()).toEqual(["deploy:acme/other:8:production", target]);
  expect(await repositoriesThatDeploy(store, 3)).toEqual(["acme/other", "acme/shop"]);
});

test("what was approved and what waits are found under the new name of a repository", async () => {
  const store = await freshStore();
  const deployment = { ...(await asked(store)), state: "approved" } as const;
  await recordDeployment(store, { ...record, deployment, state: "approved" });
  await settleDeployment(store, { deployment, sha, now: 3_000 });
  await asked(store, { target: "deploy:acme/shop:8:production", run: 8 });
  await carryOver(store, [{ kind: "owner", from: "acme", to: "apex", rulesStay: false }], "guid");

  expect(await approvedBefore(store, { ...hint, repo: "apex/shop" })).toEqual({ same: true, last: sha });
  expect(await deploymentOf(store, "deploy:apex/shop:8:production")).toMatchObject({
    repo: "apex/shop",
    state: "waiting",
  });
  expect(await deploymentOf(store, "deploy:acme/shop:8:production")).toBeNull();
});
