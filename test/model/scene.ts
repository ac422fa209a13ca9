import type { Request } from "./app-in-memory.ts";
import { type Acme, rangeOf, rosterText, worldOf } from "./acme.ts";
import type { Delivery } from "../fake-github/webhooks.ts";
import type { Pull as GitHubPull } from "../fake-github/world.ts";
import { type BranchPush, type Pull, type Reading, specification } from "./specification.ts";

/** A pull request as the specification knows it, and beside it what must be kept to know that. */
export type Tracked = Pull & {
  readonly real: GitHubPull;
  /** The head of its newest check. */
  published: string | null;
  shown: Shown | null;
  /** GitHub's timeline shows for good that a label was put on. */
  labelled: boolean;
};

/** The check of a pull request on its head. `at`: ms since epoch on GitHub's clock, when it surely stood there. */
export type Shown = { readonly sha: string; readonly passing: boolean; readonly at: number };

/** One sequence while it is played. */
export type Scene = {
  readonly acme: Acme;
  readonly pulls: Tracked[];
  /** Every push to a branch, in order, whether or not there was a pull request. */
  readonly history: Map<string, BranchPush[]>;
  /** How many `push` deliveries to such branches came in. */
  pushesHeard: number;
  /** Deliveries GitHub has not sent yet, and those it sent. */
  readonly waiting: Delivery[];
  readonly sent: Delivery[];
  /** What the app learns from a delivery by its guid. */
  readonly learns: Map<string, () => void>;
  /** What was said by now, for whom a failure is to be explained. */
  readonly transcript: string[];
  /** Whether a delivery was lost. */
  lost: boolean;
  /** How many deliveries and log lines were dealt with. */
  readonly read: { deliveries: number; log: number };
  /** Counts everything that happens. */
  at: number;
  readonly looks: Map<number, LookSeen>;
};

/** What happened around one of the worker's looks: what it read, and which checks were right meanwhile. */
type LookSeen = {
  readonly first: number | null;
  readonly head: string | null;
  readonly gated: boolean;
  readonly reads: number;
  readonly evidence: ReadonlySet<string>;
  readonly trees: ReadonlySet<string>;
  /** Roster and policy as it read them: a look reads first and recalls then, so what it hears meanwhile is judged by these. */
  readonly config: Config | null;
  /** `SHA conclusion` that the mildest reading allowed at some moment since it began. */
  readonly allowed: Set<string>;
};

/** The app only ignores these, and they are most of what there is. */
const ignored = new Set(["check_run", "check_suite"]);

export function openScene(acme: Acme): Scene {
  return {
    acme,
    pulls: [],
    history: new Map(),
    pushesHeard: 0,
    waiting: [],
    sent: [],
    learns: new Map(),
    transcript: [],
    lost: false,
    read: { deliveries: acme.webhooks.deliveries.length, log: 0 },
    at: 0,
    looks: new Map(),
  };
}

export function say(scene: Scene, line: string): void {
  scene.transcript.push(line);
}

/** Takes up what GitHub has to tell by now; `learns` says what the app learns from a delivery. */
export function collectDeliveries(scene: Scene, learns: (delivery: Delivery) => (() => void) | null): void {
  const { deliveries } = scene.acme.webhooks;
  for (const delivery of deliveries.slice(scene.read.deliveries)) {
    if (ignored.has(delivery.event)) continue;
    scene.waiting.push(delivery);
    const learned = learns(delivery);
    if (learned !== null) scene.learns.set(delivery.guid, learned);
  }
  scene.read.deliveries = deliveries.length;
}

/** `pull_request opened 3` */
export function named({ event, action, payload: { number } }: Delivery): string {
  return [event, action, number]
    .filter((part) => typeof part === "string" || typeof part === "number")
    .join(" ");
}

/** GitHub sends one delivery. */
export async function deliver(scene: Scene, delivery: Delivery): Promise<void> {
  const { guid, event, payload } = delivery;
  say(scene, `  delivered: ${named(delivery)}`);
  scene.learns.get(guid)?.();
  // What it tells is true for a look from the moment the app may know it.
  noteAllowed(scene);
  await scene.acme.app.receive({ guid, event, payload });
  scene.sent.push(delivery);
  await still(scene);
}

