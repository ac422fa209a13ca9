import { isAncestor } from "../fake-github/git.ts";
import { dequeue } from "../fake-github/merge-queue.ts";
import { createPull } from "../fake-github/pulls.ts";
import { type NewCommit, push } from "../fake-github/push.ts";
import { account, tip } from "./acme.ts";
import { say, type Scene, type Tracked } from "./scene.ts";
import type { BranchPush, Override, Push, Review } from "./specification.ts";

/** What the app learns from the deliveries of a step. */
export type Learns = {
  branchPush: BranchPush | null;
  readonly pushes: Map<number, Push>;
  review: Review | null;
  override: Override | null;
};

/** A person pushes commits to a branch. Returns its new head. */
export function pushTo(
  { acme }: Scene,
  about: { branch: string; by: string; commits: readonly NewCommit[]; from?: string; force?: boolean },
): string {
  const { by: pusher, ...rest } = about;
  return push(acme.github, acme.shop, { pusher, ...rest });
}

/** A branch begins, perhaps where another one is: whoever pushed to that one pushed what is there now. */
export function begin(
  scene: Scene,
  { branch, by, from }: { branch: string; by: string; from?: string },
): BranchPush {
  const push = { branch, by, before: null, after: tip(scene.acme, branch), heard: null };
  scene.history.set(branch, [...(scene.history.get(from ?? "") ?? []), push]);
  return push;
}

/** A branch of pull requests moves. `pushes` gets what each of them will be told of it. */
export function moveHead(
  scene: Scene,
  about: { branch: string; by: string; what: string; learns: Learns },
  move: () => string,
): void {
  const { branch, by, what, learns } = about;
  const { shop } = scene.acme;
  const before = tip(scene.acme, branch);
  const pulls = scene.pulls.filter(({ branch: head, merged }) => head === branch && merged === null);
  // GitHub takes a pull request whose head moves out of the queue.
  leaveQueue(scene, pulls);
  const after = move();
  if (after === before) return;
  say(scene, `${by} ${what} on ${branch}: ${after.slice(0, 7)}`);
  const push: BranchPush = { branch, by, before, after, heard: null };
  scene.history.get(branch)?.push(push);
  learns.branchPush = push;
  const isForced = !isAncestor(shop, before, after);
  for (const pull of pulls) {
    // The timeline tells who force-pushed, as long as the pull request is open.
    const forced = pull.open && isForced;
    const pushed: Push = { push, told: forced, forced };
    pull.pushes.push(pushed);
    if (!pull.open) continue;
    learns.pushes.set(pull.number, pushed);
    pull.head = after;
    if (isForced) pull.movedAt = scene.at;
    for (const override of pull.overrides) override.certain = false;
  }
}

/** Opens a pull request, unless GitHub refuses. */
export function open(scene: Scene, branch: string, author: string, base: string): void {
  const { github, shop } = scene.acme;
  const input = { title: "A change", body: null, head: branch, base, draft: false };
  const real = createPull(github, shop, account(scene.acme, author), input);
  const history = scene.history.get(branch) ?? [];
  scene.pulls.push({
    number: real.number,
    author,
    base,
    head: real.head.sha,
    open: true,
    labels: new Set(),
    attested: false,
    known: new Set(),
    ever: new Set(),
    pushes: history.map((push) => ({ push, told: false, forced: false })),
    reviews: [],
    overrides: [],
    movedAt: 0,
    branch,
    real,
    knownTrees: new Set(),
    everTrees: new Set(),
    merged: null,
    published: null,
    shown: null,
    labelled: false,
  });
  say(scene, `${author} opens #${real.number} from ${branch} to ${base}, at ${real.head.sha.slice(0, 7)}`);
}

/** Takes pull requests out of the merge queue. */
export function leaveQueue(scene: Scene, pulls: readonly Tracked[]): void {
  const { github, shop } = scene.acme;
  for (const { number } of pulls) {
    if (!shop.queue.some((entry) => entry.number === number)) continue;
    dequeue(github, shop, number);
    say(scene, `#${number} leaves the queue`);
  }
}
