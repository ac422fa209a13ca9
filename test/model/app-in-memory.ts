import { syncBuiltinESMExports } from "node:module";
import timers, { setImmediate as turn } from "node:timers/promises";
import zlib from "node:zlib";
import { Octokit } from "@octokit/rest";
import { z } from "zod";
import { receive } from "../../src/delivery/inbox.ts";
import { createOutages } from "../../src/delivery/outages.ts";
import { startWorker } from "../../src/delivery/worker.ts";
import { openEmptyStore } from "../../src/store/store.ts";
import { issueInstallationToken } from "../fake-github/auth.ts";
import { createHttp, type HttpState } from "../fake-github/http.ts";
import type { Installation, World } from "../fake-github/world.ts";

/** A request of the app that GitHub has not got yet. `look`: which of the worker's looks makes it, counted from 1. */
export type Request = {
  readonly look: number;
  readonly method: string;
  readonly url: string;
  /** The pull request that is asked for, if it is the query about one. */
  readonly pull: number | null;
  readonly body: unknown;
  readonly send: () => Promise<void>;
  /** GitHub never gets it. */
  readonly lose: () => void;
};

export type App = {
  /** Requests under way, oldest first: nothing of the app happens until one of them is sent. */
  readonly requests: Request[];
  /** What the worker said of looks that ended in a check run, and of those that failed. */
  readonly log: readonly { readonly message: string; readonly fields: object }[];
  readonly receive: (delivery: { guid: string; event: string; payload: unknown }) => Promise<void>;
  /** How many looks began. */
  readonly looks: () => number;
  /** Lets every look begin that can, and go on until it ends or waits for an answer of GitHub. */
  readonly still: () => Promise<void>;
  /** Marks that wait for a look, due or not. */
  readonly waiting: () => Promise<number>;
  readonly close: () => Promise<void>;
};

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const query = z.object({ query: z.string(), variables: z.object({ number: z.number() }) });
/** As in the worker. */
const looksAtOnceMax = 8;

/**
 * What the app does must depend on the sequence alone, not on how busy the machine is. Its timers, which poll, wait and prolong leases,
 * never run; what it leaves to another thread is done at once. Everything else goes on by itself until GitHub is asked.
 * @param pause what a look does that waits for another one.
 * @returns what gives them back: other test files run in the same process.
 */
function takeTimeOut(pause: () => Promise<void>): () => void {
  const { setInterval, setTimeout } = globalThis;
  const { gzip, gunzip } = zlib;
  const { setTimeout: wait } = timers;
  Object.assign(globalThis, { setInterval: () => undefined, setTimeout: () => undefined });
  Object.assign(timers, { setTimeout: pause });
  type Done = (error: Error | null, result: Buffer) => void;
  Object.assign(zlib, {
    gzip: (given: zlib.InputType, done: Done) => done(null, zlib.gzipSync(given)),
    gunzip: (given: zlib.InputType, done: Done) => done(null, zlib.gunzipSync(given)),
  });
  syncBuiltinESMExports();
  return () => {
    Object.assign(globalThis, { setInterval, setTimeout });
    Object.assign(zlib, { gzip, gunzip });
    Object.assign(timers, { setTimeout: wait });
    syncBuiltinESMExports();
  };
}

/**
 * The inbox, the worker and the look on a store in memory, without HTTP: what the app asks GitHub waits until the test sends it,
 * so that anything may happen in between.
 */
export async function startApp(
  world: World,
  given: { installation: Installation; now: () => number },
): Promise<App> {
  const { installation, now } = given;
  const pausing: (() => void)[] = [];
  const goOn = () => {
    for (const pause of pausing.splice(0)) pause();
  };
  const giveTimeBack = takeTimeOut(async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    pausing.push(resolve);
    if (closed) goOn();
    return promise;
  });
  const state: HttpState = {
    requests: [],
    refused: [],
    problems: null,
    faults: [],
    hours: new Map(),
    requestsAnHour: 5000,
    latencyMs: 0,
  };
  const http = createHttp(world, state);
  const store = await openEmptyStore();
  const { token } = issueInstallationToken(world, installation, { permissions: null, repositoryIds: null });
  const requests: Request[] = [];
  const log: { message: string; fields: object }[] = [];
  const note = (fields: object, message: string) => {
    // What is not about one pull request ends no look at it.
    if (message !== "Judged stored facts by the rules of now") log.push({ message, fields });
  };
  let looks = 0;
  let closed = false;

  const clientOf = (look: number) => {
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const { promise, resolve, reject } = Promise.withResolvers<Response>();
      const asked = new globalThis.Request(input, init);
      const body: unknown = typeof init?.body === "string" ? JSON.parse(init.body) : null;
      const about = query.safeParse(body);
      const facts = about.success && about.data.query.includes("query Facts(");
      const request: Request = {
        look,
        method: asked.method,
        url: asked.url,
        pull: facts && about.success ? about.data.variables.number : null,
        body,
        lose: () => reject(new Error("The sequence is over.")),
        send: async () => {
          requests.splice(requests.indexOf(request), 1);
          await Promise.resolve(http.fetch(asked)).then(
            // A response that came over the network knows its address, and Octokit asks for it.
            (response) => resolve(Object.defineProperty(response, "url", { value: asked.url })),
            reject,
          );
        },
      };
      requests.push(request);
      if (closed) request.lose();
      return promise;
    };
    return new Octokit({ auth: token, baseUrl: `${world.url}/api/v3`, request: { fetch }, log: silent });
  };
  const worker = startWorker({
    store,
    appId: installation.appId,
    configRepo: ".github",
    worker: "the worker",
    pages: null,
    random: () => 0,
    outages: createOutages({ now, random: () => 0 }),
    issues: true,
    now,
    log: { info: note, warn: note, error: note },
    clientFor: async () => clientOf(++looks),
  });

  const isStill = async () => {
    const marks = await store.db.selectFrom("marks").select(["due_at", "lease_until"]).execute();
    const held = marks.filter((mark) => mark.lease_until > 0).length;
    const due = marks.filter((mark) => mark.lease_until === 0 && mark.due_at <= now()).length;
    // A look whose lease ran out while it waited holds no mark, and is under way all the same.
    const looking = new Set(requests.map(({ look }) => look)).size + pausing.length;
    return held <= looking && (due === 0 || looking >= looksAtOnceMax);
  };
  return {
    requests,
    log,
    receive: async (delivery) => {
      await receive({ store, appId: installation.appId, configRepo: ".github", now: now() }, delivery);
      worker.wake();
    },
    looks: () => looks,
    still: async () => {
      // What a look marks while it goes on is found by the next poll; each round begins at least one look.
      for (let rounds = 0; rounds <= looksAtOnceMax; rounds++) {
        await turn();
        goOn();
        worker.wake();
        await turn();
        if (await isStill()) return;
      }
      throw new Error("The app does nothing and asks for nothing.");
    },
    waiting: async () => (await store.db.selectFrom("marks").select("target").execute()).length,
    close: async () => {
      closed = true;
      for (const request of requests) request.lose();
      goOn();
      try {
        await worker.stop();
        await store.close();
      } finally {
        giveTimeBack();
      }
      if (state.refused.length > 0) throw new Error(`GitHub would refuse:\n${state.refused.join("\n")}`);
    },
  };
}
