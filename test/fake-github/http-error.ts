/** Refusals, in GitHub's words and form: `{ message, documentation_url, status, errors? }`. */
export class HttpError extends Error {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 410 | 422;
  readonly errors: readonly unknown[] | undefined;

  constructor(status: HttpError["status"], message: string, errors?: readonly unknown[]) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

/** What GitHub says about anything that is not there or must not be seen. */
export function notFound(): HttpError {
  return new HttpError(404, "Not Found");
}

/** A request that is understood and refused; `errors` are GitHub's details. */
export function invalid(message: string, errors?: readonly unknown[]): HttpError {
  return new HttpError(422, message, errors);
}

/** What an app hears whose permissions do not reach. */
export function notAccessible(): HttpError {
  return new HttpError(403, "Resource not accessible by integration");
}

/** The JSON body of a refusal. */
export function errorBody(error: HttpError): Record<string, unknown> {
  return {
    message: error.message,
    ...(error.errors ? { errors: error.errors } : {}),
    documentation_url: "https://docs.github.com/rest",
    status: String(error.status),
  };
}
