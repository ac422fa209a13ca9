/** Everything that may happen to acme: each function does it on the fake GitHub and writes down what the specification must know. */
import { HttpError } from "../fake-github/http-error.ts";
import { diffFromMergeBase, mergeBase } from "../fake-github/git.ts";
import { updatePullBranch } from "../fake-github/merge.ts";
import { enqueue } from "../fake-github/merge-queue.ts";
import { addLabels, createComment, createReview, dismissReview, removeLabel } from "../fake-github/people.ts";
import { closePull, editPull, reopenPull } from "../fake-github/pulls.ts";
import { push } from "../fake-github/push.ts";
import {
  type Chosen,
  isOpen,
  opened,
  pick,
  reviewers,
  reviewEvents,
  rosterLevels,
  targets,
  unmerged,
  writers,
} from "./choices.ts";
import { mayBeCleared, merges, noteMerged } from "./merges.ts";
import { commitOf, shapes } from "./commits.ts";
import { begin, type Learns, leaveQueue, moveHead, open, pushTo } from "./branches.ts";
import {
  account,
  aside,
  attestation,
  bases,
  policyFile,
  policyText,
  rosterFile,
  rosterText,
  tip,
} from "./acme.ts";
import {
  noteAllowed,
  noteEvidence,
  say,
  type Scene,
  type Shown,
  type Tracked,
  collectDeliveries,
} from "./scene.ts";
import type { BranchPush, Push } from "./specification.ts";

/** One step: what, and three numbers to choose by, each modulo the choices there are. */
export type Step = { readonly what: Happening; readonly a: number; readonly b: number; readonly c: number };
export type Happening = keyof typeof happenings;

/** Does a step, if it is possible at all. */
export function happen(scene: Scene, { what, a, b, c }: Step): void {
  scene.at++;
  const branches = new Map(scene.acme.shop.branches);
  const learns: Learns = { branchPush: null, pushes: new Map(), review: null, override: null };
  try {
    happenings[what](scene, { a, b, c, learns });
  } catch (error) {
    // GitHub refuses: nothing happened.
    if (!(error instanceof HttpError)) throw error;
  }
  collectDeliveries(scene, ({ event, action, payload }) => {
    const heard = `${event} ${action}`;
    if (event === "push") return () => hearPush(scene, learns.branchPush);
    if (heard === "pull_request synchronize") return () => tell(learns.pushes.get(Number(payload["number"])));
    if (heard === "pull_request_review submitted") return () => hear(learns.review);
    if (heard === "issue_comment created") return () => hear(learns.override);
    return null;
  });
  noteMerged(scene, branches);
  noteEvidence(scene);
  noteAllowed(scene);
}

/** The first delivery counts, not its repetitions. */
function hearPush(scene: Scene, pushed: BranchPush | null): void {
  if (pushed !== null) pushed.heard ??= ++scene.pushesHeard;
}

function tell(pushed: Push | undefined): void {
  if (pushed !== undefined) pushed.told = true;
}

function hear(said: { heard: boolean } | null): void {
  if (said !== null) said.heard = true;
}

