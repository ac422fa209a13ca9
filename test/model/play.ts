import { openAcme, people, worldOf } from "./acme.ts";
import { collectDeliveries, answer, deliver, named, openScene, say, type Scene, still } from "./scene.ts";
import { type Happening, happen, recheck } from "./happen.ts";
import { type Expected, specification } from "./specification.ts";

type Network = Readonly<
  Record<
    "deliver" | "deliver-all" | "duplicate" | "drop" | "answer" | "answer-all" | "quiet" | "later",
    (scene: Scene, by: number) => Promise<void>
  >
>;

/** What the network does to deliveries and to what the app asks: a step like what people do. */
const network: Network = {
  deliver: async (scene, by) => {
    const [delivery] = scene.waiting.splice(by % Math.max(1, scene.waiting.length), 1);
    if (delivery !== undefined) await deliver(scene, delivery);
  },
  "deliver-all": async (scene) => deliverAll(scene),
  duplicate: async (scene, by) => {
    const delivery = scene.sent[by % Math.max(1, scene.sent.length)];
    if (delivery !== undefined) await deliver(scene, delivery);
  },
  drop: async (scene, by) => {
    const [delivery] = scene.waiting.splice(by % Math.max(1, scene.waiting.length), 1);
    if (delivery === undefined) return;
    scene.lost = true;
    say(scene, `  lost: ${named(delivery)}`);
  },
  answer: async (scene, by) => {
    const { requests } = scene.acme.app;
    const request = requests[by % Math.max(1, requests.length)];
    if (request !== undefined) await answer(scene, request);
  },
  "answer-all": async (scene) => answerAll(scene),
  quiet: async (scene) => {
    await deliverAll(scene);
    await answerAll(scene);
  },
  later: async (scene) => {
    // Longer than a look may hold its head, shorter than the worker waits for it.
    const [oldest] = scene.acme.app.requests;
    if (oldest === undefined) scene.acme.clock.now += 50_000;
    await still(scene);
  },
};

export type Step = {
  readonly what: Happening | keyof Network;
  readonly a: number;
  readonly b: number;
  readonly c: number;
};

const tickMs = 1000;

/** What became of a sequence. `exact`: on how many commits the specification left no choice, of `all`. */
export type Played = {
  readonly exact: number;
  readonly all: number;
  readonly kinds: readonly string[];
  /** How many pull requests were merged, and how many of them surely cleared. */
  readonly merged: number;
  readonly cleared: number;
};

/**
 * Plays a sequence, lets everything settle, and compares every check with the specification.
 * @throws with the story of what happened when they differ.
 */
export async function play(steps: readonly Step[]): Promise<Played> {
  const scene = openScene(await openAcme());
  try {
    for (const step of steps) {
      scene.acme.clock.now += tickMs;
      if (isNetwork(step.what)) await network[step.what](scene, step.a);
      else happen(scene, { ...step, what: step.what });
    }
    await settle(scene);
    // What was lost delays a verdict until the next look, whoever asks for it.
    if (scene.lost) {
      scene.acme.clock.now += tickMs;
      for (const pull of scene.pulls.filter(({ open }) => open)) recheck(scene, pull);
      collectDeliveries(scene, () => null);
      await settle(scene);
    }
    return compare(scene);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    // First and last: whoever reads a log that was cut sees one of them.
    const story = [why, ...scene.transcript, ...unheard(scene), why];
    throw new Error(story.join("\n"), { cause: error });
  } finally {
    await scene.acme.app.close();
  }
}

/** What the app logged without asking GitHub for anything since. */
function unheard({ acme, read }: Scene): string[] {
  return acme.app.log.slice(read.log).map((line) => `  the app: ${JSON.stringify(line)}`);
}

function isNetwork(what: Step["what"]): what is keyof Network {
  return Object.hasOwn(network, what);
}

async function deliverAll(scene: Scene): Promise<void> {
  for (const delivery of scene.waiting.splice(0)) await deliver(scene, delivery);
}

async function answerAll(scene: Scene): Promise<void> {
  const { requests } = scene.acme.app;
  for (let next = requests[0]; next !== undefined; next = requests[0]) await answer(scene, next);
}

/** Nothing more happens, everything that was not lost comes in, and every look comes to its end. */
async function settle(scene: Scene): Promise<void> {
  const { app, clock } = scene.acme;
  say(scene, "everything settles");
  for (let rounds = 0; rounds < roundsMax; rounds++) {
    clock.now += tickMs;
    await deliverAll(scene);
    await still(scene);
    await answerAll(scene);
    if ((await app.waiting()) === 0) return;
  }
  throw new Error("The app keeps looking.");
}

const roundsMax = 50;

