import { configCheck } from "./rules/config-check.ts";
import { render } from "./gate/render.ts";
import type { Verdict } from "./gate/verdict.ts";
import type { GitHub } from "./github/client.ts";
import {
  type HeadRef,
  publishCheckRun,
  publishConfigCheckRun,
  type Published,
  witnessOf,
} from "./github/publish-check-run.ts";
import type { OwnCheckRun } from "./github/read-pull.ts";
import type { HeadLease } from "./lease.ts";
import type { ProposedChange } from "./rules/proposed-changes.ts";
import type { Effects } from "./rules/would-change.ts";

/** What a look has to say about a head SHA that it holds. */
type ToPublish = HeadRef & {
  readonly lease: HeadLease;
  /** Publish even when nothing changed. */
  readonly rewrite: boolean;
  /** Ms since epoch. */
  readonly now: number;
};

/** What the open pull requests with this head make of roster and policy, and what that would change. */
export type Proposal = { readonly changes: readonly ProposedChange[]; readonly effects: Effects | null };

/** A verdict as it stands on GitHub now. */
export type PublishedVerdict = Published & { readonly verdict: Verdict };

/**
 * Publishes the check run `Countersign`, and beside it `Countersign config` where roster or policy is changed.
 * @param said.verdict null where nothing is gated. @param said.proposed null where no pull request is open.
 * @returns null where there was no verdict to publish. @throws GitHubError when one of them was not written; the other was tried.
 */
export async function publishChecks(
  github: GitHub,
  to: ToPublish,
  said: Omit<Parameters<typeof publishVerdict>[2], "verdict"> & {
    readonly verdict: Verdict | null;
    readonly proposed: Proposal | null;
    readonly configCheckRun: OwnCheckRun | null;
  },
): Promise<PublishedVerdict | null> {
  const { verdict, proposed, configCheckRun } = said;
  const written = verdict === null ? Promise.resolve(null) : publishVerdict(github, to, { ...said, verdict });
  const configWritten =
    proposed === null ? Promise.resolve() : publishConfigCheck(github, to, proposed, configCheckRun);
  // One that fails must not keep the other from being written, and the lease is given back when both have ended.
  await Promise.allSettled([written, configWritten]);
  await configWritten;
  return written;
}

/**
 * Publishes a verdict. The lease is renewed first, so that no other look begins before a hanging request is given up.
 * @param said.text what the check run is to remember; null for nothing. @param said.checkRun ours as it was read.
 * @throws GitHubError, also when another look has begun: what we say could be older than what it says.
 */
export async function publishVerdict(
  github: GitHub,
  { owner, repo, headSha, lease, rewrite, now }: ToPublish,
  said: {
    readonly verdict: Verdict;
    readonly text: string | null;
    readonly page: string | null;
    readonly witness: string;
    readonly checkRun: OwnCheckRun | null;
  },
): Promise<PublishedVerdict> {
  const { verdict, text, page, witness, checkRun } = said;
  await lease.renew();
  const options = { externalId: witness, rewrite, now, text, detailsUrl: page, permit: lease.renew };
  const published = await publishCheckRun(
    github,
    { owner, repo, headSha },
    render(verdict),
    checkRun,
    options,
  );
  return { ...published, verdict };
}

/** What would become of roster and policy. Nothing where no such file is changed, unless the last look said so of one. */
async function publishConfigCheck(
  github: GitHub,
  { owner, repo, headSha, lease, rewrite, now }: ToPublish,
  { changes, effects }: Proposal,
  checkRun: OwnCheckRun | null,
): Promise<void> {
  if (changes.length === 0 && checkRun === null) return;
  await lease.renew();
  const options = { externalId: witnessOf(lease.look, null), rewrite, now, permit: lease.renew };
  const said = configCheck(changes, effects);
  await publishConfigCheckRun(github, { owner, repo, headSha }, said, checkRun, options);
}
