import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Logger } from "pino";
import { z } from "zod";
import { MalformedDeliveryError } from "./delivery/inbox.ts";
import { isSigned } from "./github/signature.ts";

/** GitHub sends at most 25 MB and drops what is larger; a little more, so that its largest delivery still fits. */
const deliveryBytesMax = 25 * 1024 * 1024 + 64 * 1024;

/**
 * Longer than the store waits for a lock, so that whatever arrived whole is answered. Who is still sending after that
 * would keep the server from stopping; GitHub shows such a delivery as failed.
 */
const closingMsMax = 3000;

export type Health = { readonly ready: boolean; readonly [detail: string]: unknown };

type ServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly webhookPath: string;
  /** Each is accepted, so that a secret can be replaced without losing a delivery. */
  readonly webhookSecrets: readonly string[];
  /** Stores a verified delivery; rejects with what Probot wraps around the inbox's errors. */
  readonly deliver: (delivery: { id: string; name: string; payload: object }) => Promise<void>;
  readonly health: () => Promise<Health>;
  /** The pages people see. */
  readonly pages: Hono<{ Bindings: HttpBindings }>;
  /** Told of every delivery that is not answered 202. */
  readonly refused: (status: number) => void;
  /** What Prometheus reads. */
  readonly metrics: () => Promise<{ readonly text: string; readonly type: string }>;
  readonly log: Logger;
};

type RunningServer = { readonly url: string; close(): Promise<void> };

/**
 * Listens. GitHub is answered 202 once a delivery is stored, 401 for a wrong signature, 413 for too large a body, 400 for
 * what is no delivery, 503 when it could not be stored: GitHub then shows it as failed, and it can be redelivered.
 * @returns once it listens; `close` stops accepting and waits for the requests that are being answered,
 *   not for those that do not come to an end.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const server = createAdaptorServer({ fetch: routes(options).fetch });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: Error) => reject(listenError(error, options)));
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  return {
    url: `http://${options.host}:${port}`,
    close: async () =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          if ("closeAllConnections" in server) server.closeAllConnections();
        }, closingMsMax);
        server.close((error) => {
          clearTimeout(late);
          if (error) reject(error);
          else resolve();
        });
        if ("closeIdleConnections" in server) server.closeIdleConnections();
      }),
  };
}

/** Why the port cannot be listened on, and what to do. */
function listenError(error: Error, { host, port }: ServerOptions): Error {
  const taken = "code" in error && error.code === "EADDRINUSE";
  const message = taken
    ? `Port ${port} of ${host} is taken. Stop what listens there, or set PORT to another one.`
    : `Cannot listen on port ${port} of ${host}: ${error.message}. Set HOST and PORT to what this machine allows.`;
  return new Error(message, { cause: error });
}

function routes(options: ServerOptions): Hono<{ Bindings: HttpBindings }> {
  const { log, health, metrics, refused, webhookPath } = options;
  const app = new Hono<{ Bindings: HttpBindings }>({ strict: false });
  const tooLarge = (context: Context) =>
    problem(context, 413, "The delivery is larger than GitHub sends (25 MB).");
  const limited = bodyLimit({ maxSize: deliveryBytesMax, onError: tooLarge });
  const whole: MiddlewareHandler = async (context, next) => {
    const length = Number(context.req.header("content-length"));
    if (Number.isNaN(length)) return limited(context, next);
    // As GitHub sends it. Node reads no more than that; making a stream of the body first takes as long as verifying it.
    return length > deliveryBytesMax ? tooLarge(context) : next();
  };
  const counted: MiddlewareHandler = async (context, next) => {
    await next();
    if (context.res.status !== 202) refused(context.res.status);
  };
  app.post(webhookPath, counted, whole, async (context) => onDelivery(context, options));
  app.get("/ping", (context) => context.text("PONG"));
  app.get("/health", async (context) => {
    const state = await health();
    return context.json(state, state.ready ? 200 : 503);
  });
  app.get("/metrics", async (context) => {
    const { text, type } = await metrics();
    return context.body(text, 200, { "content-type": type });
  });
  app.route("/", options.pages);
  app.notFound((context) => problem(context, 404, "There is nothing here."));
  app.onError((error, context) => {
    log.error({ path: context.req.path, error: error.message, stack: error.stack }, "A request failed");
    return problem(context, 500, "Something went wrong; the log says what.");
  });
  return app;
}

async function onDelivery(
  context: Context,
  { webhookSecrets, deliver, log }: ServerOptions,
): Promise<Response> {
  const id = context.req.header("x-github-delivery");
  const name = context.req.header("x-github-event");
  const signature = context.req.header("x-hub-signature-256");
  if (!id || !name)
    return problem(
      context,
      400,
      "This is no delivery of GitHub: X-GitHub-Delivery or X-GitHub-Event is missing.",
    );
  const body = await context.req.text();
  if (!signature || !isSigned(body, signature, webhookSecrets)) {
    log.warn({ delivery: id, event: name }, "Refused a delivery: its signature is wrong or missing");
    return problem(
      context,
      401,
      "The signature is wrong or missing. WEBHOOK_SECRET must be the webhook secret of the GitHub App.",
    );
  }
  const payload = parse(body);
  if (payload === null)
    return problem(
      context,
      400,
      "The body is not a JSON object. Set the webhook's content type to application/json.",
    );
  try {
    // Probot signs in for the installation before it hands an event on, and fails on what is no id.
    if (!installationSchema.safeParse(payload).success)
      throw new MalformedDeliveryError(
        `Delivery ${id} is no ${name} event of GitHub: installation.id: expected a number`,
      );
    await deliver({ id, name, payload });
    return context.text("", 202);
  } catch (error) {
    const malformed = errorsIn(error).find((cause) => cause instanceof MalformedDeliveryError);
    const reason =
      malformed?.message ??
      errorsIn(error)
        .map((cause) => cause.message)
        .join("; ");
    log.error({ delivery: id, event: name, error: reason }, "A delivery was not stored");
    return malformed === undefined
      ? problem(context, 503, "The delivery could not be stored; it has to be sent again.")
      : problem(context, 400, malformed.message);
  }
}

const installationSchema = z.object({ installation: z.object({ id: z.number() }).nullish() });

function parse(body: string): object | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** Probot gathers what its handlers throw in one AggregateError. */
function errorsIn(error: unknown): Error[] {
  if (error instanceof AggregateError) return error.errors.flatMap(errorsIn);
  return error instanceof Error ? [error] : [new Error(String(error))];
}

function problem(context: Context, status: 400 | 401 | 404 | 413 | 500 | 503, message: string): Response {
  return context.json({ error: message }, status);
}
