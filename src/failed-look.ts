/** What is said where a look fails again and again: what stood there before may be green, and nobody knows whether it still holds. */
import { type Problem, undecidable } from "./gate/verdict.ts";
import { pageOfUnread } from "./github/access.ts";
import type { GitHub } from "./github/client.ts";
import { GitHubError } from "./github/errors.ts";
import { readOwnCheckRun } from "./github/own-check-run.ts";
import { witnessOf } from "./github/publish-check-run.ts";
import { pullOfGroup } from "./github/read-group.ts";
import { repoKey, type RepositoryRef, type Target } from "./github/targets.ts";
import { withHead } from "./lease.ts";
import { type LookContext, rememberShownBy } from "./look.ts";
import { publishVerdict } from "./publish-checks.ts";
import { openGroup } from "./store/groups.ts";
import { lastLook } from "./store/pulls.ts";
import { recordFailedLook } from "./store/record-look.ts";
import type { Store } from "./store/store.ts";

/** Looks that fail before it is said. Between them are 8 to 15 seconds in all: GitHub's short troubles pass. */
export const failuresShownFrom = 5;

/**
 * Replaces the check run of what could not be looked at by one that fails and says why, on the last head SHA we know of. The
 * mark stays: the first look that succeeds replaces it in turn. Nothing is said of a pull request whose base was not gated when it
 * was looked at last, nor while another look is at its head. @throws GitHubError where that cannot be written either.
 */
export async function showFailure(
  context: LookContext,
  github: GitHub,
  { target, error }: { readonly target: Target; readonly error: unknown },
): Promise<void> {
  const { store, appId } = context;
  if (appId === null || (target.kind !== "pull" && target.kind !== "group")) return;
  const { owner, repo } = target;
  const key = repoKey(owner, repo);
  const last = target.kind === "pull" ? await lastLook(store, key, target.number) : null;
  const explained = target.kind === "pull" ? target.number : await pullOfGroupAt(store, key, target.sha);
  const headSha = target.kind === "group" ? target.sha : last?.headSha;
  if (headSha === undefined || last?.mode === "not-gated") return;
  const number = target.kind === "pull" ? target.number : 0;
  const verdict = undecidable({ number, headSha, mode: last?.mode ?? "enforce" }, problemOf(error));
  const shown = await withHead(context, { repo: key, sha: headSha }, async (lease) => {
    const now = context.now();
    const head = { owner, repo, headSha };
    const page = await pageFor(context, github, { owner, repo, number: explained });
    const checkRun = await readOwnCheckRun(github, head, { appId, now });
    const base = last?.base ?? null;
    const entry = await recordFailedLook(store, { repo: key, number, base, verdict, now });
    const witness = witnessOf(lease.look, entry);
    const to = { ...head, lease, rewrite: false, now };
    return publishVerdict(github, to, { verdict, text: null, page, witness, checkRun });
  });
  if (shown !== null && target.kind === "pull")
    await rememberShownBy(context, github, [{ owner, repo, number, headSha }], shown);
}

/** The pull request a merge group was made for; null where that is not known. */
async function pullOfGroupAt(store: Store, repo: string, sha: string): Promise<number | null> {
  const group = await openGroup(store, repo, sha);
  return group === null ? null : pullOfGroup(group.headRef, group.base);
}

/** Where the last verdict is explained; null where there is none, for then there is no page either. */
async function pageFor(
  { store, pages, now }: LookContext,
  github: GitHub,
  { number, ...at }: RepositoryRef & { readonly number: number | null },
): Promise<string | null> {
  const last = number === null ? null : await lastLook(store, repoKey(at.owner, at.repo), number);
  if (number === null || last === null || last.mode === null || last.mode === "not-gated") return null;
  // Without a link rather than not at all.
  return pageOfUnread(pages, github, { ...at, number }, now).catch(() => null);
}

/** Errors of ours may quote what is nobody else's business; the log has them. */
function problemOf(error: unknown): Problem {
  const why =
    error instanceof GitHubError
      ? error.message
      : "something went wrong in Countersign, and its log says what";
  return {
    what: `One look after another failed: ${why}`,
    repair:
      "It is tried again without end, and this check run is replaced as soon as a look succeeds. If it stays, whoever operates Countersign finds the reason in its log.",
  };
}
