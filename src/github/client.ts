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
  /** The current one first. */
  webhookSecrets: readonly string[];
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
  const { appId, privateKey, webhookSecrets, apiUrl, log } = app;
  const request = { fetch: timedFetch };
  const probot = new Probot({
    appId,
    privateKey,
    secret: webhookSecrets[0] ?? "",
    baseUrl: apiUrl,
    Octokit: PacedOctokit,
    request,
    log,
  });
  return probot.ready();
}

/** A client that asks as the person whose token it is, or with null as nobody: for a few requests from a terminal, so without lanes and log. */
export function personalClient(token: string | null, apiUrl: string): GitHub {
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  return new Octokit({ auth: token, baseUrl: apiUrl, request: { fetch: timedFetch }, log: silent });
}

/**
 * Lanes for each installation, within GitHub's documented limits: 100 requests at once, 2,000 GraphQL points and 900 REST points
 * a minute, a query or a read costing 1 point and a write 5. Nothing is spaced out. Comments and issues have narrower limits
 * besides, 80 a minute and 500 an hour; one past them fails at once, because a look cannot wait so long.
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
      const { permit } = permitted.parse(given.request ?? {});
      const asked = Date.now();
      const send = async () => {
        usage.requireLeave(installation, kind);
        if (Date.now() - asked > permitMsMax) await permit?.();
        return noted(usage, { installation, kind }, async () => request(given));
      };
      // Whatever asks for a token keeps its place in a lane until it has it: in the same lane, both could wait for ever.
      if (given.url.endsWith("/access_tokens")) return send();
      const lanes = lanesOf(installation);
      if (given.method === "POST" && /\/(?:comments|issues)$/u.test(given.url)) takeTurns(lanes.content);
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
    content: Object.values(contentLimits).map(createTally),
  };
}

/** How long a request may wait for its turn before its permit is asked for anew. With `requestTimeoutMs` it is shorter than a lease. */
export const permitMsMax = 4_000;

/** What a `Permit` is to a request: one of its options. */
const permitted = z.object({ permit: z.custom<Permit>((value) => typeof value === "function").optional() });

/**
 * Makes sure that a request may still be made. Put into a request's options as `permit`, it is asked right before the request is
 * sent if that had to wait for its turn. @throws whatever the request is to end with.
 */
export type Permit = () => Promise<void>;

const answered = z.object({ status: z.number(), headers: z.record(z.string(), z.unknown()) });
const withErrors = z.object({ data: z.object({ errors: z.array(z.object({ message: z.string() })) }) });
const refused = z.object({ message: z.string(), response: answered });
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
    const failed = withErrors.safeParse(answer);
    const said = failed.success ? failed.data.data.errors.map(({ message }) => message).join("; ") : "";
    usage.note({ ...call, status }, headers, said);
    const token = tokenIssued.safeParse(answer);
    if (token.success && answer.url.endsWith("/access_tokens"))
      usage.notePermissions(call.installation, token.data.data.permissions);
    return answer;
  } catch (error) {
    const { success, data } = refused.safeParse(error);
    if (success) usage.note({ ...call, status: data.response.status }, data.response.headers, data.message);
    else usage.note({ ...call, status: null }, {}, "");
    throw error;
  }
}

/** What GitHub calls content-generating requests, per installation: comments and issues. Check runs are none. */
const contentLimits = {
  perMinute: { max: 80, ms: 60_000 },
  perHour: { max: 500, ms: 3_600_000 },
} as const;

/** @throws GitHubError when one of the limits is reached; then nothing is counted against the others either. */
function takeTurns(content: readonly Tally[]): void {
  if (content.some((tally) => tally.waitMs(1) > 0)) {
    const { perMinute, perHour } = contentLimits;
    throw new GitHubError(
      `More than ${perMinute.max} comments and issues in a minute or ${perHour.max} in an hour: GitHub allows no more.`,
    );
  }
  for (const tally of content) tally.count(1);
}
