import { setTimeout as pause } from "node:timers/promises";
import type { WorkflowRun } from "../test/fake-github/deployments.ts";
import type { FakeGitHub } from "../test/fake-github/server.ts";
import { agent, shop } from "./acme.ts";
import { aiMessage, line, owner, refusedMerge, repo, settle, settlesWithinMs, type Teller } from "./story.ts";

/** What holds in these stories: infrastructure needs two seniors, whoever changed it, and what ran before is in order. */
export const incidentsPolicy = `rules:
  - name: Senior sign-off
    when: { level_below: senior }
    require: { approvals: 1, level: senior }
  - name: High blast radius
    when: { paths: ["infra/**"], provenance: any }
    require: { approvals: 2, level: senior }
deployments: { environments: [production], first: trust }
`;

/**
 * Plays again what has happened to others, one story after the other, and where each is stopped.
 * @throws when one is not stopped there, or the check or comment does not say why.
 */
export async function playIncidents(github: FakeGitHub, teller: Teller): Promise<void> {
  await agentDeletesAnEnvironment(github, teller);
  await assistantResolvesAnIssue(github, teller);
  await oneSeniorChangesALimit(github, teller);
  await administratorMergesAndDeploys(github, teller);
}

async function agentDeletesAnEnvironment(github: FakeGitHub, { say }: Teller): Promise<void> {
  say(
    "1. grace, a senior, has an agent tidy up. It deletes the production environment, and she approves that herself.",
  );
  const { head, pull } = await openPull(github, {
    branch: "copilot/tidy-up",
    pusher: agent,
    files: { "infra/production.tf": null },
    message: aiMessage("Remove what is not used"),
  });
  await github
    .as("grace")
    .rest.issues.addAssignees({ owner, repo, issue_number: pull, assignees: ["grace"] });
  await approve(github, "grace", pull);
  const says = ["Waiting for 2 approvals by senior or above", "is a contributor to this change"];
  say(line(await settle(github, head, { conclusion: "action_required", says })));
  say(`   The agent merges all the same. GitHub: ${await refusedMerge(github.as(agent), pull)}`);
}

async function assistantResolvesAnIssue(github: FakeGitHub, { say }: Teller): Promise<void> {
  say(
    "2. An issue is assigned to an assistant, which writes the fix and opens the pull request; another approves it. No person was there.",
  );
  const { head, pull } = await openPull(github, {
    branch: "copilot/fix-17",
    pusher: agent,
    files: { "src/cart.ts": "export const total = 17;\n" },
    message: aiMessage("Fix the total"),
  });
  await approve(github, "reviewer[bot]", pull);
  const says = ["Waiting for 1 approval by senior or above", "is not a person: bots and apps have no say"];
  say(line(await settle(github, head, { conclusion: "action_required", says })));
  say(`   The assistant merges all the same. GitHub: ${await refusedMerge(github.as(agent), pull)}`);
}

async function oneSeniorChangesALimit(github: FakeGitHub, { say }: Teller): Promise<void> {
  say(
    "3. grace changes one number in a configuration file that every server reads, by hand, and vera, a senior, approves it.",
  );
  const { head, pull } = await openPull(github, {
    branch: "raise-limit",
    pusher: "grace",
    files: { "infra/limits.yml": "connections: 100000\n" },
    message: "Raise the limit\n",
  });
  await approve(github, "vera", pull);
  const says = ["Waiting for 1 approval by senior or above: ada can", "infra/limits.yml"];
  say(line(await settle(github, head, { conclusion: "action_required", says })));
  say("   A second senior, ada, looks at it, and it may land.");
  await approve(github, "ada", pull);
  say(line(await settle(github, head, { conclusion: "success", says: ["Countersigned by vera"] })));
  const { data: merge } = await github.as("grace").rest.pulls.merge({ owner, repo, pull_number: pull });
  await deployed(github, merge.sha, "approved");
}

async function administratorMergesAndDeploys(github: FakeGitHub, { say }: Teller): Promise<void> {
  say(
    "4. ada, an administrator, merges juno's AI-assisted pull request past the check, and main is deployed.",
  );
  const { head, pull } = await openPull(github, {
    branch: "cache",
    pusher: "juno",
    files: { "src/cart.ts": "export const total = 4;\n" },
    message: aiMessage("Cache the total"),
  });
  await settle(github, head, { conclusion: "action_required", says: ["Waiting for 1 approval"] });
  const run = await deployed(github, github.mergeAnyway(shop, pull, "ada"), "pending");
  say(comment(await settleRun(run, "pending", `#${pull} needs a senior: grace`)));
  say("   grace looks at the merged pull request and approves it. The deployment goes on by itself.");
  await approve(github, "grace", pull);
  say(comment(await settleRun(run, "approved", `#${pull}: countersigned by grace`)));
}

/** A branch with one commit, and the pull request that its author opens from it. */
async function openPull(
  github: FakeGitHub,
  change: { branch: string; pusher: string; files: Record<string, string | null>; message: string },
): Promise<{ head: string; pull: number }> {
  const { branch, pusher } = change;
  const head = github.push(shop, change);
  const opened = { owner, repo, title: branch, head: branch, base: "main" };
  const { data } = await github.as(pusher).rest.pulls.create(opened);
  return { head, pull: data.number };
}

async function approve(github: FakeGitHub, by: string, pull_number: number): Promise<void> {
  await github.as(by).rest.pulls.createReview({ owner, repo, pull_number, event: "APPROVE" });
}

/** A job deploys a commit to production. Returns once it is what it has to be. */
async function deployed(
  github: FakeGitHub,
  sha: string,
  state: "approved" | "pending",
): Promise<WorkflowRun> {
  const run = github.deploy(shop, { environment: "production", sha, by: "juno" });
  await settleRun(run, state, "");
  return run;
}

/** Waits until the gate of a run is what it has to be, and its last comment says so. */
async function settleRun(
  run: WorkflowRun,
  state: "approved" | "pending",
  says: string,
): Promise<WorkflowRun> {
  const deadline = Date.now() + settlesWithinMs;
  for (;;) {
    const [gate] = run.gates;
    if (gate?.state === state && (says === "" || gate.comments.at(-1)?.includes(says) === true)) return run;
    if (Date.now() > deadline)
      throw new Error(
        `Expected a deployment that is ${state} and says "${says}", but:\n${JSON.stringify(gate)}`,
      );
    await pause(50);
  }
}

function comment({ gates: [gate] }: WorkflowRun): string {
  const lines = gate?.comments.at(-1)?.split("\n") ?? [];
  return lines.map((text) => (text === "" ? "│" : `│ ${text}`)).join("\n");
}