function compare(scene: Scene): Played {
  const world = worldOf(scene.acme, scene.pulls);
  const mildest = specification(world, "mildest");
  const strictest = specification(world, "strictest");
  let exact = 0;
  const kinds: string[] = [];
  for (const [sha, least] of mildest) {
    // What was lost may have cleared somebody, and of branches made from one another it is not always known who pushed to which
    // when: both fall to the closed side, however far. That the check is never milder is held all the same.
    const open = scene.lost || scene.transcript.some((line) => / makes topic-\d+ from /u.test(line));
    const most: Expected = open ? { ...least, kind: "objected" } : (strictest.get(sha) ?? least);
    const actual = checkOn(scene, sha);
    const same = told(least) === told(most);
    if (same) exact++;
    if (actual === null && scene.lost) continue;
    // Where several pull requests have the head, the title names the people of only one of them.
    const alone = scene.pulls.filter(({ head, open }) => open && head === sha).length === 1;
    const names = same && alone ? least.by : null;
    if (actual !== null && isBetween(actual, least, most) && (names === null || isBy(actual, names))) {
      kinds.push(actual.kind);
      continue;
    }
    const said = `on ${sha.slice(0, 7)} the specification says ${told(least)}${same ? "" : ` to ${told(most)}`}`;
    say(scene, actual?.summary ?? "");
    throw new Error(`${said}, the check ${actual === null ? "is not there" : told(actual)}`);
  }
  for (const pull of scene.pulls.filter(({ open, head }) => open && mildest.has(head)))
    checkLeft(scene, pull);
  const merged = scene.pulls.flatMap((pull) => pull.merged ?? []);
  const cleared = merged.filter((each) => each.cleared.strictest);
  return { exact, all: mildest.size, kinds, merged: merged.length, cleared: cleared.length };
}

/**
 * Whoever goes back to a head must not land it on the word of before: where the check of a pull request does not pass, none does on
 * a head that it had and no other one ever. @throws when one does.
 */
function checkLeft(scene: Scene, pull: Scene["pulls"][number]): void {
  const headsOf = ({ head, pushes }: Scene["pulls"][number]) => [
    head,
    ...pushes.map(({ push }) => push.after),
  ];
  if (passes(checkOn(scene, pull.head))) return;
  const others = scene.pulls.filter((other) => other !== pull).flatMap(headsOf);
  const left = headsOf(pull).filter((sha) => !others.includes(sha) && passes(checkOn(scene, sha)));
  if (left.length === 0) return;
  throw new Error(`#${pull.number} does not pass, but on a head that it left the check does: ${left.join()}`);
}

function passes(check: Actual | null): boolean {
  return check?.conclusion === "success" || check?.conclusion === "neutral";
}

type Actual = {
  readonly kind: string;
  readonly conclusion: string;
  readonly title: string;
  readonly summary: string;
};

function told({ kind, conclusion, ...more }: Expected | Actual): string {
  return `${kind} (${conclusion})${"title" in more ? ` "${more.title}"` : ` ${more.by.join(", ")}`}`;
}

const order = ["objected", "waiting", "overridden", "countersigned", "not-needed"];

function isBetween(actual: Actual, least: Expected, most: Expected): boolean {
  const at = order.indexOf(actual.kind);
  const conclusions: string[] = least.conclusion === "neutral" ? ["neutral"] : [conclusionOf(actual.kind)];
  return (
    at <= order.indexOf(least.kind) &&
    at >= order.indexOf(most.kind) &&
    conclusions.includes(actual.conclusion)
  );
}

/** The title names all who object or countersigned, one of those who override, and those who could end a wait. */
function isBy({ kind, title }: Actual, by: readonly string[]): boolean {
  const named = people.filter((login) => new RegExp(`\\b${login}\\b`, "u").test(title));
  if (kind === "waiting") return true;
  if (kind === "overridden") return named.some((login) => by.includes(login));
  return named.toSorted().join() === by.join();
}

function conclusionOf(kind: string): string {
  return kind === "objected" ? "failure" : kind === "waiting" ? "action_required" : "success";
}

/** The check on a commit, its kind told from its title. @throws when there are several. */
function checkOn({ acme }: Scene, sha: string): Actual | null {
  const runs = acme.shop.checkRuns.filter(({ headSha }) => headSha === sha);
  if (runs.length > 1) throw new Error(`There are ${runs.length} check runs on ${sha.slice(0, 7)}.`);
  const [run] = runs;
  if (run === undefined) return null;
  const title = run.output.title ?? "";
  const kind = titles.find(([, pattern]) => pattern.test(title))?.[0] ?? "unknown";
  return { kind, conclusion: String(run.conclusion), title, summary: run.output.summary ?? "" };
}

const titles = [
  ["objected", /objects?\b|requested changes/u],
  ["waiting", /Waiting for/u],
  ["overridden", /Overridden/u],
  ["countersigned", /Countersigned by/u],
  ["not-needed", /No countersignature needed/u],
] as const;
