import { describe, expect, test } from "vitest";
import { containing } from "../end-to-end/containing.ts";
import { policyFile } from "./acme.ts";
import { day, deployedOnce, type Deploying, openDeploying, short, told, trusting } from "./deploying.ts";

function parentOf({ world }: Deploying, sha: string): string {
  return world.commits.get(sha)?.parents[0] ?? "";
}

describe("where nothing approved is left to count from", () => {
  test("the first deployment waits until the whole history is cleared", async () => {
    const acme = await openDeploying();
    const sha = await acme.land();
    const run = await acme.deploy(sha);
    acme.clock.now += day;
    await acme.lookAt(run);
    const waiting = told(run);
    for (const commit of [...acme.world.commits.keys()]) await acme.write({ sha: commit });
    await acme.lookAt(run);

    expect(waiting).toMatchObject({
      state: "pending",
      comments: [
        containing("This gate has approved nothing for this environment yet, so the whole history counts."),
      ],
    });
    expect(told(run)).toMatchObject({ state: "approved" });
  });

  test("a first deployment that is trusted is held up by what the ledger knows as not cleared", async () => {
    const acme = await openDeploying(trusting);
    const bypass = await acme.merged({ cleared: false });
    const run = await acme.deploy(await acme.land());
    expect(told(run)).toMatchObject({
      state: "pending",
      comments: [containing(`#${bypass.number} needs a senior`)],
    });
  });

  test("a first deployment that is trusted may be of what was there before the ledger began", async () => {
    const acme = await openDeploying(trusting);
    const old = await acme.land({ cleared: false, how: "history" });
    const run = await acme.deploy(old);
    expect(told(run)).toEqual({
      state: "approved",
      run: "success",
      comments: [
        "What was there before the ledger began is trusted, as the policy says; everything since is cleared. None of that is AI-assisted.",
      ],
    });
  });

  test("trust holds only where every policy in force says so", async () => {
    const acme = await openDeploying(trusting);
    acme.push({ files: { [policyFile]: "deployments: { environments: [staging], first: trust }\n" } });
    const run = await acme.ask(await acme.land());
    acme.clock.now += day;
    await acme.lookAt(run);
    expect(told(run)).toMatchObject({ state: "pending" });
  });

  test("an environment that no policy names has the defaults", async () => {
    const acme = await openDeploying(trusting);
    const run = await acme.ask(await acme.land(), { environment: "staging" });
    acme.clock.now += day;
    await acme.lookAt(run, "staging");
    expect(told(run)).toMatchObject({ state: "pending", comments: [containing("the whole history counts")] });
  });

  test("rewritten history is the first deployment anew where the commit approved last is gone", async () => {
    const { acme, first } = await deployedOnce();
    const sha = acme.push({ from: parentOf(acme, first), force: true });
    acme.world.commits.delete(first);
    acme.changePolicy("deployments: { first: require }\n");
    await acme.write({ sha });
    const run = await acme.ask(sha);
    acme.clock.now += day;
    await acme.lookAt(run);
    expect(told(run)).toMatchObject({
      state: "pending",
      comments: [containing(`${short(first)}, approved last, is not in this history any more`)],
    });
  });

  test("history that was rewritten while the commit approved last is still there brings its new commits", async () => {
    const { acme, first } = await deployedOnce();
    const sha = acme.push({ from: parentOf(acme, first), force: true });
    await acme.write({ sha, cleared: false });
    const run = await acme.deploy(sha);
    expect(told(run)).toMatchObject({
      state: "pending",
      comments: [containing(`Since ${short(first)}, not cleared:`)],
    });
  });
});

test("a roll-back to a commit that was approved before is approved at once", async () => {
  const { acme, first } = await deployedOnce();
  await acme.deploy(await acme.land());
  const reads = acme.github.requests.length;
  const run = await acme.deploy(first);

  expect(told(run)).toMatchObject({
    state: "approved",
    comments: [`${short(first)} was approved for this environment before.`],
  });
  expect(acme.github.requests.slice(reads).some(({ path }) => path.includes("/compare/"))).toBe(false);
});

test("an older commit that this gate never approved must have been cleared, too", async () => {
  const acme = await openDeploying(trusting);
  const old = await acme.land({ cleared: false });
  const parent = parentOf(acme, old);
  await acme.write({ sha: old });
  await acme.deploy(old);
  const run = await acme.ask(parent);
  acme.clock.now += day;
  await acme.lookAt(run);
  expect(told(run)).toMatchObject({ state: "pending", comments: [containing("not in the ledger")] });
});

test("more commits than are looked up wait, and the comment says to deploy in steps", async () => {
  const { acme, first } = await deployedOnce();
  const commits = Array.from({ length: 1_001 }, (_, at) => ({
    message: `Commit ${at}`,
    files: { "a.ts": `${at}` },
  }));
  const sha = acme.push({ commits });
  const before = acme.github.requests.length;
  const run = await acme.deploy(sha);
  expect(told(run)).toMatchObject({
    state: "pending",
    comments: [
      containing(
        `1001 commits since ${short(first)} are more than the 1000 that are looked up. Deploy a commit in between first.`,
      ),
    ],
  });
  expect(acme.github.requests.slice(before).filter(({ path }) => path.includes("/compare/"))).toHaveLength(1);
});

test("what went out past this gate counts for nothing, and what others record of deployments is not even read", async () => {
  const { acme, first } = await deployedOnce();
  const { number, sha } = await acme.merged({ cleared: false });
  const past = await acme.ask(sha);
  // An administrator starts all waiting jobs.
  Object.assign(past, { status: "completed", conclusion: "success" });
  acme.clock.now += day;
  await acme.lookAt(past);
  const run = await acme.deploy(await acme.land());
  const [comment] = told(run).comments;
  expect(told(run).state).toBe("pending");
  expect(comment).toContain(`Since ${short(first)}, not cleared:\n- #${number} needs a senior`);
  expect(acme.github.requests.filter(({ path }) => path.includes("/deployments"))).toEqual([]);
});
