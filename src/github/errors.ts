import { z } from "zod";

/**
 * Something went wrong between us and GitHub. `retryAt` (ms since epoch) is when GitHub asked us to come back, null when
 * it did not say; `gone` means that it answered, and there is no such thing (or the app may not see it); `refused` that the app
 * may not do it, however often it asks; `unavailable` that it did not answer, or with a failure of its own.
 */
export class GitHubError extends Error {
  override readonly name = "GitHubError";
  readonly gone: boolean;
  readonly refused: boolean;
  readonly unavailable: boolean;
  readonly retryAt: number | null;

  constructor(
    message: string,
    details: ErrorOptions & Partial<Pick<GitHubError, "gone" | "refused" | "unavailable" | "retryAt">> = {},
  ) {
    super(message, { cause: details.cause });
    this.gone = details.gone ?? false;
    this.refused = details.refused ?? false;
    this.unavailable = details.unavailable ?? false;
    this.retryAt = details.retryAt ?? null;
  }
}

const requestError = z.object({
  name: z.literal("HttpError"),
  status: z.number(),
  message: z.string(),
  request: z.object({ method: z.string(), url: z.string() }),
  response: z.object({ headers: z.record(z.string(), z.unknown()) }).optional(),
});

/**
 * An error of Octokit in our terms: one line without the request's headers or body, so that no token can reach a log.
 * @param now ms since epoch, for `Retry-After` (seconds from now) and `x-ratelimit-reset` (seconds since epoch).
 */
export function toGitHubError(error: unknown, now: number): GitHubError {
  if (error instanceof GitHubError) return error;
  const parsed = requestError.safeParse(error);
  // Octokit makes up a status of 500, without a response, where nobody answered.
  if (!parsed.success || parsed.data.response === undefined) {
    const reason = error instanceof Error ? reasonOf(error) : String(error);
    return new GitHubError(`GitHub could not be reached: ${oneLine(reason)}`, {
      unavailable: true,
      cause: error,
    });
  }
  const { status, message, request, response } = parsed.data;
  const where = `${request.method} ${new URL(request.url).pathname}`;
  const limited = isSecondaryLimit(status, message);
  const retryAt = status === 403 || status === 429 ? retryTime(response.headers, now, limited) : null;
  return new GitHubError(`GitHub answered ${status} to ${where}: ${oneLine(message)}`, {
    gone: status === 404 || status === 410,
    refused: status === 403 && retryAt === null,
    unavailable: status >= 500,
    retryAt,
    cause: error,
  });
}

/** Resolves with what a request does. @param now ms since epoch. @throws GitHubError, whatever Octokit throws. */
export async function asking<T>(now: number, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw toGitHubError(error, now);
  }
}

/** The same; null where GitHub answered that there is no such thing. @throws GitHubError for whatever else goes wrong. */
export async function ifThere<T>(now: number, request: () => Promise<T>): Promise<T | null> {
  try {
    return await request();
  } catch (error) {
    const known = toGitHubError(error, now);
    if (!known.gone) throw known;
    return null;
  }
}

/** Where GitHub names no time after too much at once, it asks for at least a minute. */
const secondaryWaitMs = 60_000;

/**
 * When GitHub wants to be asked again, in ms since epoch, from the headers of an answer; null when it does not ask to wait.
 * https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately
 * @param limited the answer says that too much came at once (`isSecondaryLimit`).
 */
export function retryTime(
  headers: Readonly<Record<string, unknown>>,
  now: number,
  limited: boolean,
): number | null {
  const after = Number(headers["retry-after"]);
  if (after > 0) return now + after * 1000;
  const reset = Number(headers["x-ratelimit-reset"]);
  if (headers["x-ratelimit-remaining"] === "0" && reset > 0) return reset * 1000;
  return limited ? now + secondaryWaitMs : null;
}

/** Whether GitHub refused because too much came at once. To a query it says so with status 200. */
export function isSecondaryLimit(status: number, message: string): boolean {
  return status === 429 || /secondary rate limit|abuse detection/iu.test(message);
}

/** The HTTP status GitHub answered with; null where it did not answer, or the error is another one. */
export function statusOf({ cause }: GitHubError): number | null {
  const parsed = requestError.safeParse(cause);
  return parsed.success && parsed.data.response !== undefined ? parsed.data.status : null;
}

/** What any error says, for the log. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What GitHub or a proxy said, as part of a line in a log or a check run. */
export function oneLine(text: string): string {
  return text.replace(/\s+/gu, " ").trim().slice(0, 300);
}

/** `fetch failed` says nothing; the innermost cause names the host and the reason. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error && cause.message !== "" ? reasonOf(cause) : message;
}
