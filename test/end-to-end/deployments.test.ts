import { afterEach, beforeEach, expect, it } from "vitest";
import type { WorkflowRun } from "../fake-github/deployments.ts";
import {
  assertNothingRefused,
  checkOn,
  type Company,
  configRepository,
  ownCompany,
  policyFile,
  roster,
  rosterFile,
  shop,
} from "./company.ts";
import { containing } from "./containing.ts";
import { openPull, type PullRequest, review } from "./pull-request.ts";
import { until } from "./until.ts";

const at = { owner: "acme", repo: "shop" } as const;
const trusting = "deployments: { environments: [production], first: trust }\n";

let company: Company;
beforeEach(async () => {
  company = await ownCompany({ files: { [rosterFile]: roster, [policyFile]: trusting } });
  company.github.guardEnvironment(shop, "production");
});
afterEach(() => assertNothingRefused(company.github));

/** A job deploys a commit; what its gate was told once nothing is going on any more. */
async function deploy(sha: string): Promise<WorkflowRun> {
  const run = company.github.deploy(shop, { environment: "production", sha, by: "juno" });
  await company.idle();
  return run;
}

/** juno's pull request, countersigned by grace and merged. Returns the new tip of main. */
async function countersigned(): Promise<PullRequest & { readonly merged: string }> {
  const pull = await openPull(company);
  await review(company, pull, "grace");
  await company.idle();
  const { data } = await company.github.as("juno").rest.pulls.merge({ ...at, pull_number: pull.number });
  await company.idle();
  return { ...pull, merged: data.sha };
}

/** juno's pull request, merged by an administrator without a countersignature. */
async function bypassing(): Promise<PullRequest & { readonly merged: string }> {
  const pull = await openPull(company);
  await company.idle();
  const merged = company.github.mergeAnyway(shop, pull.number, "ada");
  await company.idle();
  return { ...pull, merged };
}

it("lets a countersigned change go to production, and names who countersigned it", async () => {
  await deploy((await countersigned()).merged);
  const pull = await countersigned();
  const run = await deploy(pull.merged);

  expect(run.conclusion).toBe("success");
  expect(run.gates[0]?.comments).toEqual([containing(`- #${pull.number}: countersigned by grace`)]);
  const metrics = await (await fetch(`${company.url}/metrics`)).text();
  expect(metrics).toContain('countersign_deployments_total{outcome="approved"} 2');
});

it.each(["approves the merged pull request", "writes /countersign accept"])(
  "holds an administrator's merge back from production until a senior %s",
  async (how) => {
    await deploy((await countersigned()).merged);
    const pull = await bypassing();
    const run = await deploy(pull.merged);
    expect(run).toMatchObject({
      status: "waiting",
      gates: [{ state: "pending", comments: [containing(`- #${pull.number} needs a senior: grace`)] }],
    });

    if (how.startsWith("approves")) await review(company, pull, "grace");
    else {
      const body = `/countersign accept ${pull.merged}`;
      await company.github.as("grace").rest.issues.createComment({ ...at, issue_number: pull.number, body });
    }
    await company.idle();

    expect(run.conclusion).toBe("success");
    expect(run.gates[0]?.comments.at(-1)).toContain(`- #${pull.number}: countersigned by grace`);
  },
);

it("does not take the word of somebody who could not have countersigned", async () => {
  await deploy((await countersigned()).merged);
  const pull = await bypassing();
  const run = await deploy(pull.merged);
  await review(company, pull, "milo");
  await company.github.as("juno").rest.issues.createComment({
    ...at,
    issue_number: pull.number,
    body: `/countersign accept ${pull.merged}`,
  });
  await company.idle();
  expect(run).toMatchObject({ status: "waiting" });
});

it("judges what waits again when the policy changes", async () => {
  await deploy((await countersigned()).merged);
  const run = await deploy((await bypassing()).merged);
  company.github.push(configRepository, {
    branch: "main",
    pusher: "ada",
    message: "Reject",
    files: { [policyFile]: trusting.replace(" }", ", on_uncleared: reject }") },
  });
  await company.idle();
  expect(run.conclusion).toBe("failure");
  expect(run.gates[0]?.comments.at(-1)).toContain("Rejected, as the policy says:");
});

it("rolls back to what it approved before at once", async () => {
  const first = (await countersigned()).merged;
  await deploy(first);
  await deploy((await countersigned()).merged);
  const run = await deploy(first);
  expect(run.gates[0]?.comments).toEqual([containing("was approved for this environment before.")]);
});

it("waits while the app may not answer, and everything else goes on; once it may, the deployment does", async () => {
  const { github } = company;
  const { merged } = await countersigned();
  const answer = /\/deployment_protection_rule$/u;
  const body = { message: "Resource not accessible by integration" };
  const accept = github.fault({ method: "POST", path: answer, status: 403, body });
  const run = github.deploy(shop, { environment: "production", sha: merged, by: "juno" });
  await until("the answer to be refused", () =>
    github.requests.some(({ path, status }) => answer.test(path) && status === 403),
  );
  const pull = await openPull(company);
  const check = await until("the check on the next pull request", async () =>
    checkOn(github, pull.sha, company.appId),
  );
  const before = run.status;
  accept();
  await company.idle();

  expect([check.conclusion, before, run.conclusion]).toEqual(["action_required", "waiting", "success"]);
});

it("finds a deployment that no delivery told of, and lets it go on", async () => {
  const { github } = company;
  const { merged } = await countersigned();
  let run: WorkflowRun | undefined;
  await company.restart(async () => {
    run = github.deploy(shop, { environment: "production", sha: merged, by: "juno" });
    await github.quiet();
    github.deliveries.length = 0;
  });
  const found = await until("the run to go on", () => run?.conclusion === "success" && run);
  expect(found.gates[0]?.comments).toHaveLength(1);
});
