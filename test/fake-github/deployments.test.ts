import { expect, onTestFinished, test } from "vitest";
import { appSettings } from "./app-manifest.ts";
import { octokitWith, startFakeGitHub } from "./server.ts";
import { installationToken, outcome, shop } from "./shop-scene.ts";

/** acme/shop with an environment, production, that the app guards, and june, who can push; nobody hears of anything. */
async function openDeploys() {
  const github = await startFakeGitHub();
  onTestFinished(async () => github.close());
  for (const login of ["june", "ada"]) github.createUser(login);
  github.createOrganization("acme");
  github.createRepository("acme/shop", { collaborators: { june: "write", ada: "admin" } });
  const app = github.createApp({
    slug: "countersign",
    webhookSecret: "secret",
    webhookUrl: "http://127.0.0.1:9/",
    ...appSettings,
  });
  github.holdDeliveries();
  const installation = github.installApp("acme", { repositories: "all" });
  const octokit = octokitWith(github.url, await installationToken(github, app, installation));
  github.guardEnvironment("acme/shop", "production");
  const sha = github.push("acme/shop", { branch: "main", pusher: "ada", message: "One", files: { a: "1" } });
  const deploy = (more: { environment?: string } = {}) =>
    github.deploy("acme/shop", { environment: "production", sha, by: "june", ...more });
  const review = async (
    run_id: number,
    said: { state?: "approved" | "rejected"; comment?: string; environment_name?: string },
  ) =>
    outcome(
      octokit.request("POST /repos/{owner}/{repo}/actions/runs/{run_id}/deployment_protection_rule", {
        ...shop,
        run_id,
        environment_name: "production",
        comment: "",
        ...said,
      }),
    );
  return { github, app, octokit, sha, deploy, review };
}

test("a run waits until the app approves, and the app hears of it with the commit and where to answer", async () => {
  const { github, octokit, sha, deploy, review } = await openDeploys();
  const run = deploy();
  const about = { ...shop, run_id: run.id };
  const pending = async () =>
    (await octokit.rest.actions.getPendingDeploymentsForRun(about)).data.map(
      ({ environment }) => environment.name,
    );
  const before = await pending();

  expect(github.deliveries.filter(({ event }) => event === "deployment_protection_rule")).toMatchObject([
    {
      action: "requested",
      payload: {
        environment: "production",
        sha,
        deployment_callback_url: `${github.url}/api/v3/repos/acme/shop/actions/runs/${run.id}/deployment_protection_rule`,
      },
    },
  ]);
  expect([before, await review(run.id, { state: "approved" }), await pending()]).toEqual([
    ["production"],
    { status: 204 },
    [],
  ]);
  expect((await octokit.rest.actions.getWorkflowRun(about)).data).toMatchObject({ conclusion: "success" });
});

test("a rejection fails the run, and another attempt asks anew", async () => {
  const { github, deploy, review } = await openDeploys();
  const run = deploy();
  await review(run.id, { state: "rejected" });
  const rejected = run.conclusion;
  github.rerun("acme/shop", run);
  expect([rejected, run.status, run.attempt]).toEqual(["failure", "waiting", 2]);
  expect(await review(run.id, { state: "approved" })).toEqual({ status: 204 });
});

test("answers that GitHub would refuse are refused", async () => {
  const { github, octokit, deploy, review } = await openDeploys();
  github.guardEnvironment("acme/shop", "reviewed", { reviewed: true });
  const waits = deploy();
  for (let report = 0; report < 10; report += 1) await review(waits.id, { comment: `Report ${report}` });
  const done = deploy();
  await review(done.id, { state: "approved" });
  const reviewed = deploy({ environment: "reviewed" });
  await review(reviewed.id, { state: "approved", environment_name: "reviewed" });

  expect([
    await review(waits.id, { comment: "One too many" }),
    await review(waits.id, { state: "approved", comment: "x".repeat(1_025) }),
    await review(waits.id, { state: "approved", environment_name: "staging" }),
    await review(done.id, { state: "approved" }),
    await review(reviewed.id, { state: "approved", environment_name: "reviewed" }),
    await review(999, { state: "approved" }),
  ]).toEqual([
    { status: 422, message: 'Validation Failed: "Too many status reports"' },
    { status: 422, message: 'Validation Failed: "Comment is too long (maximum is 1024 characters)"' },
    { status: 422, message: 'Validation Failed: "No pending deployment requests to approve or reject"' },
    { status: 422, message: 'Validation Failed: "No pending deployment requests to approve or reject"' },
    { status: 422, message: 'Validation Failed: "Deployment protection rule has already been reviewed"' },
    { status: 404, message: "Not Found" },
  ]);
  expect(await outcome(octokit.rest.actions.getWorkflowRun({ ...shop, run_id: 999 }))).toMatchObject({
    status: 404,
  });
});

test("an administrator enables the rule of an app that is installed, once, and at most six of them", async () => {
  const { github, app } = await openDeploys();
  const enable = async (by: string, integration_id: number, environment_name = "production") =>
    (
      await outcome(
        github
          .as(by)
          .rest.repos.createDeploymentProtectionRule({ ...shop, environment_name, integration_id }),
      )
    ).status;
  const more = ["two", "three", "four", "five", "six", "seven"].map((slug) => {
    const { permissions, events } = appSettings;
    const one = github.createApp({ slug, webhookSecret: "secret", permissions, events });
    github.installApp("acme", { repositories: "all", app: slug });
    return one.id;
  });
  const [two = 0, ...others] = more;
  const statuses = [await enable("june", two), await enable("ada", app.id), await enable("ada", 1)];
  for (const id of [two, ...others]) statuses.push(await enable("ada", id));

  expect(statuses).toEqual([403, 422, 422, 201, 201, 201, 201, 201, 422]);
  const { data } = await github
    .as("june")
    .rest.repos.getAllDeploymentProtectionRules({ ...shop, environment_name: "Production" });
  expect(data.total_count).toBe(6);
});
