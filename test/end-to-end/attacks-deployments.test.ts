/** Attacks on the gate of an environment: bringing to production what no senior has approved. */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { WorkflowRun } from "../fake-github/deployments.ts";
import { repositoryNamed } from "../fake-github/setup.ts";
import {
  assertNothingRefused,
  type Company,
  openCompany,
  ownCompany,
  policyFile,
  roster,
  rosterFile,
  shop,
} from "./company.ts";
import { containing } from "./containing.ts";
import { commitAt, land } from "./land.ts";
import { aiTrailer, openPull, pushMore, review } from "./pull-request.ts";
import { deliver } from "./signed-delivery.ts";
import { until } from "./until.ts";

const trusting = `deployments: { environments: ["prod*"], first: trust }\n`;
const files = { [rosterFile]: roster, [policyFile]: trusting };

let company: Company;
let later = 0;
let environments = 0;
beforeAll(async () => {
  company = await openCompany({ files, now: () => Date.now() + later });
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

/** An environment to which nothing was deployed yet. The organisation's policy trusts the first deployment to it. */
function freshEnvironment({ github } = company): string {
  const name = `prod-${++environments}`;
  github.guardEnvironment(shop, name);
  return name;
}

/** A job wants to deploy a commit. Returns what its gate was told once it has an answer, or a reason to wait. */
async function deploy(
  environment: string,
  sha: string,
  more: Partial<Parameters<Company["github"]["deploy"]>[1]> = {},
  { github } = company,
): Promise<WorkflowRun> {
  const run = github.deploy(shop, { environment, sha, by: "juno", ...more });
  await answered(run);
  return run;
}

async function answered({ gates: [gate] }: WorkflowRun): Promise<void> {
  await until("the run to be told whether it goes on", () => gate?.comments.length === 1);
}

/** juno's pull request, countersigned by grace and merged. Returns the new tip of main. */
async function countersigned(own = company): Promise<string> {
  const pull = await openPull(own);
  await review(own, pull, "grace");
  const merged = await land(own, pull, "merge");
  await own.idle();
  return merged;
}

const waits = (why: string) => ({
  status: "waiting",
  gates: [{ state: "pending", comments: [containing(why)] }],
});
const goesOn = { conclusion: "success", gates: [{ state: "approved" }] };

it("deploys no branch that was never merged, though what was there before is trusted", async () => {
  const environment = freshEnvironment();
  const { sha, branch } = await openPull(company);
  await company.idle();
  const run = company.github.deploy(shop, { environment, sha, branch, by: "juno" });
  // For ten minutes the ledger may only be behind.
  await until("the first look", () => company.log.some((line) => line.includes(`:${run.id}:${environment}`)));
  later += 10 * 60_000;
  await answered(run);

  expect(run).toMatchObject(waits(`${sha.slice(0, 7)}\`: not in the ledger, so no gated branch`));
});

it("deploys nothing by a workflow run of a fork, not even what was deployed before", async () => {
  const environment = freshEnvironment();
  const merged = await countersigned();
  expect(await deploy(environment, merged)).toMatchObject(goesOn);
  company.github.createFork(shop, "dora");
  const fork = repositoryNamed(company.github.world, "dora/shop");

  const run = await deploy(environment, merged, { fork, event: "pull_request", by: "dora" });

  expect(run).toMatchObject(waits("The workflow run is of dora/shop, not of this repository."));
});

it("deploys no commit from the middle of a countersigned pull request, which nobody approved without the rest", async () => {
  const environment = freshEnvironment();
  await deploy(environment, await countersigned());
  const pull = await openPull(company, { message: "Let everybody in" });
  pushMore(company, pull, { message: "Let nobody in" });
  await review(company, pull, "grace");
  const merged = await land(company, pull, "merge");
  await company.idle();

  const between = await deploy(environment, pull.sha);

  expect(between).toMatchObject(waits(`is only a part of #${pull.number}, and nobody approved`));
  expect(await deploy(environment, merged)).toMatchObject(goesOn);
});

it("trusts no first deployment because a policy of the repository's own says so", async () => {
  const own = await ownCompany({ files });
  own.github.guardEnvironment(shop, "staging");
  const sha = own.github.push(shop, {
    ...{ branch: "main", pusher: "ada", message: "Trust the first", bypassRules: true },
    files: { [policyFile]: trusting.replace("prod*", "staging") },
  });

  const run = await deploy("staging", sha, {}, own);

  expect(run).toMatchObject(waits("approved nothing for this environment yet, so the whole history counts"));
});

it("counts what was never cleared though history was rewritten, and what was approved last is gone", async () => {
  const own = await ownCompany({ files });
  const environment = freshEnvironment(own);
  const approved = await countersigned(own);
  expect(await deploy(environment, approved, {}, own)).toMatchObject(goesOn);
  const [before = ""] = commitAt(own, approved).parents;
  const pushed = own.github.push(shop, {
    ...{ branch: "main", pusher: "juno", from: before, force: true, bypassRules: true },
    message: `Past the check\n\n${aiTrailer}\n`,
    files: { "src/past.ts": "export {};\n" },
  });
  await own.idle();
  const merged = await countersigned(own);
  // In the end GitHub throws away what no branch has.
  repositoryNamed(own.github.world, shop).commits.delete(approved);

  const run = await deploy(environment, merged, {}, own);

  expect(run).toMatchObject(waits(`- \`${pushed.slice(0, 7)}\` (pushed directly) needs a senior`));
});

it("takes no run of another repository for one of its own", async () => {
  const { github } = company;
  const environment = freshEnvironment();
  const sha = await countersigned();
  github.createRepository("acme/bank", { collaborators: { juno: "write" } });
  github.guardEnvironment("acme/bank", environment);
  github.holdDeliveries();
  const run = github.deploy("acme/bank", { environment, sha: headOf("acme/bank"), by: "juno" });
  const payload = github.deliveries.findLast(({ event }) => event === "deployment_protection_rule")?.payload;
  github.releaseDeliveries({ drop: ({ event }) => event === "deployment_protection_rule" });
  const repository = github.deliveries.findLast(({ event }) => event === "push")?.payload["repository"];
  const body = { ...payload, repository, sha };

  expect(await deliver(company.url, { event: "deployment_protection_rule", body })).toMatchObject({
    status: 400,
    text: containing("deployment_callback_url: names no run of this repository"),
  });
  await company.idle();
  expect(run).toMatchObject({ status: "waiting", gates: [{ state: "pending", comments: [] }] });
});

function headOf(repository: string): string {
  return repositoryNamed(company.github.world, repository).branches.get("main") ?? "";
}
