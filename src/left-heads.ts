/** Check runs on heads that a pull request has left: going back to one must not land it on the word of before. */
import { leftHead } from "./gate/old-heads.ts";
import type { Facts } from "./gate/facts.ts";
import type { GitHub } from "./github/client.ts";
import { GitHubError, statusOf } from "./github/errors.ts";
import { readOwnCheckRun } from "./github/own-check-run.ts";
import { publishCheckRun, witnessOf } from "./github/publish-check-run.ts";
import { repoKey } from "./github/targets.ts";
import { withHead } from "./lease.ts";
import type { ReadContext } from "./read-together.ts";
import { newestAudit } from "./store/audit.ts";
import { passingLeft, rememberTakenBack } from "./store/shown.ts";

/** Two requests each; who pushed more than that between two looks that do not pass has the rest done by the next. */
const headsMax = 10;

/**
 * Makes the check runs fail that still pass on heads which a pull request has left, now that it does not pass. Asks GitHub nothing
 * where the store knows of none. @returns why some may still pass, so that it is tried again; null where none does.
 */
export async function takeBackLeft(
  context: ReadContext & { readonly worker: string },
  github: GitHub,
  pull: Pick<Facts, "owner" | "repo" | "number" | "headSha">,
): Promise<string | null> {
  const { store, appId, now } = context;
  const { owner, number } = pull;
  const repo = repoKey(owner, pull.repo);
  const left = await passingLeft(store, repo, number);
  if (appId === null) return null;
  for (const sha of left.slice(0, headsMax)) {
    const head = { owner, repo: pull.repo, headSha: sha };
    const done = await withHead(context, { repo, sha }, async ({ look, renew: permit }) => {
      // A pull request may have come to it meanwhile, and was looked at.
      if (!(await passingLeft(store, repo, number)).includes(sha)) return "done";
      const externalId = witnessOf(look, await newestAudit(store));
      try {
        const run = await readOwnCheckRun(github, head, { appId, now: now() });
        const passes = run?.conclusion === "success" || run?.conclusion === "neutral";
        const options = { externalId, permit, rewrite: false, now: now() };
        if (passes) await publishCheckRun(github, head, leftHead(pull), run, options);
      } catch (error) {
        if (!(error instanceof GitHubError)) throw error;
        // Otherwise GitHub does not have the commit any more.
        if (statusOf(error) !== 422) return error.message;
      }
      await rememberTakenBack(store, { repo, number, sha });
      return "done";
    });
    if (done !== "done") return `${sha} may still pass, which the head was: ${done ?? "it is looked at"}`;
  }
  return left.length > headsMax ? "More earlier heads may still pass" : null;
}
