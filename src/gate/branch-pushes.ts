import type { Account } from "./accounts.ts";
import type { Facts, Observation } from "./facts.ts";
import { pushesOf } from "./patches.ts";

/** A push to a branch of the repository a head branch is in, as its delivery told. */
export type BranchPush = {
  readonly branch: string;
  readonly actor: Account;
  /** Null for the push that created the branch. */
  readonly before: string | null;
  readonly after: string;
  /** Whether what was there before is no ancestor of what is there now. */
  readonly forced: boolean;
  /** ISO 8601, UTC: when the delivery arrived. */
  readonly at: string;
};

/**
 * The pushes that led to the head since it left the base branch, whether a pull request was open or not. They are found
 * backwards from the head SHA, each by where the one after it began; the order in which deliveries arrived does not matter.
 * The way ends where the branch was created, and where it stood on a commit of the base branch. A branch that was deleted
 * and is used again begins anew therefore, unless it goes on from a SHA it had before.
 *
 * A push to another branch counts if it brought the SHA before the head branch had it: the branch was made from that one, or
 * is that one under another name. Where the way is lost, because a delivery was or is late, every push ever seen to the branch
 * counts, and what `synchronize` or the timeline tells leads on.
 * @param pushes to the head branch, and to any branch with one of their SHAs, in the order they were stored.
 */
export function pushesSinceBase(facts: Facts, pushes: readonly BranchPush[]): BranchPush[] {
  const { found, gaps } = walkBack(facts, pushes);
  return pushes.filter((push) => found.has(push) || (gaps.length > 0 && push.branch === facts.headRef));
}

/** What a push says of a pull request whose head it led to. */
export function asObservation({ actor, before, after, at }: BranchPush): Observation {
  return { kind: "push", actor, before, after, at };
}

/** Heads since the branch left the base of which neither a delivery nor the timeline told who pushed them, the newest first. */
export function untoldHeads(facts: Facts): string[] {
  const told = new Set(pushesOf(facts).map(({ after }) => after));
  return walkBack(facts, []).gaps.filter((sha) => !told.has(sha));
}

/** `gaps`: SHAs on the way that none of the pushes brought. */
function walkBack(
  facts: Facts,
  pushes: readonly BranchPush[],
): { readonly found: ReadonlySet<BranchPush>; readonly gaps: readonly string[] } {
  const { headRef, headSha, commits } = facts;
  const inRange = commits.kind === "read" ? new Set(commits.value.map(({ sha }) => sha)) : null;
  const byAfter = Map.groupBy(pushes, ({ after }) => after);
  const toldByAfter = Map.groupBy(toldOfPull(facts), ({ after }) => after);
  const found = new Set<BranchPush>();
  const been = new Set<string>();
  // `straight`: it is the head or an ancestor of it, so that out of the range means in the base branch.
  const open = [{ sha: headSha, straight: true }];
  const gaps: string[] = [];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { sha, straight } = next;
    if (been.has(sha)) continue;
    been.add(sha);
    if (straight && inRange?.has(sha) === false) continue;
    const brought = toBranch(headRef, byAfter.get(sha) ?? []);
    for (const push of brought) found.add(push);
    if (brought.length === 0) gaps.push(sha);
    for (const { before, forced } of [...brought, ...(toldByAfter.get(sha) ?? [])]) {
      if (before !== null) open.push({ sha: before, straight: straight && !forced });
    }
  }
  return { found, gaps };
}

/** The pushes that the pull request's own deliveries and its timeline tell of; that one was forced only the timeline says. */
function toldOfPull(facts: Facts): Pick<BranchPush, "before" | "after" | "forced">[] {
  const events = facts.timeline.kind === "read" ? facts.timeline.value : [];
  return pushesOf(facts).map(({ before, after }) => ({
    before,
    after,
    forced: events.some(
      (event) => event.kind === "force-pushed" && event.before === before && event.after === after,
    ),
  }));
}

/** Of the pushes that brought a SHA those to the branch, and those to others before. */
function toBranch(branch: string, pushes: readonly BranchPush[]): readonly BranchPush[] {
  const first = pushes.findIndex((push) => push.branch === branch);
  return pushes.filter((push, at) => push.branch === branch || first === -1 || at < first);
}