/** GitHub gets one request of the app, and answers it. */
export async function answer(scene: Scene, request: Request): Promise<void> {
  const { app } = scene.acme;
  if (request.pull !== null) noteRead(scene, request, request.pull);
  await request.send();
  say(
    scene,
    `  answered: look ${request.look} ${request.method} ${request.url.replace(/^.*\/api\//u, "")} ${request.pull ?? ""}`,
  );
  if (request.url.includes("/check-runs") && request.method !== "GET") checkWrite(scene, request);
  await still(scene);
  for (const { message, fields } of app.log.slice(scene.read.log)) noteLog(scene, message, fields);
  const failed = app.log.length > scene.read.log && app.log.at(-1)?.message !== "Looked";
  scene.read.log = app.log.length;
  if (!failed) noteNotGated(scene, request.look);
}

/**
 * A look at a pull request whose base is not gated ends without a word; it read once, because one that finds another look at the
 * head does not read, and one that finds another head reads twice.
 */
function noteNotGated(scene: Scene, look: number): void {
  const seen = scene.looks.get(look);
  if (seen === undefined || seen.gated || seen.reads !== 1) return;
  if (scene.acme.app.requests.some((request) => request.look === look)) return;
  const pull = scene.pulls.find(({ number }) => number === seen.first);
  if (pull !== undefined) remember(pull, seen);
}

function remember(pull: Tracked, { evidence, trees }: LookSeen): void {
  for (const sign of evidence) pull.known.add(sign);
  for (const tree of trees) pull.knownTrees.add(tree);
}

/** Waits for the app, and notes which looks began. */
export async function still(scene: Scene): Promise<void> {
  const { app } = scene.acme;
  await app.still();
  for (let look = scene.looks.size + 1; look <= app.looks(); look++) {
    const nothing = new Set<string>();
    const seen = {
      first: null,
      head: null,
      gated: true,
      reads: 0,
      evidence: nothing,
      trees: nothing,
      config: null,
      allowed: new Set<string>(),
    };
    scene.looks.set(look, seen);
  }
  noteAllowed(scene);
}

/** To be called after everything that happens: what is passing now may be published by each look that is under way. */
export function noteAllowed(scene: Scene): void {
  const { app } = scene.acme;
  const active = new Set(app.requests.map(({ look }) => look));
  if (active.size === 0) return;
  const now = checksBy(scene, scene.acme);
  for (const look of active) {
    const seen = scene.looks.get(look);
    if (seen === undefined) continue;
    const { allowed, config } = seen;
    for (const each of now) allowed.add(each);
    if (config !== null && !isSame(config, scene.acme))
      for (const each of checksBy(scene, config)) allowed.add(each);
  }
}

type Config = Pick<Acme, "roster" | "policy">;

/** `SHA conclusion` of every check, by the mildest reading, with this roster and policy. */
function checksBy({ acme, pulls }: Scene, { roster, policy }: Config): string[] {
  const world = { ...worldOf(acme, pulls), roster, policy };
  return [...specification(world, "mildest")].map(([sha, { conclusion }]) => `${sha} ${conclusion}`);
}

function isSame(one: Config, other: Config): boolean {
  return one.policy === other.policy && rosterText(one.roster) === rosterText(other.roster);
}

/** To be called after everything that happens: evidence is there from its first moment. */
export function noteEvidence(scene: Scene): void {
  const { pulls } = scene;
  for (const pull of pulls.filter(({ merged }) => merged === null)) {
    for (const sign of evidenceOf(scene, pull, "strictest")) pull.ever.add(sign);
    for (const tree of treesOf(scene, pull)) pull.everTrees.add(tree);
  }
}

/** What is there now, and what was in earlier heads: of this pull request, as far as the app was told, or of its branch. */
function evidenceOf({ acme }: Scene, pull: Tracked, reading: Reading): string[] {
  const { base, head, labelled, attested } = pull;
  const { range } = worldOf(acme, []);
  const pushes = reading === "strictest" ? pull.pushes : pull.pushes.filter(({ told }) => told);
  const heads = pushes.map(({ push }) => push.after);
  const commits = [head, ...heads].flatMap((sha) => range(base, sha));
  return [
    ...commits.filter(({ assisted }) => assisted).map(({ sha }) => sha),
    ...(labelled ? ["label"] : []),
    ...(attested ? ["attestation"] : []),
  ];
}

function treesOf({ acme }: Scene, { base, head }: Pull): string[] {
  return rangeOf(acme, base, head).map(({ treeSha }) => treeSha);
}

