/** Merges, and what may follow one. Everything else that may happen stands in happen.ts. */
import { commitOf } from "../fake-github/git.ts";
import { mergePull } from "../fake-github/merge.ts";
import { push } from "../fake-github/push.ts";
import { account, bases, worldOf } from "./acme.ts";
import { begin, leaveQueue, moveHead, open, pushTo } from "./branches.ts";
import { type Chosen, opened, pick, targets, writers } from "./choices.ts";
import { commitOf as newCommit, shapes } from "./commits.ts";
import { say, type Scene, type Tracked } from "./scene.ts";
import { clears, contributorsOf, type Merged } from "./specification.ts";

export const merges = {
  /** By the button: whoever can push, where the check lets them; otherwise an administrator at times. */
  merge: (scene: Scene, { a, b, c }: Chosen) => {
    const { github, shop } = scene.acme;
    const passing = opened(scene).filter((pull) => mayMerge(scene, pull));
    const anyway = passing.length === 0 || c % 4 === 0;
    const pull = pick(anyway ? opened(scene) : passing, a);
    if (pull === undefined) return;
    const by = mayMerge(scene, pull) ? pick(writers, b) : "ada";
    leaveQueue(scene, [pull]);
    mergePull(github, shop, pull.real, account(scene.acme, by), { method: "merge" });
    say(scene, `${by} merges #${pull.number}`);
  },
  /** The branch of what was merged goes on where its base is now, for another pull request. */
  reuse: (scene: Scene, { a, b, c, learns }: Chosen) => {
    const used = scene.pulls.filter(({ merged }) => merged !== null);
    const { branch, base } = pick(used, a) ?? {};
    if (branch === undefined || base === undefined) return;
    const by = pick(writers, b);
    const commits = [newCommit(branch, by, c, scene.at)];
    moveHead(scene, { branch, by, what: `goes on with ${shapes[c % shapes.length]}`, learns }, () =>
      pushTo(scene, { branch, by, commits, from: base, force: true }),
    );
    open(scene, branch, by, base);
  },
  /** A branch made from a base, to bring what is there to another. */
  carry: (scene: Scene, { a, b, c, learns }: Chosen) => {
    const from = pick(bases, a);
    const branch = `topic-${scene.history.size}`;
    const by = pick(writers, b);
    push(scene.acme.github, scene.acme.shop, { branch, pusher: by, from });
    learns.branchPush = begin(scene, { branch, by });
    say(scene, `${by} cuts ${branch} from ${from}`);
    open(scene, branch, by, pick(targets, c));
  },
} as const;

/**
 * Notes which pull requests GitHub calls merged by now: what was merged, and whatever else a base branch has all commits of.
 * @param branches where each branch was before.
 */
export function noteMerged(scene: Scene, branches: ReadonlyMap<string, string>): void {
  const { shop } = scene.acme;
  const world = worldOf(scene.acme, scene.pulls, branches);
  const merged = scene.pulls
    .filter((pull) => pull.real.merged && pull.merged === null)
    .map((pull) => ({
      pull,
      range: world.range(pull.base, pull.head),
      cleared: clears(world, pull),
      people: contributorsOf(world, pull, [pull], "strictest"),
    }));
  for (const { pull, range, cleared, people } of merged) {
    const { sha, treeSha, parents } = commitOf(shop, pull.real.mergeCommitSha ?? "");
    const own = parents.includes(pull.head) ? [sha] : [];
    pull.merged = {
      base: pull.base,
      commits: new Set([...own, ...range.map((commit) => commit.sha)]),
      trees: new Set(range.map(({ tree }) => tree)),
      as: { sha, tree: treeSha },
      people,
      cleared,
    };
    pull.open = false;
    leaveQueue(scene, [pull]);
    const how = cleared.strictest ? "cleared" : cleared.mildest ? "perhaps cleared" : "not cleared";
    say(scene, `#${pull.number} is merged into ${pull.base} as ${sha.slice(0, 7)}, ${how}`);
  }
}

/** Whether what is required on the base is there on the head. */
function mayMerge({ acme: { shop } }: Scene, { base, head }: Tracked): boolean {
  const passing = shop.checkRuns.filter(
    ({ conclusion }) => conclusion === "success" || conclusion === "neutral",
  );
  return base === "develop" || passing.some(({ headSha }) => headSha === head);
}

/** Of what was merged the verdict may be another afterwards: then it may be cleared late. @param strictest whether it surely is. */
export function mayBeCleared(merged: Merged, strictest = merged.cleared.strictest): void {
  merged.cleared = { mildest: merged.base !== "develop", strictest };
}
