import { createOutages } from "../../src/delivery/outages.ts";
import type { SweepContext } from "../../src/delivery/sweep.ts";
import { startWorker, type Worker } from "../../src/delivery/worker.ts";
import type { ExplainPages } from "../../src/github/access.ts";
import { createProbot, type GitHub } from "../../src/github/client.ts";
import { createUsage } from "../../src/github/usage.ts";
import { createLog } from "../../src/log.ts";
import { type Mark, putMarks } from "../../src/store/marks.ts";
import { openStore, type Place, type Store } from "../../src/store/store.ts";
import { logLine } from "../end-to-end/log-line.ts";
import { furnish } from "../end-to-end/company.ts";
import { type FakeGitHub, startFakeGitHub } from "../fake-github/server.ts";
import { makePlace } from "../store/fresh-store.ts";

/** A worker on a real store and the fake GitHub, with a clock that tests move and a door that looks wait behind. */
export type WorkingDay = {
  readonly github: FakeGitHub;
  readonly store: Store;
  readonly log: Record<string, unknown>[];
  /** The server's clock, ms; it only moves with `later`, and by `lookMs`. */
  readonly clock: () => number;
  /** Moves the clock on. */
  readonly later: (ms: number) => void;
  /** What the worker takes for chance. */
  readonly chance: { next: number };
  /** Installations of looks that began, in order. */
  readonly begun: number[];
  /** Looks that began wait until the door is opened. */
  readonly closeDoor: () => void;
  readonly openDoor: () => void;
  readonly mark: (...targets: readonly string[]) => Promise<void>;
  /** Starts a worker; several may run. */
  readonly work: () => Worker;
  readonly installation: number;
  /** What chores need. */
  readonly upkeep: SweepContext & {
    readonly configRepo: string;
    readonly auditKeepDays: null;
    readonly wake: () => void;
  };
  readonly close: () => Promise<void>;
};

/** No webhooks: what needs a look is marked by the test. */
export async function startWorkingDay(
  options: {
    /** acme's configuration; a roster when left out. */
    readonly files?: Readonly<Record<string, string>>;
    /** False: the fake's answers are not held to GitHub's description. */
    readonly validate?: boolean;
    /** Where the store is; a place of its own when left out. */
    readonly place?: Place;
    /** How long every answer of the fake takes. */
    readonly latencyMs?: number;
    /** How far the clock moves with every look that begins; left out: not at all. */
    readonly lookMs?: number;
    /** Where people see the explain pages; there are none when left out. */
    readonly pages?: ExplainPages;
  } = {},
): Promise<WorkingDay> {
  const { files, place: given, pages = null, lookMs = 0, ...more } = options;
  const github = await startFakeGitHub(more);
  const { appId, privateKey, webhookSecret } = furnish(github, files);
  const installation = github.installApp("acme", { repositories: "all" });
  const { place, remove } =
    given === undefined ? await makePlace() : { place: given, remove: async () => {} };
  const store = await openStore(place);
  const log: Record<string, unknown>[] = [];
  const logger = createLog("info", (line) => log.push(logLine(line)));
  const silent = logger.child({}, { level: "silent" });
  const apiUrl = `${github.url}/api/v3`;
  let now = Date.now();
  const usage = createUsage(
    () => now,
    () => {},
  );
  const probot = await createProbot({
    appId,
    privateKey,
    webhookSecrets: [webhookSecret],
    apiUrl,
    log: silent,
    usage,
  });
  let door = Promise.withResolvers<void>();
  door.resolve();
  const begun: number[] = [];
  const clientFor = async (id?: number): Promise<GitHub> => {
    if (id !== undefined) begun.push(id);
    now += lookMs;
    await door.promise;
    return probot.auth(id);
  };
  let workers = 0;
  const chance = { next: 0 };
  const running: Worker[] = [];
  const outages = () => createOutages({ now: () => now, random: () => chance.next });
  const context = { store, appId, configRepo: ".github", now: () => now, log: logger, clientFor };
  return {
    github,
    store,
    log,
    clock: () => now,
    later: (ms) => {
      now += ms;
      for (const worker of running) worker.wake();
    },
    chance,
    begun,
    closeDoor: () => {
      door = Promise.withResolvers<void>();
    },
    openDoor: () => door.resolve(),
    mark: async (...targets) => {
      const marks = targets.map((target): Mark => ({ target, installation, priority: 0 }));
      await putMarks(store, marks, now);
      for (const worker of running) worker.wake();
    },
    work: () => {
      const named = { worker: `worker ${++workers}`, random: () => chance.next, outages: outages() };
      const worker = startWorker({ ...context, pages, issues: true, ...named });
      running.push(worker);
      return worker;
    },
    installation,
    upkeep: {
      ...context,
      outages: outages(),
      auditKeepDays: null,
      signal: new AbortController().signal,
      wake: () => {
        for (const worker of running) worker.wake();
      },
    },
    close: async () => {
      door.resolve();
      await Promise.all(running.map(async (worker) => worker.stop()));
      await store.close();
      await github.close();
      await remove();
    },
  };
}
