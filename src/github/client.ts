import { Octokit } from "@octokit/rest";
import type { Logger } from "pino";
import { Probot, ProbotOctokit } from "probot";
import { z } from "zod";
import { GitHubError } from "./errors.ts";
import { createLane, createTally, type Tally } from "./lanes.ts";
import { type Call, pointsOf, type Usage } from "./usage.ts";

/** What this folder needs of an Octokit: Probot's for the app, @octokit/rest's for a person at the command line. */
export type GitHub = Pick<Octokit, "graphql" | "rest" | "paginate">;

/** Shorter than any lease, so that a hanging request cannot outlive the right to publish what it answers. */
export const requestTimeoutMs = 15_000;

/** `fetch` that gives up after `requestTimeoutMs`; the requests for installation tokens go through it too. */
export const timedFetch: typeof fetch = async (input, init) =>
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
  usage: Usage;
}): Promise<Probot> {
  const PacedOctokit = ProbotOctokit.plugin(withLanes(app.usage)).defaults(
    (options: Record<string, unknown>) => ({
      ...options,
      throttle: { enabled: false },
      retry: { enabled: false },
    }),
  );
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
 * never spaced out. Comments have narrower limits besides, 80 a minute and 500 an hour; one past them fails at once, because a
 * look cannot wait so long.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
function withLanes(usage: Usage): Parameters<typeof ProbotOctokit.plugin>[0] {
  const known = new Map<string, ReturnType<typeof makeLanes>>();
  const lanesOf = (installation: string) => {
    const lanes = known.get(installation) ?? makeLanes();
    known.set(installation, lanes);
    return lanes;
  };
  return (octokit, options) => {
    const auth = authSchema.safeParse(options.auth);
    const installation = auth.success ? String(auth.data.installationId) : "app";
    octokit.hook.wrap("request", async (request, given) => {
      const kind = given.url.endsWith("/graphql") ? "graphql" : given.method === "GET" ? "read" : "write";
      const send = async () => {
        usage.requireLeave(installation, kind);
        return noted(usage, { installation, kind }, async () => request(given));
      };
      // Whatever asks for a token keeps its place in a lane until it has it: in the same lane, both could wait for ever.
      if (given.url.endsWith("/access_tokens")) return send();
      const lanes = lanesOf(installation);
      if (given.method === "POST" && given.url.endsWith("/comments")) takeTurns(lanes.comments);
      return lanes[kind](send);
    });
  };
}

const authSchema = z.object({ installationId: z.number() });

function makeLanes() {
  const tally = createTally({ max: 900, ms: 60_000 });
  return {
    graphql: createLane({
      concurrentMax: 50,
      points: pointsOf.graphql,
      tally: createTally({ max: 2000, ms: 60_000 }),
    }),
    read: createLane({ concurrentMax: 25, points: pointsOf.read, tally }),
    write: createLane({ concurrentMax: 20, points: pointsOf.write, tally }),
    comments: Object.values(commentLimits).map(createTally),
  };
}

const answered = z.object({ status: z.number(), headers: z.record(z.string(), z.unknown()) });
const refused = z.object({ response: answered });
const tokenIssued = z.object({ data: z.object({ permissions: z.record(z.string(), z.string()) }) });

/** Makes a request, and notes what GitHub says with its answer, whatever that is. */
async function noted<Answer extends { readonly url: string }>(
  usage: Usage,
  call: Pick<Call, "installation" | "kind">,
  request: () => Promise<Answer>,
): Promise<Answer> {
  try {
    const answer = await request();
    const { status, headers } = answered.parse(answer);
    usage.note({ ...call, status }, headers);
    const token = tokenIssued.safeParse(answer);
    if (token.success && answer.url.endsWith("/access_tokens"))
      usage.notePermissions(call.installation, token.data.data.permissions);
    return answer;
  } catch (error) {
    const { success, data } = refused.safeParse(error);
    usage.note(
      { ...call, status: success ? data.response.status : null },
      success ? data.response.headers : {},
    );
    throw error;
  }
}

/** What GitHub calls content-generating requests, per installation; the other content we write are check runs, which are none. */
const commentLimits = {
  perMinute: { max: 80, ms: 60_000 },
  perHour: { max: 500, ms: 3_600_000 },
} as const;

/** @throws GitHubError when one of the limits is reached; then nothing is counted against the others either. */
function takeTurns(comments: readonly Tally[]): void {
  if (comments.some((tally) => tally.waitMs(1) > 0)) {
    const { perMinute, perHour } = commentLimits;
    throw new GitHubError(
      `More than ${perMinute.max} comments in a minute or ${perHour.max} in an hour: GitHub allows no more.`,
    );
  }
  for (const tally of comments) tally.count(1);
}
