import { describe, expect, test } from "vitest";
import { assertNothingRefused, roster, shop } from "../end-to-end/company.ts";
import { appSettings } from "../fake-github/app-manifest.ts";
import { createEnvironment, enableRule } from "../fake-github/deployments.ts";
import { repositoryNamed } from "../fake-github/setup.ts";
import { acme, on, requires } from "./doctor-scene.ts";

describe("countersign doctor", () => {
  test("finds nothing where the check is required of this app on every gated branch, and says what it could not see", async () => {
    const { github, install, run } = await acme();
    install();
    const { status, stdout, stderr } = await run(["acme"]);
    expect([status, stdout, stderr]).toEqual([
      0,
      `Could not be seen, so nothing is said about it:
  acme/.github: The app cannot see who may bypass the ruleset "Require Countersign on main": GitHub shows that only to those who may change it.
    See: run countersign doctor acme/.github with an administrator's token in GITHUB_TOKEN
  acme/shop: The app cannot see who may bypass the ruleset "Require Countersign on main": GitHub shows that only to those who may change it.
    See: run countersign doctor acme/shop with an administrator's token in GITHUB_TOKEN

Nothing to repair in 2 repositories.
`,
      "examining acme/.github\nexamining acme/shop\n",
    ]);
    assertNothingRefused(github);
  });

  test("sees with an administrator's token that nobody may bypass the check", async () => {
    const { install, run } = await acme();
    install();
    const { status, stdout } = await run(["acme/shop"], { by: "ada" });
    expect([status, stdout]).toEqual([0, "Nothing to repair in 1 repository.\n"]);
  });

  test("says for a gated branch where to click and what to call", async () => {
    const { install, github, run, appId } = await acme({ roster, policy: "branches: [main, release/*]\n" });
    install();
    github.push(shop, { branch: "release/1", pusher: "ada" });
    const { status, stdout } = await run(["acme/shop"]);
    const ruleset = JSON.stringify({
      name: "Countersign",
      target: "branch",
      enforcement: "active",
      bypass_actors: [],
      conditions: { ref_name: { include: ["refs/heads/main", "refs/heads/release/*"], exclude: [] } },
      rules: [
        {
          type: "pull_request",
          parameters: {
            required_approving_review_count: 0,
            dismiss_stale_reviews_on_push: false,
            require_code_owner_review: false,
            require_last_push_approval: false,
            required_review_thread_resolution: false,
          },
        },
        requires({ context: "Countersign", integration_id: appId }),
      ],
    });
    expect([status, stdout]).toEqual([
      1,
      expect.stringContaining(`error acme/shop, branch release/1
  A policy gates this branch, but the check Countersign is not required on it: whoever may merge or push does so without it.
  Repair: ${github.url}/acme/shop/settings/rules › New branch ruleset › target this branch, require a pull request and the status check Countersign, source countersign
  API: gh api --method POST /repos/acme/shop/rulesets --input - <<< '${ruleset}'
`),
    ]);
  });

  test("finds a check that anybody may publish, one of another app, and one on a branch no policy names", async () => {
    const { install, github, findings } = await acme({ roster, policy: 'branches: [main, "release/**"]\n' });
    install();
    for (const branch of ["release/1", "release/2/3", "topic", "other"])
      github.push(shop, { branch, pusher: "ada" });
    const appId = [...github.world.apps.keys()][0] ?? 0;
    github.requireCheck(shop, "release/1", { context: "Countersign" });
    github.requireCheck(shop, "release/2/3", { context: "Countersign", appId: 15368 });
    github.requireCheck(shop, "topic", { context: "Countersign", appId });
    github.requireCheck(shop, "other", { context: "build" });
    expect(await findings(["acme/shop", "--json"])).toEqual([
      "error check-of-anybody acme/shop@release/1",
      "error check-of-another-app acme/shop@release/2/3",
      "note not-in-policy acme/shop@topic",
    ]);
  });

  test("reads the older branch protection: its source, where -1 is anybody, and whether administrators are held", async () => {
    const { install, github, findings, appId, run } = await acme({
      roster,
      policy: 'branches: [main, "r/*"]\n',
    });
    install();
    const protect = (branch: string, app_id: number | null, enforceAdmins: boolean) => {
      github.push(shop, { branch, pusher: "ada" });
      github.protect(shop, { branch, check: { context: "Countersign", app_id }, enforceAdmins });
    };
    protect("r/anybody", -1, true);
    protect("r/closed", appId, true);
    protect("r/nobody", null, true);
    protect("r/open", appId, false);
    expect(await findings(["acme/shop", "--json"])).toEqual([
      "error check-of-anybody acme/shop@r/anybody",
      "error check-of-anybody acme/shop@r/nobody",
      "warning bypass acme/shop@r/open",
    ]);
    const { stdout } = await run(["acme/shop"]);
    expect(stdout).toContain(
      "API: gh api --method POST /repos/acme/shop/branches/r%2Fopen/protection/enforce_admins\n",
    );
    assertNothingRefused(github);
  });

  test("names who may bypass a ruleset to an administrator, and not where another ruleset holds them", async () => {
    const { install, github, run, appId } = await acme({ roster, policy: 'branches: [main, "r/*"]\n' });
    install();
    github.push(shop, { branch: "r/1", pusher: "ada" });
    github.push(shop, { branch: "r/2", pusher: "ada" });
    const rules = [requires({ context: "Countersign", integration_id: appId })];
    const { id } = github.addRuleset(shop, {
      name: "Releases",
      enforcement: "active",
      conditions: on("refs/heads/r/*"),
      rules,
      bypass_actors: [
        { actor_type: "OrganizationAdmin", bypass_mode: "always" },
        { actor_type: "Team", actor_id: 7, bypass_mode: "exempt" },
      ],
    });
    github.addRuleset(shop, { name: "More", enforcement: "active", conditions: on("refs/heads/r/2"), rules });
    const { stdout } = await run(["acme/shop"], { by: "ada" });
    expect(stdout).toBe(`warning acme/shop, branch r/1
  OrganizationAdmin, Team 7 (leaving no entry in the audit log) may merge or push without the check.
  Repair: ${github.url}/acme/shop/settings/rules/${id} › Bypass list › take them out
  API: gh api --method PUT /repos/acme/shop/rulesets/${id} --input - <<< '{"bypass_actors":[]}'

1 finding in 1 repository.
`);
    const seen = await run(["acme/shop"], { by: "grace" });
    expect([seen.status, seen.stdout]).toEqual([
      0,
      expect.stringContaining('the ruleset "Require Countersign on main", "Releases", "More"'),
    ]);
  });

  test("finds a merge queue that asks only its last entry, and not one that asks all", async () => {
    const { install, github, findings, appId } = await acme({ roster, policy: 'branches: ["q/*", main]\n' });
    install();
    for (const grouping_strategy of ["ALLGREEN", "HEADGREEN"] as const) {
      const branch = `q/${grouping_strategy}`;
      github.push(shop, { branch, pusher: "ada" });
      github.addRuleset(shop, {
        name: branch,
        enforcement: "active",
        conditions: on(`refs/heads/${branch}`),
        rules: [
          requires({ context: "Countersign", integration_id: appId }),
          { type: "merge_queue", parameters: { grouping_strategy } },
        ],
      });
    }
    expect(await findings(["acme/shop", "--json"])).toEqual([
      "warning queue-lets-failures-ride acme/shop@q/HEADGREEN",
    ]);
  });

  test("counts no ruleset that is switched off", async () => {
    const { install, github, findings, appId } = await acme({ roster, policy: "branches: [next]\n" });
    install();
    github.push(shop, { branch: "next", pusher: "ada" });
    const rules = [requires({ context: "Countersign", integration_id: appId })];
    github.addRuleset(shop, { name: "Later", enforcement: "evaluate", conditions: on("~ALL"), rules });
    expect(await findings(["acme/shop", "--json"])).toEqual([
      "note not-in-policy acme/shop@main",
      "error check-not-required acme/shop@next",
    ]);
  });

  test("says that a policy which only observes keeps nothing closed", async () => {
    const { install, findings, run } = await acme({ roster, policy: "mode: observe\n" });
    install();
    expect(await findings(["acme/shop", "--json"])).toEqual(["note observe-only acme/shop@main"]);
    expect((await run(["acme/shop"])).stdout).toContain("mode: enforce\n  API: no single call does this\n");
  });

  test("goes through more branches than fit on a page, and leaves GitHub's own out", async () => {
    const { install, github, findings } = await acme({ roster, policy: "branches: [~ALL]\n" });
    install();
    for (let at = 10; at < 70; at++) github.push(shop, { branch: `b${at}`, pusher: "ada" });
    github.push(shop, { branch: "gh-readonly-queue/main/pr-1-abc", pusher: "ada" });
    const found = await findings(["acme/shop", "--json"]);
    expect([found.length, found[0], found[59]]).toEqual([
      60,
      "error check-not-required acme/shop@b10",
      "error check-not-required acme/shop@b69",
    ]);
  });

  test("finds what is wrong with the organisation's files once, whatever the number of repositories", async () => {
    const { github, install, run } = await acme({
      roster: "people:\n  ada: seniour\n",
      policy: "brunches: []\n",
    });
    install();
    const { stdout } = await run(["acme"]);
    expect(stdout.match(/^ {2}Repair: \S+/gmu)?.slice(0, 2)).toEqual(
      ["roster", "policy"].map(
        (file) => `  Repair: ${github.url}/acme/.github/edit/main/.github/countersign/${file}.yml`,
      ),
    );
    expect(stdout.match(/^error .*\n.*$/gmu)).toEqual([
      'error acme/.github\n  acme/.github › .github/countersign/roster.yml:2:8: people.ada: level "seniour" does not exist; did you mean "senior"? the levels are junior, mid, senior, staff, principal.',
      expect.stringMatching(
        /^error acme\/\.github\n {2}acme\/\.github › \.github\/countersign\/policy\.yml:1:1: /u,
      ),
    ]);
  });

  test("finds that there is no roster, a team that cannot be read, and a roster that everybody can read", async () => {
    const none = await acme({});
    none.install();
    expect(await none.findings(["acme/shop", "--json"])).toEqual(["warning roster-missing acme/shop"]);
    expect((await none.run(["acme/shop"])).stdout).toContain(`
  Repair: ${none.github.url}/acme/.github/new/main?filename=.github/countersign/roster.yml
  API: gh api --method PUT /repos/acme/.github/contents/.github/countersign/roster.yml -f message="Write roster.yml" -f content="$(base64 < roster.yml)"
`);
    const open = await acme({ roster: `${roster}teams:\n  acme/gone: senior\n` });
    open.install();
    for (const repository of open.github.world.repositories.values())
      if (repository.name === ".github") repository.private = false;
    expect(await open.findings()).toEqual([
      "warning config-repository-public acme/.github",
      "error team-unreadable acme/.github",
    ]);
  });

  test("finds permissions and events that the installation lacks, and a configuration repository it was not given", async () => {
    const { github, findings, run } = await acme();
    const { merge_queues: _, ...withoutQueues } = appSettings.permissions;
    const app = github.createApp({
      slug: "old-countersign",
      webhookSecret: "a secret long enough",
      permissions: withoutQueues,
      events: appSettings.events.filter((event) => event !== "merge_group"),
    });
    github.installApp("acme", { repositories: ["shop"], app: "old-countersign" });
    const environment = { APP_ID: String(app.id), PRIVATE_KEY: app.privateKey };
    const { stdout } = await run(["acme"], { environment });
    expect(stdout).toContain(`error acme
  The app lacks what it needs: the permission merge_queues: read, the event merge_group.
  Repair: ${github.url}/settings/apps/old-countersign/permissions › add them, save; then `);
    expect(stdout).toContain(
      "  acme/.github is not given to the app: if it holds a roster or a policy, they are not known,",
    );
    expect(await findings()).toEqual(["error not-installed acme"]);
  });

  test("says of an owner and a repository outside of the installation what to do", async () => {
    const { github, install, run, findings } = await acme();
    expect((await run(["acme"])).stdout).toContain(
      `Repair: ${github.url}/apps/countersign/installations/new › acme`,
    );
    install([".github"]);
    expect(await findings(["acme/shop", "--json"])).toEqual(["error repository-not-given acme/shop"]);
    expect(await findings(["nobody/shop", "--json"])).toEqual(["error not-installed nobody/shop"]);
    for (const installation of github.world.installations.values())
      installation.suspendedAt = "2026-01-01T00:00:00Z";
    expect(await findings(["acme/shop", "--json"])).toEqual(["error suspended acme"]);
  });

  test("takes a repository that cannot be read for no closed one", async () => {
    const { github, install, findings } = await acme();
    install();
    github.fault({ path: /^\/graphql$/u, operation: "Branches", status: 502, times: 1 });
    expect(await findings()).toEqual(["error unreadable acme/.github"]);
  });

  test("never says that there is nothing to repair when one of its requests was lost", {
    timeout: 60_000,
  }, async () => {
    const { github, install, run } = await acme();
    install();
    expect((await run(["acme/shop"])).status).toBe(0);
    const requests = github.requests.length;
    const statuses: number[] = [];
    for (let after = 0; after < requests; after++) {
      const undo = github.fault({ path: /./u, status: 502, after, times: 1 });
      statuses.push((await run(["acme/shop"])).status);
      expect(undo()).toBe(0);
    }
    expect([requests > 5, statuses.filter((status) => status === 0)]).toEqual([true, []]);
  });

  test("never lets a branch's name move the cursor", async () => {
    const { github, install, run } = await acme({ roster, policy: "branches: [~ALL]\n" });
    install();
    github.push(shop, { branch: "a\u001b[31mb", pusher: "ada" });
    expect((await run(["acme/shop"])).stdout).toContain("error acme/shop, branch a[31mb\n");
  });

  test("finds an environment that a policy names and that does not wait for the app, until it does", async () => {
    const policy = 'deployments: { environments: [production, "prod-*"] }\n';
    const { github, install, findings, run, appId } = await acme({ roster, policy });
    install();
    const repository = repositoryNamed(github.world, shop);
    createEnvironment(github.world, repository, "staging");
    enableRule(github.world, repository, createEnvironment(github.world, repository, "prod-eu"), appId);
    const production = createEnvironment(github.world, repository, "production");
    expect(await findings(["acme/shop", "--json"])).toEqual([
      "error environment-not-guarded acme/shop@production",
    ]);
    expect((await run(["acme/shop"])).stdout).toContain(`error acme/shop, environment production
  A policy names this environment, but its deployments do not wait for the app: whatever commit is picked is deployed.
  Repair: ${github.url}/acme/shop/settings/environments › this environment › Deployment protection rules › countersign
  API: gh api --method POST /repos/acme/shop/environments/production/deployment_protection_rules --input - <<< '{"integration_id":${appId}}'
`);
    enableRule(github.world, repository, production, appId);
    expect(await findings(["acme/shop", "--json"])).toEqual([]);
    assertNothingRefused(github);
  });

  test("says that it cannot see environments without actions: read, and asks for none where no policy names one", async () => {
    const policy = "deployments: { environments: [production] }\n";
    const own = await acme({ roster, policy });
    const { actions: _, ...withoutActions } = appSettings.permissions;
    const { id, privateKey } = own.github.createApp({
      slug: "older",
      webhookSecret: "a secret long enough",
      permissions: withoutActions,
      events: appSettings.events,
    });
    own.github.installApp("acme", { repositories: "all", app: "older" });
    const environment = { APP_ID: String(id), PRIVATE_KEY: privateKey };
    expect((await own.run(["acme/shop"], { environment })).stdout).toContain(
      "  acme/shop: The app cannot see which environments wait for it: GitHub does not show them to the app; it needs actions: read.\n",
    );
    const none = await acme();
    none.install();
    await none.findings();
    expect(none.github.requests.filter(({ path }) => path.includes("/environments"))).toEqual([]);
  });
});
