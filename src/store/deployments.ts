/**
 * Deployments that wait for this gate, and the SHAs it approved.
 *
 * asked -> waiting -> decided (written down before GitHub is told) -> settled: GitHub took it
 *                  -> gone: the run ended or vanished without us
 * Asked again, by another job or another attempt of the run, it waits anew.
 */
import { z } from "zod";
import { appendAudit } from "./audit.ts";
import { putMarks } from "./marks.ts";
import { inTransaction, parseStored } from "./store.ts";
import type { Queryable } from "./store.ts";

/** What a delivery, or GitHub's list of what is pending, says of a deployment. */
export type DeploymentHint = {
  /** `deploy:REPO:RUN:ENVIRONMENT` */
  readonly target: string;
  readonly repo: string;
  readonly installation: number;
  /** As GitHub wrote it; it compares environments without regard to case. */
  readonly environment: string;
  readonly run: number;
  /** The commit that is to be deployed; null where GitHub did not say. */
  readonly sha: string | null;
};

const states = z.enum(["waiting", "approved", "observed", "rejected", "gone"]);
type DeploymentState = z.infer<typeof states>;

export type Deployment = DeploymentHint & {
  /** What was decided; `settled` once GitHub took it. */
  readonly state: DeploymentState;
  readonly settled: boolean;
  /** When it was asked for, ms since the epoch. */
  readonly askedAt: number;
  /** The attempt of the run that was looked at last; 0 before the first look. */
  readonly attempt: number;
  /** Status reports written so far, and the last one; null before the first. */
  readonly reports: number;
  readonly said: string | null;
};

/** Stores that deployments were asked for: each waits, whatever was decided about an earlier job or attempt. */
export async function hintDeployments(
  { db }: Queryable,
  hints: readonly DeploymentHint[],
  now: number,
): Promise<void> {
  for (const { target, repo, installation, environment, run, sha } of hints) {
    const asked = { installation, environment, sha, state: "waiting", settled: 0, asked_at: now };
    await db
      .insertInto("deployments")
      .values({ target, repo, run, ...asked, attempt: 0, reports: 0, said: null })
      .onConflict((conflict) => conflict.column("target").doUpdateSet({ ...asked, said: null }))
      .execute();
  }
}

/** The deployment that a mark names; null when nobody asked for it. Throws StoreError on a row it does not understand. */
export async function deploymentOf({ db }: Queryable, target: string): Promise<Deployment | null> {
  const row = await db.selectFrom("deployments").selectAll().where("target", "=", target).executeTakeFirst();
  if (row === undefined) return null;
  const { asked_at: askedAt, settled, state: said, ...rest } = row;
  const state = parseStored(states, JSON.stringify(said), `The state of ${target}`);
  return { ...rest, state, settled: settled === 1, askedAt };
}

/** Marks the deployments that wait, so that each is looked at: something it waited for may have come. Returns how many. */
export async function markWaitingDeployments(
  store: Queryable,
  of: { readonly repo: string } | { readonly installation: number },
  { priority, now }: { readonly priority: number; readonly now: number },
): Promise<number> {
  const rows = await store.db
    .selectFrom("deployments")
    .select(["target", "installation"])
    .where(({ eb }) => ("repo" in of ? eb("repo", "=", of.repo) : eb("installation", "=", of.installation)))
    .where("state", "=", "waiting")
    .execute();
  await putMarks(
    store,
    rows.map((row) => ({ ...row, priority })),
    now,
  );
  return rows.length;
}

/** The repositories of an installation in which deployments were asked for. */
export async function repositoriesThatDeploy({ db }: Queryable, installation: number): Promise<string[]> {
  const rows = await db
    .selectFrom("deployments")
    .select("repo")
    .distinct()
    .where("installation", "=", installation)
    .orderBy("repo")
    .execute();
  return rows.map(({ repo }) => repo);
}

/** What a look found, to be written down before GitHub is told. `said` is the comment; null where there is none. */
export type DeploymentRecord = {
  readonly deployment: Deployment;
  readonly sha: string;
  readonly attempt: number;
  readonly state: DeploymentState;
  readonly said: string | null;
  /** What the decision rests on, for the audit log. */
  readonly because: unknown;
  readonly now: number;
};

/** Writes down a decision, with its row in the audit log, or that it waits and a report says why, or that it is gone. */
export async function recordDeployment(store: Queryable, record: DeploymentRecord): Promise<void> {
  const { deployment, sha, attempt, state, said, because, now } = record;
  const { target, repo, run, environment } = deployment;
  await inTransaction(store, async (transaction) => {
    await appendAudit(transaction, {
      at: now,
      kind: "deployment",
      repo,
      number: null,
      sha,
      actorId: null,
      body: { environment, run, attempt, decision: state, comment: said, because },
    });
    await transaction.db
      .updateTable("deployments")
      .set({ state, sha, attempt, settled: state === "gone" ? 1 : 0 })
      .$if(state === "waiting", (update) =>
        update.set(({ eb }) => ({ said, reports: eb("reports", "+", 1) })),
      )
      .where("target", "=", target)
      .execute();
  });
}

/** GitHub took a decision: an approved SHA is what the next deployment to the environment is counted from. */
export async function settleDeployment(
  store: Queryable,
  { deployment, sha, now }: { readonly deployment: Deployment; readonly sha: string; readonly now: number },
): Promise<void> {
  const { target, repo, environment } = deployment;
  await inTransaction(store, async (transaction) => {
    const { db } = transaction;
    const { numUpdatedRows } = await db
      .updateTable("deployments")
      .set({ settled: 1 })
      .where("target", "=", target)
      .where("state", "<>", "waiting")
      .executeTakeFirst();
    if (numUpdatedRows === 0n || deployment.state !== "approved") return;
    await db
      .insertInto("approved_shas")
      .values({ repo, environment: environment.toLowerCase(), sha, at: now })
      .onConflict((conflict) => conflict.columns(["repo", "environment", "sha"]).doUpdateSet({ at: now }))
      .execute();
  });
}

/** Whether the gate approved this SHA for the environment before, and the SHA it approved last; null before the first. */
export async function approvedBefore(
  { db }: Queryable,
  { repo, environment, sha }: { readonly repo: string; readonly environment: string; readonly sha: string },
): Promise<{ readonly same: boolean; readonly last: string | null }> {
  const approved = db
    .selectFrom("approved_shas")
    .select("sha")
    .where("repo", "=", repo)
    .where("environment", "=", environment.toLowerCase());
  const last = await approved.orderBy("at", "desc").orderBy("sha").limit(1).executeTakeFirst();
  const same = await approved.where("sha", "=", sha).executeTakeFirst();
  return { same: same !== undefined, last: last?.sha ?? null };
}
