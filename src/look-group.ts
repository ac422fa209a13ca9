import { collectFacts } from "./collect-facts.ts";
import { judge } from "./gate/judge.ts";
import { strictest } from "./gate/strictest.ts";
import { type Problem, undecidable, type Verdict } from "./gate/verdict.ts";
import { pageOf } from "./github/access.ts";
import type { GitHub } from "./github/client.ts";
import { witnessOf } from "./github/publish-check-run.ts";
import { type GroupRef, readGroup } from "./github/read-group.ts";
import type { PullRead } from "./github/read-pull.ts";
import { type RefOf, repoKey } from "./github/targets.ts";
import { type HeadLease, withHead } from "./lease.ts";
import { type LookContext, type LookResult, whatIsUnread } from "./look.ts";
import { publishVerdict } from "./publish-checks.ts";
import { atOneMoment, readIfThere } from "./read-together.ts";
import { closeGroup, openGroup, rememberGroupPulls } from "./store/groups.ts";
import { recordGroupLook } from "./store/record-look.ts";

type GroupRequest = RefOf<"group"> & {
  /** Publish even when nothing changed. */
  readonly rewrite: boolean;
};

/**
 * One look at a merge group: every pull request that would land with it is read and judged as it is now, each at its own head
 * SHA, and the strictest verdict is recorded and published on the group's. What was found is recorded by the looks at the pull requests;
 * this one adds nothing to what they remember.
 * @returns null when the group is not open any more; nothing is published then.
 * @throws GitHubError when GitHub cannot be read or written; nothing is published then.
 */
export async function lookAtGroup(
  context: LookContext,
  github: GitHub,
  request: GroupRequest,
): Promise<LookResult | null> {
  const { store } = context;
  const { owner, sha } = request;
  const repo = repoKey(owner, request.repo);
  const group = await openGroup(store, repo, sha);
  if (group === null) return null;
  const looked = await withHead(context, { repo, sha }, async (lease) => ({
    result: await lookAt(context, github, { ...request, ...group, lease }),
  }));
  return looked === null ? { kind: "busy" } : looked.result;
}

type Looking = GroupRef & GroupRequest & { readonly lease: HeadLease };

async function lookAt(context: LookContext, github: GitHub, looking: Looking): Promise<LookResult | null> {
  const { store, appId, now } = context;
  const began = now();
  const { owner, repo, sha } = looking;
  const { look } = looking.lease;
  const key = repoKey(owner, repo);
  const group = await readGroup(github, looking, { appId, now: now() });
  const readAt = now();
  if (group === null) {
    await closeGroup(store, key, sha);
    return null;
  }
  const pulls = group.pulls.kind === "read" ? group.pulls.value : [];
  // Before they are judged: a pull request that changes from now on has the group judged once more.
  if (group.pulls.kind === "read") await rememberGroupPulls(store, key, sha, pulls);
  const judged =
    group.pulls.kind === "read"
      ? await judgePulls(context, github, looking, pulls)
      : [{ verdict: undecidableGroup(sha, 0, unrecognised(group.pulls)), unread: null, page: null }];
  const verdicts = judged.flatMap(({ verdict }) => verdict ?? []);
  if (verdicts.length === 0) return { kind: "not-gated", headSha: sha, landing: null };
  const verdict = strictest(verdicts);
  const collectedAt = now();
  const recorded = { repo: key, sha, base: looking.base, pulls, verdict, now: now() };
  const witness = witnessOf(look, await recordGroupLook(store, recorded));
  const recordedAt = now();
  const to = { ...looking, headSha: sha, now: now() };
  const { wrote } = await publishVerdict(github, to, {
    verdict: { ...verdict, notes: [...verdict.notes, ...pullsNamed(pulls)] },
    text: null,
    page: judged.find((each) => each.verdict?.number === verdict.number)?.page ?? null,
    checkRun: group.checkRun,
    witness,
  });
  const unread =
    verdict.outcome.kind === "undecidable"
      ? (judged.map((each) => each.unread).find((why) => why !== null) ?? null)
      : null;
  const phases = {
    read: readAt - began,
    collect: collectedAt - readAt,
    record: recordedAt - collectedAt,
    publish: now() - recordedAt,
  };
  return {
    kind: "published",
    headSha: sha,
    judged: pulls,
    look,
    verdict,
    wrote,
    unread,
    unanswered: [],
    phases,
    base: looking.base,
    landing: null,
  };
}

type Judged = {
  readonly verdict: Verdict | null;
  readonly unread: string | null;
  /** Where it is explained; null where there is no page. */
  readonly page: string | null;
};

/** The verdicts on the pull requests of the group as they were at one moment. @throws GitHubError */
async function judgePulls(
  context: LookContext,
  github: GitHub,
  { owner, repo, sha }: Looking,
  numbers: readonly number[],
): Promise<readonly Judged[]> {
  const readAll = async () =>
    Promise.all(numbers.map(async (number) => readIfThere(context, github, { owner, repo, number })));
  const seen = await atOneMoment(await readAll(), readAll);
  return Promise.all(
    numbers.map(async (number, at) => {
      const pull = seen[at] ?? null;
      return pull === null
        ? { verdict: unseen(sha, number), unread: null, page: null }
        : judgePull(context, github, pull);
    }),
  );
}

/** The verdict on one pull request of the group, null where its base is not gated. */
async function judgePull(context: LookContext, github: GitHub, seen: PullRead): Promise<Judged> {
  const { facts, config } = await collectFacts(context, github, seen);
  // Others that share its head SHA may go to another base; the group does not land them.
  const own = facts.filter((each) => each.number === seen.facts.number);
  const [verdict = null] = own.map((each) => judge(each, config));
  const [unread = null] = own.map(whatIsUnread);
  return { verdict, unread, page: pageOf(context.pages, seen, seen.facts.number) };
}

function unseen(headSha: string, number: number): Verdict {
  const what = `#${number} of this merge group cannot be read: GitHub does not show it to the app.`;
  const repair = "Let the app see it, then take it out of the merge queue and add it again.";
  return undecidableGroup(headSha, number, { what, repair });
}

function unrecognised({ kind, ...rest }: { kind: string; why?: string }): Problem {
  const why = rest.why ?? kind;
  return {
    what: `It cannot be told which pull requests this merge group would land: ${why}.`,
    repair: "Take the pull request out of the merge queue and add it again.",
  };
}

function undecidableGroup(headSha: string, number: number, problem: Problem): Verdict {
  return undecidable({ headSha, number, mode: "enforce" }, problem);
}

function pullsNamed(pulls: readonly number[]): string[] {
  if (pulls.length === 0) return [];
  const which = `pull request${pulls.length === 1 ? "" : "s"} ${pulls.join(", ")}`;
  return [`With this commit the merge queue would land ${which}.`];
}