/** A look reads a pull request: what is there now is what it knows if it comes to its end. */
function noteRead(scene: Scene, request: Request, number: number): void {
  const seen = scene.looks.get(request.look);
  const pull = scene.pulls.find((each) => each.number === number);
  if (seen === undefined || pull === undefined || (seen.first !== null && seen.first !== number)) return;
  const trees = new Set(treesOf(scene, pull));
  const evidence = new Set(evidenceOf(scene, pull, "mildest"));
  const { head, base } = pull;
  const reads = seen.reads + 1;
  scene.looks.set(request.look, {
    ...seen,
    first: number,
    head,
    gated: base !== "develop",
    reads,
    evidence,
    trees,
    config: { roster: new Map(scene.acme.roster), policy: scene.acme.policy },
  });
}

/** A look ended in a check run: what it read of its pull request is remembered for good. */
function noteLog(scene: Scene, message: string, fields: object): void {
  if (message !== "Looked") {
    say(scene, `  the app: ${message} ${JSON.stringify(fields)}`);
    if (!expectedFailure.test(JSON.stringify(fields)))
      throw new Error(`${message}: ${JSON.stringify(fields)}`);
    return;
  }
  const target = "target" in fields ? String(fields.target) : "";
  const pull = scene.pulls.find(({ number }) => target === `pull:acme/shop:${number}`);
  const head = "headSha" in fields ? fields.headSha : null;
  const verdict = "verdict" in fields ? String(fields.verdict) : "";
  say(scene, `  the app looked at ${target}: ${verdict}`);
  if (pull === undefined) return;
  const [seen] = [...scene.looks.values()].filter(({ first }) => first === pull.number).slice(-1);
  if (seen === undefined || seen.head !== head) return;
  remember(pull, seen);
  // It is the check of all that share the head.
  for (const other of scene.pulls) if (other.open && other.head === seen.head) other.published = seen.head;
  pull.published = seen.head;
  noteShown(scene, pull, "wrote" in fields && fields.wrote !== "unchanged");
}

/**
 * From when on the check surely stood there. GitHub's answer names the second in which it was written; where nothing was written,
 * or by a look at another pull request, our own clock is all there is, and GitHub's may be a minute ahead.
 */
function noteShown({ acme, pulls }: Scene, pull: Tracked, wrote: boolean): void {
  const { head: sha, shown } = pull;
  const passing = acme.shop.checkRuns.some((run) => run.headSha === sha && run.conclusion === "success");
  if (shown?.sha === sha && shown.passing === passing) return;
  const alone = pulls.every((other) => other === pull || !other.open || other.head !== sha);
  pull.shown = { sha, passing, at: acme.clock.now + (wrote && alone ? 1000 : clockDriftMs) };
}

const clockDriftMs = 60_000;

/**
 * A look that takes too long, or around which heads move, is repeated: nothing of it is lost. One that finds another at a head
 * which its pull request has left comes back for that head.
 */
const expectedFailure =
  /took too long to be published|kept moving|moved while|kept changing|took too long: another has begun|may still pass, which the head was: it is looked at|did not end/u;

/** Says no more than the specification does at some moment between the beginning of the look and now. */
function checkWrite(scene: Scene, request: Request): void {
  const id = Number(/check-runs\/(\d+)/u.exec(request.url)?.[1] ?? 0);
  const { checkRuns } = scene.acme.shop;
  const run = id === 0 ? checkRuns.at(-1) : checkRuns.find((each) => each.id === id);
  if (run === undefined) throw new Error(`What is written by ${request.method} ${request.url}?`);
  const { headSha, conclusion, output } = run;
  say(scene, `  published on ${headSha.slice(0, 7)}: ${conclusion} ${output.title}`);
  if (conclusion !== "success" && conclusion !== "neutral") return;
  noteAllowed(scene);
  // Nothing lands by a group that was thrown away, whatever is still said of it.
  const { commits, queue } = scene.acme.shop;
  const ofGroup = commits.get(headSha)?.message.startsWith("Merge pull request #") === true;
  if (ofGroup && !queue.some(({ sha }) => sha === headSha)) return;
  if (scene.looks.get(request.look)?.allowed.has(`${headSha} ${conclusion}`) === true) return;
  throw new Error(
    `${conclusion} on ${headSha.slice(0, 7)} was right at no moment of the look: ${output.title}`,
  );
}
