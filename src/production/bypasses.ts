import { describeBypass, isBypass } from "../gate/bypass.ts";
import { type Landing, whyNotAccepted } from "../gate/landing.ts";
import { code } from "../gate/markdown.ts";
import type { GitHub } from "../github/client.ts";
import { GitHubError } from "../github/errors.ts";
import { publishComment } from "../github/publish-comment.ts";
import { closeIssue, findOwnIssue, openIssue } from "../github/publish-issue.ts";
import { type RefOf, repoKey, type RepositoryRef } from "../github/targets.ts";
import { type Bypass, changeBypass, openBypasses } from "../store/bypasses.ts";
import { landedCommits } from "../store/landed.ts";
import { claimAnswer, recall } from "../store/observations.ts";
import { recordBypass } from "../store/record-landing.ts";
import type { LedgerContext, Recorded } from "./ledger.ts";

export type BypassContext = LedgerContext & {
  readonly appId: number | null;
  /** Whether issues are opened about bypasses. */
  readonly issues: boolean;
  /** Told of each bypass once. */
  readonly bypassed?: () => void;
  readonly log: { warn(fields: object, message: string): void };
};

/**
 * Records it when something landed that needed a countersignature it lacked: judged by the facts of that moment, whatever check
 * run stood there. What came by another way as well, and was cleared on that, lacks nothing.
 */
export async function raiseBypass(
  { store, now, bypassed }: BypassContext,
  landing: Landing,
  { shas, auditSeq }: Recorded,
): Promise<void> {
  const [sha] = shas;
  if (sha === undefined || !isBypass(landing)) return;
  const { facts, verdict } = landing;
  const repo = repoKey(facts.owner, facts.repo);
  const known = await landedCommits(store, repo, shas);
  if (shas.every((each) => known.get(each)?.cleared === true)) return;
  const actor = facts.merge === null ? facts.author : facts.merge.by;
  const branch = facts.base;
  const text = describeBypass(landing, { branch, sha, commits: shas.length, by: actor?.login ?? null });
  const number = facts.merge === null ? null : facts.number;
  const bypass = { repo, branch, sha, number, text, auditSeq, at: now() };
  const { outcome, evidence } = verdict;
  const body = { outcome, evidence, commits: shas, by: actor?.login ?? null };
  const isNew = await recordBypass(store, bypass, { actorId: actor?.id ?? null, body });
  if (isNew) bypassed?.();
}

/**
 * Opens one issue for each open bypass of a branch that has none. Whether an attempt that failed had reached GitHub is looked up
 * before the next one. Where issues may not be written, or the repository has none, that is logged and nothing else is lost.
 * @throws GitHubError when GitHub could not answer, or wants us to wait: the look is repeated.
 */
export async function publishBypasses(
  context: BypassContext,
  github: GitHub,
  { owner, repo, branch }: RefOf<"branch">,
): Promise<void> {
  if (!context.issues) return;
  const { store, log } = context;
  for (const bypass of await openBypasses(store, repoKey(owner, repo), branch)) {
    if (bypass.issue !== null) continue;
    try {
      await changeBypass(store, bypass, {
        issue: await issueAbout(context, github, { owner, repo }, bypass),
      });
    } catch (error) {
      if (!(error instanceof GitHubError) || !(error.gone || error.refused)) throw error;
      const about = { repo: bypass.repo, sha: bypass.sha, error: error.message };
      log.warn(about, "The issue about a bypass cannot be opened; the audit log has it");
    }
  }
}

async function issueAbout(
  { store, appId, now }: BypassContext,
  github: GitHub,
  ref: RepositoryRef,
  bypass: Bypass,
): Promise<number> {
  const [title = "", ...rest] = bypass.text.split("\n");
  const mark = `<!-- countersign:bypass ${bypass.sha} ${Buffer.from(bypass.branch).toString("base64")} -->`;
  if (bypass.asked) {
    const found = await findOwnIssue(github, ref, { appId, text: mark, since: bypass.at }, now());
    if (found !== null) return found;
  }
  await changeBypass(store, bypass, { asked: true });
  return openIssue(github, ref, { title, body: `${mark}\n${rest.join("\n").trim()}` }, now());
}

/** Closes a bypass that somebody countersigned since, and the issue about it with who did. @throws GitHubError */
export async function closeBypass(
  { store, now }: BypassContext,
  github: GitHub,
  ref: RepositoryRef,
  { bypass, by }: { readonly bypass: Bypass; readonly by: readonly string[] },
): Promise<void> {
  const { issue } = bypass;
  if (issue !== null) await closeIssue(github, ref, issue, now());
  await changeBypass(store, bypass, { open: false });
  if (issue === null) return;
  const who = by.map((login) => code(login)).join(", ");
  const words = `Countersigned afterwards by ${who}: the ledger has it as cleared now.`;
  // Last, and not repeated: nobody is told twice.
  await publishComment(github, { ...ref, number: issue }, words, now());
}

/**
 * Answers those whose acceptance did not clear what landed, each at most once for it, in the conversation where they wrote it. What
 * cannot be written is not repeated.
 * @param numbers of the pull request and of the issue about it, where there are.
 */
export async function answerAcceptances(
  { store, now, log }: BypassContext,
  github: GitHub,
  landing: Landing,
  numbers: readonly number[],
): Promise<void> {
  const { owner, repo, headSha: sha } = landing.facts;
  const key = repoKey(owner, repo);
  for (const number of numbers) {
    const seen = await recall(store, key, number);
    const done = new Set(seen.flatMap((one) => (one.kind === "answer" ? one.comments : [])));
    for (const accept of seen) {
      if (accept.kind !== "accept" || done.has(accept.comment)) continue;
      const words = whyNotAccepted(accept, landing);
      const answer = { kind: "answer", to: accept.by, sha, comments: [accept.comment] } as const;
      const about = { repo: key, number, at: now() };
      if (!(await claimAnswer(store, about, { ...answer, said: words !== null })) || words === null) continue;
      try {
        await publishComment(github, { owner, repo, number }, `${code(accept.by.login)}: ${words}`, now());
      } catch (error) {
        if (!(error instanceof GitHubError)) throw error;
        log.warn({ repo: key, number, error: error.message }, "An answer to a command could not be written");
      }
    }
  }
}
