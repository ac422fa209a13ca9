import { describe, expect, test } from "vitest";
import { GitHubError } from "../../src/github/errors.ts";
import { deploymentOf } from "../../src/store/deployments.ts";
import { containing, matching } from "../end-to-end/containing.ts";
import { repositoryNamed } from "../fake-github/setup.ts";
import { deployedOnce, minute, openDeploying, told } from "./deploying.ts";

describe("bad input is never approved", () => {
  test("a run of a fork", async () => {
    const { acme } = await deployedOnce();
    acme.github.createUser("eve");
    acme.github.createRepository("eve/shop", {});
    const fork = repositoryNamed(acme.github.world, "eve/shop");
    const run = await acme.deploy(await acme.land(), { fork, event: "pull_request" });
    const gone = await acme.deploy(await acme.land(), { fork: null, event: "pull_request" });

    expect(told(run)).toMatchObject({
      state: "pending",
      comments: [containing("The workflow run is of eve/shop, not of")],
    });
    expect(told(gone)).toMatchObject({
      state: "pending",
      comments: [containing("a repository that was deleted")],
    });
  });

  test("a commit that GitHub does not know", async () => {
    const { acme } = await deployedOnce();
    const sha = await acme.land();
    const run = await acme.ask(sha);
    acme.world.commits.delete(sha);
    await acme.lookAt(run);
    expect(told(run)).toMatchObject({
      state: "pending",
      comments: [containing("GitHub does not know the commit")],
    });
  });

  test("a run that vanished, once it had time to appear", async () => {
    const { acme } = await deployedOnce();
    const run = await acme.ask(await acme.land());
    acme.world.runs.length = 0;
    const early = await acme.lookAt(run);
    acme.clock.now += minute;
    const late = await acme.lookAt(run);
    const after = await acme.lookAt(run);

    expect([early, late, after]).toEqual([
      { kind: "deployment", outcome: "waiting", wrote: false, again: expect.any(Number) },
      { kind: "deployment", outcome: "gone", wrote: false, again: null },
      null,
    ]);
    expect(told(run).comments).toEqual([]);
  });

  test("an environment that the run does not wait for", async () => {
    const { acme } = await deployedOnce();
    const run = await acme.ask(await acme.land());
    for (const gate of run.gates) gate.state = "approved";
    acme.clock.now += minute;
    expect(await acme.lookAt(run)).toMatchObject({ outcome: "gone" });
  });

  test("a deployment that nobody asked for", async () => {
    const { acme } = await deployedOnce();
    const run = acme.github.deploy("acme/shop", { environment: "production", sha: acme.head, by: "june" });
    expect(await acme.lookAt(run)).toBeNull();
  });

  test("a policy that cannot be read", async () => {
    const acme = await openDeploying("mode: maybe\n");
    const run = await acme.deploy(await acme.land());
    expect(told(run)).toMatchObject({
      state: "pending",
      comments: [containing("The policy cannot be read:")],
    });
  });
});

describe("when a call to GitHub fails", () => {
  const calls = [
    ["the run", /\/actions\/runs\/\d+$/u],
    ["what is pending", /\/pending_deployments$/u],
    ["the comparison", /\/compare\//u],
    ["the rules", /^\/graphql$/u],
    ["the answer", /\/deployment_protection_rule$/u],
  ] as const;

  test.each(calls)("%s: the next look approves, once", async (_, path) => {
    const { acme } = await deployedOnce();
    const run = await acme.ask(await acme.land());
    acme.github.fault({ path, times: 1 });
    await expect(acme.lookAt(run)).rejects.toThrow(GitHubError);
    const before = told(run);
    await acme.lookAt(run);

    expect(before).toMatchObject({ state: "pending", comments: [] });
    expect(told(run)).toMatchObject({ state: "approved", run: "success" });
  });

  test.each([
    ["production", "success", 1],
    // GitHub takes no second answer, and says so.
    ["staging", null, 2],
  ] as const)("the approval was taken but its answer was lost: %s", async (environment, conclusion, sent) => {
    const { acme } = await deployedOnce("deployments: { first: trust }\n");
    const run = await acme.ask(await acme.land(), { environment });
    const before = acme.answers().length;
    acme.github.fault({ path: /\/deployment_protection_rule$/u, times: 1, afterEffect: true, destroy: true });
    await expect(acme.lookAt(run, environment)).rejects.toThrow(GitHubError);
    await acme.lookAt(run, environment);

    expect(told(run)).toMatchObject({ state: "approved", run: conclusion });
    expect(run.gates[0]?.comments).toHaveLength(1);
    expect(acme.answers()).toHaveLength(before + sent);
    const stored = await deploymentOf(acme.store, `deploy:acme/shop:${run.id}:${environment}`);
    expect(stored).toMatchObject({ state: "approved", settled: true });
    // From it the next deployment is counted.
    const next = await acme.deploy(await acme.land(), { environment });
    expect(next.gates[0]?.comments).toEqual([matching(/^The one commit since /u)]);
  });
});
