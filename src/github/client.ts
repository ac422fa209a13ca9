import { Octokit } from "@octokit/rest";
import Bottleneck from "bottleneck";
import type { Logger } from "pino";
import { Probot, ProbotOctokit } from "probot";
import { z } from "zod";

/** What this folder needs of an Octokit: Probot's for the app, @octokit/rest's for a person at the command line. */
export type GitHub = Pick<Octokit, "graphql" | "rest" | "paginate">;

/** Shorter than any lease, so that a hanging request cannot outlive the right to publish what it answers. */
export const requestTimeoutMs = 15_000;

/** `fetch` that gives up after `requestTimeoutMs`; the requests for installation tokens go through it too. */
const timedFetch: typeof fetch = async (input, init) =>
  fetch(input, { ...init, signal: AbortSignal.timeout(requestTimeoutMs) });

/**
 * Probot for one GitHub App: it authenticates as the app and as its installations, and hands deliveries on.
 * Its own throttling sends writes and every query down one lane of one per second, and its retries could write twice, so
 * both are off: a look that fails is repeated as a whole, after the time GitHub asked for. Only the function form of
 * `defaults` can switch the throttling off.
 * @param app.log Probot logs whole payloads with an error; give it a log that is silent or scrubbed.
 */
export async function createProbot(app: {
  appId: number;
  privateKey: string;
  webhookSecret: string;
  apiUrl: string;
  log: Logger;
}): Promise<Probot> {
  const PacedOctokit = ProbotOctokit.plugin(withLanes()).defaults((options: Record<string, unknown>) => ({
    ...options,
    throttle: { enabled: false },
    retry: { enabled: false },
  }));
  const { appId, privateKey, webhookSecret, apiUrl, log } = app;
  const request = { fetch: timedFetch };
  const probot = new Probot({
    appId,
    privateKey,
    secret: webhookSecret,
    baseUrl: apiUrl,
    Octokit: PacedOctokit,
    request,
    log,
  });
  return probot.ready();
}

/** A client that asks as the person whose token it is: for a few requests from a terminal, so without lanes and log. */
export function personalClient(token: string, apiUrl: string): GitHub {
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  return new Octokit({ auth: token, baseUrl: apiUrl, request: { fetch: timedFetch }, log: silent });
}

/**
 * A lane for each kind of request and installation, within GitHub's documented limits: 100 requests at once, 2,000
 * GraphQL points and 900 REST points a minute, a query costing 1 point and a write 5. Writes are limited by points and
 * never spaced out.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
function withLanes(): Parameters<typeof ProbotOctokit.plugin>[0] {
  const lanes = {
    graphql: new Bottleneck.Group(lane({ concurrentMax: 50, perMinuteMax: 2000 })),
    read: new Bottleneck.Group(lane({ concurrentMax: 25, perMinuteMax: 450 })),
    write: new Bottleneck.Group(lane({ concurrentMax: 20, perMinuteMax: 90 })),
  };
  return (octokit, options) => {
    const auth = z.object({ installationId: z.number() }).safeParse(options.auth);
    const installation = auth.success ? String(auth.data.installationId) : "app";
    octokit.hook.wrap("request", async (request, given) => {
      const kind = given.url.endsWith("/graphql") ? "graphql" : given.method === "GET" ? "read" : "write";
      return lanes[kind].key(installation).schedule(async () => request(given));
    });
  };
}

function lane({ concurrentMax, perMinuteMax }: { concurrentMax: number; perMinuteMax: number }) {
  return {
    maxConcurrent: concurrentMax,
    reservoir: perMinuteMax,
    reservoirRefreshAmount: perMinuteMax,
    reservoirRefreshInterval: 60_000,
  };
}