const happenings = {
  ...merges,
  branch: (scene: Scene, { a, b, c, learns }: Chosen) => {
    const branch = `topic-${scene.history.size}`;
    const by = pick(writers, a);
    const sha = pushTo(scene, { branch, by, commits: [commitOf(branch, by, c, scene.at)], from: "main" });
    learns.branchPush = begin(scene, { branch, by });
    say(scene, `${by} pushes a new ${branch}: ${sha.slice(0, 7)} ${shapes[c % shapes.length]}`);
    open(scene, branch, by, pick(targets, b));
  },
  copy: (scene: Scene, { a, b, c, learns }: Chosen) => {
    const from = pick([...scene.history.keys()], a);
    if (from === undefined) return;
    const branch = `topic-${scene.history.size}`;
    const by = pick(writers, b);
    push(scene.acme.github, scene.acme.shop, { branch, pusher: by, from });
    learns.branchPush = begin(scene, { branch, by, from });
    say(scene, `${by} makes ${branch} from ${from}`);
    open(scene, branch, by, pick(targets, c));
  },
  open: (scene: Scene, { a, b, c }: Chosen) => {
    const branch = pick([...scene.history.keys()], a);
    if (branch !== undefined) open(scene, branch, pick(writers, b), pick(targets, c));
  },
  push: (scene: Scene, { a, b, c, learns }: Chosen) => {
    const branch = pick([...scene.history.keys()], a);
    if (branch === undefined) return;
    const by = pick(writers, b);
    moveHead(scene, { branch, by, what: `adds ${shapes[c % shapes.length]}`, learns }, () =>
      pushTo(scene, { branch, by, commits: [commitOf(branch, by, c, scene.at)] }),
    );
  },
  rewrite: (scene: Scene, { a, b, c, learns }: Chosen) => {
    const branch = pick([...scene.history.keys()], a);
    if (branch === undefined) return;
    const by = pick(writers, b);
    moveHead(scene, { branch, by, what: `starts anew with ${shapes[c % shapes.length]}`, learns }, () =>
      pushTo(scene, {
        branch,
        by,
        commits: [commitOf(branch, by, c, scene.at)],
        from: "main",
        force: true,
      }),
    );
  },
  amend: (scene: Scene, { a, b, learns }: Chosen) => {
    const branch = pick([...scene.history.keys()], a);
    if (branch === undefined) return;
    const by = pick(writers, b);
    const { acme } = scene;
    const from = mergeBase(acme.shop, tip(acme, "main"), tip(acme, branch)) ?? tip(acme, "main");
    const files = Object.fromEntries(
      diffFromMergeBase(acme.shop, tip(acme, "main"), tip(acme, branch)).map(({ path, after }) => [
        path,
        after?.text ?? null,
      ]),
    );
    moveHead(scene, { branch, by, what: "squashes without trailers", learns }, () =>
      pushTo(scene, { branch, by, commits: [{ message: "All by hand", files }], from, force: true }),
    );
  },
  rewind: (scene: Scene, { a, b, c, learns }: Chosen) => {
    const [branch, history] = pick([...scene.history], a) ?? [];
    if (branch === undefined || history === undefined) return;
    const by = pick(writers, b);
    const { after } = pick(history, c) ?? {};
    if (after === undefined) return;
    moveHead(scene, { branch, by, what: `goes back to ${after.slice(0, 7)}`, learns }, () =>
      pushTo(scene, { branch, by, commits: [], from: after, force: true }),
    );
  },
  update: (scene: Scene, { a, b, learns }: Chosen) => {
    const pull = pick(opened(scene), a);
    if (pull === undefined) return;
    const by = pick(writers, b);
    const { github, shop } = scene.acme;
    moveHead(
      scene,
      { branch: pull.branch, by, what: `presses Update branch on #${pull.number}`, learns },
      () => {
        updatePullBranch(github, shop, pull.real, account(scene.acme, by), undefined);
        return tip(scene.acme, pull.branch);
      },
    );
  },
  advance: (scene: Scene, { a }: Chosen) => {
    const branch = pick(bases, a) ?? "main";
    const files = { [`${branch}.md`]: `${scene.at}` };
    push(scene.acme.github, scene.acme.shop, { branch, pusher: "ada", message: aside, files });
    say(scene, `ada pushes to ${branch}`);
  },
  review: (scene: Scene, { a, b, c, learns }: Chosen) => {
    const pull = pick(opened(scene), a);
    if (pull === undefined) return;
    const by = pick(reviewers, b);
    const [event, state] = pick(reviewEvents, c);
    const { github, shop } = scene.acme;
    createReview(github, shop, pull.real, account(scene.acme, by), { event, body: "My view" });
    const { head, base } = pull;
    const objected = state === "CHANGES_REQUESTED";
    learns.review = { by, state, objected, at: scene.at, head, base, heard: false, dismissedBy: null };
    pull.reviews.push(learns.review);
    say(scene, `${by} reviews #${pull.number} at ${head.slice(0, 7)}: ${state}`);
  },
  dismiss: (scene: Scene, { a, b }: Chosen) => {
    const reviews = scene.pulls.flatMap((pull) => pull.reviews.map((review, at) => ({ pull, review, at })));
    const standing = reviews.filter(
      ({ review: { state } }) => state === "APPROVED" || state === "CHANGES_REQUESTED",
    );
    const { pull, review, at } = pick(standing, a) ?? {};
    const real = pull?.real.reviews[at ?? 0];
    if (pull === undefined || review === undefined || real === undefined) return;
    const by = pick(writers, b);
    const { github, shop } = scene.acme;
    dismissReview(github, shop, pull.real, real, { actor: account(scene.acme, by), message: "No" });
    if (pull.merged !== null) mayBeCleared(pull.merged);
    review.state = "DISMISSED";
    review.dismissedBy = by;
    say(scene, `${by} dismisses the review of ${review.by} on #${pull.number}`);
  },
  body: (scene: Scene, { a, b }: Chosen) => {
    const pull = pick(unmerged(scene), a);
    if (pull === undefined) return;
    const by = pick([pull.author, "ada"], b) ?? "ada";
    pull.attested = !pull.attested;
    const body = pull.attested ? attestation : `Nothing to declare ${scene.at}`;
    editPull(scene.acme.github, scene.acme.shop, pull.real, account(scene.acme, by), { body });
    say(scene, `${by} writes into #${pull.number}: ${body}`);
  },
  label: (scene: Scene, { a, b, c }: Chosen) => {
    const pull = pick(unmerged(scene), a);
    const by = pick(writers, b);
    const label = c % 4 === 0 ? "bug" : "ai-assisted";
    if (pull === undefined || pull.labels.has(label)) return;
    addLabels(scene.acme.github, scene.acme.shop, pull.real, account(scene.acme, by), [label]);
    pull.labels.add(label);
    if (label === "ai-assisted") pull.labelled = true;
    say(scene, `${by} puts ${label} on #${pull.number}`);
  },
  unlabel: (scene: Scene, { a, b }: Chosen) => {
    const pull = pick(
      unmerged(scene).filter(({ labels }) => labels.size > 0),
      a,
    );
    if (pull === undefined) return;
    const by = pick(writers, b);
    const [label = ""] = pull.labels;
    removeLabel(scene.acme.github, scene.acme.shop, pull.real, account(scene.acme, by), label);
    pull.labels.delete(label);
    say(scene, `${by} takes ${label} off #${pull.number}`);
  },
  retarget: (scene: Scene, { a, b, c }: Chosen) => {
    const pull = pick(opened(scene), a);
    const base = pick(targets, b);
    if (pull === undefined || pull.base === base || isOpen(scene, pull.branch, base)) return;
    leaveQueue(scene, [pull]);
    const by = pick([pull.author, "ada"], c) ?? "ada";
    editPull(scene.acme.github, scene.acme.shop, pull.real, account(scene.acme, by), { base });
    pull.base = base;
    pull.movedAt = scene.at;
    say(scene, `${by} changes the base of #${pull.number} to ${base}`);
  },
  close: (scene: Scene, { a, b }: Chosen) => {
    const pull = pick(opened(scene), a);
    if (pull === undefined) return;
    leaveQueue(scene, [pull]);
    const by = pick([pull.author, "ada"], b) ?? "ada";
    closePull(scene.acme.github, scene.acme.shop, pull.real, account(scene.acme, by));
    pull.open = false;
    say(scene, `${by} closes #${pull.number}`);
  },
  reopen: (scene: Scene, { a, b }: Chosen) => {
    const pull = pick(
      unmerged(scene).filter((each) => !each.open),
      a,
    );
    if (pull === undefined || isOpen(scene, pull.branch, pull.base)) return;
    const by = pick([pull.author, "ada"], b) ?? "ada";
    reopenPull(scene.acme.github, scene.acme.shop, pull.real, account(scene.acme, by));
    pull.open = true;
    if (pull.head !== pull.real.head.sha) for (const override of pull.overrides) override.certain = false;
    pull.head = pull.real.head.sha;
    say(scene, `${by} reopens #${pull.number}`);
  },
  roster: (scene: Scene, { a, b }: Chosen) => {
    const { acme } = scene;
    const login = pick(["grace", "vera", "juno", "milo", "otto"], a) ?? "grace";
    const level = pick(rosterLevels, b);
    if (level === undefined || level === null) acme.roster.delete(login);
    else acme.roster.set(login, level);
    configure(scene, { [rosterFile]: rosterText(acme.roster) });
    say(scene, `The roster: ${login} is ${level}`);
  },
  policy: (scene: Scene, { a }: Chosen) => {
    const policy = pick(
      [
        { mode: "enforce", approvals: 1 },
        { mode: "enforce", approvals: 2 },
        { mode: "observe", approvals: 1 },
      ] as const,
      a,
    );
    if (policy === undefined) return;
    scene.acme.policy = policy;
    configure(scene, { [policyFile]: policyText(policy) });
    say(scene, `The policy: ${policy.mode}, ${policy.approvals} approvals`);
  },
  override: (scene: Scene, { a, b, learns }: Chosen) => {
    const pull = pick(opened(scene), a);
    if (pull === undefined) return;
    const by = pick(reviewers, b);
    const { github, shop } = scene.acme;
    createComment(github, shop, pull.real, account(scene.acme, by), {
      body: "/countersign override now",
      appId: null,
    });
    const { head, published, shown: stands } = pull;
    const seen = shop.checkRuns.some(({ headSha }) => headSha === head);
    const shown = new Set([...(seen ? [head] : []), ...(published === null ? [] : [published])]);
    const sure = stands?.sha === head && isSure(stands, scene.acme.clock.now);
    const certain = seen && published === head && sure;
    learns.override = { by, shown, certain, heard: false };
    pull.overrides.push(learns.override);
    say(scene, `${by} overrides #${pull.number} at ${pull.head.slice(0, 7)}, ${seen ? "seen" : "unseen"}`);
  },
  recheck: (scene: Scene, { a }: Chosen) => {
    const pull = pick(opened(scene), a);
    if (pull !== undefined) recheck(scene, pull);
  },
  enqueue: (scene: Scene, { a, b }: Chosen) => {
    const { github, shop } = scene.acme;
    const pull = pick(
      opened(scene).filter(({ base }) => base !== "develop"),
      a,
    );
    if (pull === undefined || shop.queue.some(({ number }) => number === pull.number)) return;
    const sha = enqueue(github, shop, pull.real, account(scene.acme, pick(writers, b)));
    say(scene, `#${pull.number} is queued as ${sha.slice(0, 7)}`);
  },
  dequeue: (scene: Scene, { a }: Chosen) => {
    const entry = pick(scene.acme.shop.queue, a);
    if (entry !== undefined)
      leaveQueue(
        scene,
        scene.pulls.filter(({ number }) => number === entry.number),
      );
  },
} as const;

/** Whether a check surely stood on a head at that time, so that somebody could override what it said. */
function isSure({ passing, at }: Shown, now: number): boolean {
  return !passing && at <= now;
}

/** ada changes the roster or the policy. */
function configure({ acme, pulls }: Scene, files: Readonly<Record<string, string>>): void {
  // What was merged is judged by the rules of when it is looked at, and may be looked at again.
  for (const { merged } of pulls) if (merged !== null) mayBeCleared(merged, false);
  push(acme.github, acme.config, { branch: "main", pusher: "ada", message: "Configure", files });
}

/** Asks the app to look again, as anybody may. */
export function recheck(scene: Scene, pull: Tracked): void {
  const { github, shop } = scene.acme;
  createComment(github, shop, pull.real, account(scene.acme, "otto"), {
    body: "/countersign recheck",
    appId: null,
  });
  say(scene, `otto asks for another look at #${pull.number}`);
}
