import { GitHubError, statusOf } from "../github/errors.ts";
import type { Io } from "./command.ts";

/** Asks GitHub until it answers, or it is no use. */
export type Patience = <Answer>(request: () => Promise<Answer>) => Promise<Answer>;

/** An hour's limit is waited out once or twice; who is refused more often does not get through at all. */
const waitsMax = 10;
/** Ms before a request that failed otherwise is repeated: three times in a quarter of a minute. */
const pausesMs = [1_000, 4_000, 10_000] as const;

/**
 * Makes a request again when GitHub asks to wait, after that time, and a few times when it cannot be reached or fails itself.
 * @throws GitHubError when there is no such thing, it may not be read, or nothing helped.
 */
export async function askPatiently<Answer>(
  request: () => Promise<Answer>,
  io: Pick<Io, "now" | "sleep" | "stderr">,
): Promise<Answer> {
  let waits = 0;
  let failures = 0;
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof GitHubError)) throw error;
      const pause = pausesMs[failures];
      if (error.retryAt !== null && waits < waitsMax) {
        waits += 1;
        io.stderr(`GitHub asks to wait until ${new Date(error.retryAt).toISOString()}\n`);
        await io.sleep(Math.max(error.retryAt - io.now(), 1_000));
      } else if (error.retryAt === null && isPassing(error) && pause !== undefined) {
        failures += 1;
        await io.sleep(pause);
      } else throw error;
    }
  }
}

/** Whether it may be otherwise in a moment: nobody answered, or the server failed. */
function isPassing(error: GitHubError): boolean {
  const status = statusOf(error);
  return !error.gone && (status === null || status >= 500);
}
