import { describe, expect, test } from "vitest";
import { z } from "zod";
import { GitHubError } from "../../src/github/errors.ts";
import { query } from "../../src/github/query.ts";
import { recordedGitHub, token } from "./recorded-answer.ts";

const now = Date.parse("2026-03-01T12:00:00Z");
const schema = z.object({ viewer: z.object({ login: z.string() }).nullable() });
const text = "query Viewer { viewer { login } }";

type Failure = { message: string; gone: boolean; unavailable: boolean; retryAt: number | null };

/** How a query ends that must not succeed. */
async function failure(github: ReturnType<typeof recordedGitHub>["github"]): Promise<Failure> {
  const error: unknown = await query(github, { text, variables: {}, schema, now }).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof GitHubError)) throw new Error(`Expected a GitHubError, got ${String(error)}`);
  const { message, gone, unavailable, retryAt } = error;
  expect(message).not.toContain(token);
  expect(message).not.toContain("\n");
  return { message, gone, unavailable, retryAt };
}

describe("an answer of GitHub's", () => {
  test("is handed on", async () => {
    const { github, answers } = recordedGitHub();
    answers({ data: { viewer: { login: "june" } } });

    expect(await query(github, { text, variables: {}, schema, now })).toEqual({
      data: { viewer: { login: "june" } },
      problems: [],
    });
  });

  test("with a part missing is handed on together with the reason", async () => {
    const { github, answers } = recordedGitHub();
    const problem = { type: "NOT_FOUND", path: ["viewer"], message: "There is no viewer." };
    answers({ data: { viewer: null }, errors: [problem] });

    expect(await query(github, { text, variables: {}, schema, now })).toEqual({
      data: { viewer: null },
      problems: [problem],
    });
  });

  test("with an error about nothing in particular is no answer, in one line", async () => {
    const { github, answers } = recordedGitHub();
    const message = "Something went wrong while executing your query.\nInclude `ABCD:1` when reporting it.";
    answers({ data: { viewer: null }, errors: [{ message }] });

    expect(await failure(github)).toEqual({
      message:
        "GitHub could not answer the query: Something went wrong while executing your query. Include `ABCD:1` when reporting it.",
      gone: false,
      unavailable: false,
      retryAt: null,
    });
  });

  test("without any data says why", async () => {
    const { github, answers } = recordedGitHub();
    const message = "Field 'rules' doesn't exist on type 'Ref'";
    answers({ errors: [{ message, path: ["query Viewer", "viewer"] }] });

    expect(await failure(github)).toEqual({
      message: `GitHub could not answer the query: ${message}`,
      gone: false,
      unavailable: false,
      retryAt: null,
    });
  });

  test("that is not what the schema promises names the place", async () => {
    const { github, answers } = recordedGitHub();
    answers({ data: { viewer: { login: 7 } } });

    expect(await failure(github)).toEqual({
      message:
        "GitHub's answer is not what its schema promises: viewer.login: Invalid input: expected string, received number",
      gone: false,
      unavailable: false,
      retryAt: null,
    });
  });

  test("that is a page of a proxy is no answer", async () => {
    const { github, answers } = recordedGitHub();
    answers("<html>Welcome to the guest network</html>", 200, { "content-type": "text/html" });

    expect(await failure(github)).toEqual({
      message:
        "GitHub's answer is not what its schema promises: the whole of it: Invalid input: expected object, received undefined",
      gone: false,
      unavailable: false,
      retryAt: null,
    });
  });
});

describe("a refusal says when to come back", () => {
  test("when the hourly points are used up, which GitHub says in a 200", async () => {
    const { github, answers } = recordedGitHub();
    const reset = String(now / 1000 + 1800);
    answers(
      { errors: [{ type: "RATE_LIMITED", message: "API rate limit exceeded for installation." }] },
      200,
      {
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": reset,
      },
    );

    expect(await failure(github)).toEqual({
      message: "GitHub could not answer the query: API rate limit exceeded for installation.",
      gone: false,
      unavailable: false,
      retryAt: now + 1_800_000,
    });
  });

  test.each([200, 403, 429])(
    "with %i and without a time, when it is too much at once: in a minute",
    async (status) => {
      const { github, answers } = recordedGitHub();
      const message = "You have exceeded a secondary rate limit.";
      answers(status === 200 ? { data: null, errors: [{ message }] } : { message }, status, {
        "x-ratelimit-remaining": "4000",
      });

      expect(await failure(github)).toMatchObject({ retryAt: now + 60_000 });
    },
  );

  test.each([403, 429])("with %i and Retry-After, in seconds from now", async (status) => {
    const { github, answers } = recordedGitHub();
    answers({ message: "You have exceeded a secondary rate limit." }, status, { "retry-after": "60" });

    expect(await failure(github)).toEqual({
      message: `GitHub answered ${status} to POST /api/graphql: You have exceeded a secondary rate limit.`,
      gone: false,
      unavailable: false,
      retryAt: now + 60_000,
    });
  });

  test("with 403 and no requests left, at the time of the reset", async () => {
    const { github, answers } = recordedGitHub();
    answers({ message: "API rate limit exceeded" }, 403, {
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": String(now / 1000 + 900),
    });

    expect(await failure(github)).toMatchObject({ retryAt: now + 900_000 });
  });

  test("but not when it is one for good, whatever the counters show", async () => {
    const { github, answers } = recordedGitHub();
    answers({ message: "Resource not accessible by integration" }, 403, {
      "x-ratelimit-remaining": "4000",
      "x-ratelimit-reset": String(now / 1000 + 900),
    });

    expect(await failure(github)).toEqual({
      message: "GitHub answered 403 to POST /api/graphql: Resource not accessible by integration",
      gone: false,
      unavailable: false,
      retryAt: null,
    });
  });
});

describe("no answer at all", () => {
  test("is GitHub's when it breaks", async () => {
    const { github, answers } = recordedGitHub();
    answers("<html>\n<h1>502 Bad Gateway</h1>\n</html>", 502, { "content-type": "text/html" });

    expect(await failure(github)).toEqual({
      message: "GitHub answered 502 to POST /api/graphql: <html> <h1>502 Bad Gateway</h1> </html>",
      gone: false,
      unavailable: true,
      retryAt: null,
    });
  });

  test("is nobody's when the connection breaks: no status is made up", async () => {
    const { github, breaks } = recordedGitHub();
    breaks();

    expect(await failure(github)).toEqual({
      message: "GitHub could not be reached: socket hang up",
      gone: false,
      unavailable: true,
      retryAt: null,
    });
  });

  test("means the thing is gone, where GitHub says so", async () => {
    const { github, answers } = recordedGitHub();
    answers({ message: "Not Found" }, 404);

    expect(await failure(github)).toMatchObject({ gone: true, unavailable: false });
  });
});
