/** acme whose shop deploys to an environment that the app guards, with a ledger that a test writes. */
import { lookAtDeployment } from "../../src/production/look-deployment.ts";
import { recordLanded, type NewLanded } from "../../src/store/landed.ts";
import type { WorkflowRun } from "../fake-github/deployments.ts";
import { repositoryNamed } from "../fake-github/setup.ts";
import { type Acme, openAcme, policyFile, roster, rosterFile, shop } from "./acme.ts";

export const minute = 60_000;
export const day = 24 * 60 * minute;

/** A policy that trusts what was in production before the ledger began. */
export const trusting = "deployments: { environments: [production], first: trust }\n";

/** A SHA as comments show it. */
export const short = (sha: string) => `\`${sha.slice(0, 7)}\``;

export type Deploying = Awaited<ReturnType<typeof openDeploying>>;

/** The shop's `production` is guarded; nothing was deployed and the ledger is empty. @param policy the organisation's. */
export async function openDeploying(policy?: string) {
  const files = { [rosterFile]: roster, ...(policy !== undefined && { [policyFile]: policy }) };
  const acme = await openAcme(files);
  acme.github.guardEnvironment("acme/shop", "production");
  acme.github.guardEnvironment("acme/shop", "staging", { reviewed: true });
  await acme.deliver();
  return { ...acme, ...deploying(acme) };
}

/** The same after a first deployment was approved. */
export async function deployedOnce(policy = trusting) {
  const acme = await openDeploying(policy);
  const first = await acme.land();
  await acme.deploy(first);
  return { acme, first };
}

function deploying(acme: Acme) {
  const { github, store, context, octokit } = acme;
  const lookAt = async (run: WorkflowRun, environment = "production") => {
    // Which approval is the last is told by the clock.
    acme.clock.now += 1;
    return lookAtDeployment(context, octokit, { ...shop, run: run.id, environment });
  };
  const land = async (row: Partial<NewLanded> = {}, files: string = `src/${github.requests.length}.ts`) => {
    const { branch = "main" } = row;
    const text = `export const at = ${github.world.nextId()};\n`;
    const sha = github.push("acme/shop", {
      branch,
      pusher: "ada",
      message: "Land it",
      files: { [files]: text },
    });
    await acme.deliver();
    await write({ sha, ...row });
    return sha;
  };
  const write = async (row: Partial<NewLanded> & { readonly sha: string }) => {
    const landed = { number: null, how: "push", cleared: true, assisted: false, by: [] } as const;
    const place = { repo: "acme/shop", branch: "main", auditSeq: null, at: context.now() };
    await recordLanded(store, [{ ...landed, ...place, ...row }]);
  };
  const ask = async (sha: string, more: Partial<Parameters<typeof github.deploy>[1]> = {}) => {
    const run = github.deploy("acme/shop", { environment: "production", sha, by: "june", ...more });
    await acme.deliver();
    return run;
  };
  /** A pull request of june's that ada merged, with its row in the ledger: the commit it was squashed to. */
  const merged = async (row: Partial<NewLanded> = {}) => {
    const branch = `change-${github.world.nextId()}`;
    github.push("acme/shop", {
      branch,
      from: "main",
      pusher: "june",
      message: "Change it",
      files: { [`src/${branch}.ts`]: "1;\n" },
    });
    const number = await acme.openPull("main", branch);
    const { data } = await github
      .as("ada")
      .rest.pulls.merge({ ...shop, pull_number: number, merge_method: "squash" });
    await acme.deliver();
    await write({ sha: data.sha, number, how: "squash", ...row });
    return { number, sha: data.sha };
  };
  return {
    lookAt,
    merged,
    /** A commit without a row in the ledger. */
    push: (more: Partial<Parameters<typeof github.push>[1]> = {}) =>
      github.push("acme/shop", {
        branch: "main",
        pusher: "ada",
        message: "New",
        files: { "new.ts": "" },
        ...more,
      }),
    /** The organisation has another policy from now on. */
    changePolicy: (text: string) =>
      github.push("acme/.github", {
        branch: "main",
        pusher: "ada",
        message: "Rules",
        files: { [policyFile]: text },
      }),
    world: repositoryNamed(github.world, "acme/shop"),
    /** A commit on a branch, main if no other is named, and its row in the ledger. */
    land,
    /** A row of the ledger. */
    write,
    /** A job wants to deploy a commit, and GitHub tells of it. */
    ask,
    /** The same, looked at. */
    deploy: async (sha: string, more: Parameters<typeof ask>[1] = {}) => {
      const run = await ask(sha, more);
      await lookAt(run, more.environment);
      return run;
    },
    /** What GitHub was told so far, in its order: the state, or null for a report. */
    answers: () =>
      github.requests.filter(
        ({ method, path }) => method === "POST" && path.endsWith("/deployment_protection_rule"),
      ),
  };
}

/** What a run came to, and what it was told. */
export function told(run: WorkflowRun) {
  const [gate] = run.gates;
  return { state: gate?.state, run: run.conclusion, comments: [...(gate?.comments ?? [])] };
}
