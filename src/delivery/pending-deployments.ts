/** Finds deployments that wait for this gate and of which no delivery told, and has those that wait looked at again. */
import type { GitHub } from "../github/client.ts";
import { priority } from "../github/effects.ts";
import { GitHubError, messageOf } from "../github/errors.ts";
import { listInstallations } from "../github/installations.ts";
import { listRepositories } from "../github/open-pulls.ts";
import { listPendingDeployments } from "../github/read-deployment.ts";
import { isGuarded } from "../github/read-environments.ts";
import { deployTarget, repoKey } from "../github/targets.ts";
import {
  deploymentOf,
  hintDeployments,
  markWaitingDeployments,
  repositoriesThatDeploy,
} from "../store/deployments.ts";
import { inTransaction } from "../store/store.ts";
import { putMarks } from "../store/marks.ts";
import type { SweepContext } from "./sweep.ts";

/**
 * Repositories of an installation that are asked for waiting runs, a request each: a fifth of what the smallest may ask in an
 * hour. Those that deployed before come first; past it only a delivery tells.
 */
const repositoriesMax = 1_000;

/**
 * Lists what is pending in every installation, marks what nobody told of, and marks whatever waits: its time may near the end,
 * or the run may be gone. Says how many were marked. What fails for an installation is logged and does not keep the others
 * waiting: an app without the permission finds nothing. @throws GitHubError where the installations cannot be listed.
 */
export async function findPendingDeployments(context: SweepContext): Promise<number> {
  const { store, clientFor, now, log, signal } = context;
  let marked = 0;
  for (const { id, owner } of await listInstallations(clientFor, now())) {
    if (signal.aborted) break;
    marked += await markWaitingDeployments(
      store,
      { installation: id },
      { priority: priority.sweep, now: now() },
    );
    try {
      const chore = { name: "deployments", installation: id };
      marked += await context.outages.attempt(chore, async () => findMissed(context, id));
    } catch (error) {
      log.warn(
        { installation: id, owner, error: messageOf(error) },
        "Deployments that wait could not be listed, so one whose delivery was lost is not found; it takes Actions: read",
      );
    }
  }
  return marked;
}

async function findMissed(context: SweepContext, installation: number): Promise<number> {
  const { store, clientFor, now, signal } = context;
  const github = await clientFor(installation);
  const listed = (await listRepositories(github, now())).map((name) => name.toLowerCase());
  const known = (await repositoriesThatDeploy(store, installation)).filter((repo) => listed.includes(repo));
  let found = 0;
  for (const repo of [...new Set([...known, ...listed])].slice(0, repositoriesMax)) {
    if (signal.aborted) break;
    found += await inRepository(context, github, installation, repo);
  }
  return found;
}

async function inRepository(
  { store, appId, now }: SweepContext,
  github: GitHub,
  installation: number,
  fullName: string,
): Promise<number> {
  const [owner = "", repo = ""] = fullName.split("/");
  const ref = { owner, repo };
  let found = 0;
  try {
    for (const { run, attempt, sha, environment } of await listPendingDeployments(github, ref, now())) {
      const target = deployTarget(repoKey(owner, repo), run, environment);
      const known = await deploymentOf(store, target);
      // What was answered is pending still where others have to approve, too; another attempt asks again.
      if (known !== null && (!known.settled || attempt <= known.attempt)) continue;
      if (!(await isGuarded(github, ref, { environment, appId }, now()))) continue;
      await inTransaction(store, async (transaction) => {
        const hint = { target, repo: fullName, installation, environment, run, sha };
        await hintDeployments(transaction, [hint], now());
        await putMarks(transaction, [{ target, installation, priority: priority.person }], now());
      });
      found += 1;
    }
  } catch (error) {
    // It was deleted or taken out of the installation a moment ago.
    if (!(error instanceof GitHubError && error.gone)) throw error;
  }
  return found;
}
