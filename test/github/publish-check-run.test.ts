import { describe, expect, test } from "vitest";
import type { AnnotatedOutput, CheckOutput } from "../../src/gate/verdict.ts";
import { GitHubError } from "../../src/github/errors.ts";
import { publishCheckRun, publishConfigCheckRun } from "../../src/github/publish-check-run.ts";
import { shop } from "../fake-github/shop-scene.ts";
import { openPull, repositoryOf } from "./scene.ts";
import { recordedGitHub, token } from "./recorded-answer.ts";

const output: CheckOutput = { conclusion: "action_required", title: "Waiting", summary: "For somebody." };
const options = {
  externalId: "look:1 audit:1:abc",
  rewrite: false,
  now: Date.parse("2026-03-01T12:00:00Z"),
  permit: async () => {},
};

/** What stands on GitHub, by name and newest last. */
async function runsOn(scene: Awaited<ReturnType<typeof openPull>>) {
  const { data } = await scene.github.as("ada").rest.checks.listForRef({
    ...shop,
    ref: scene.topicSha,
    filter: "all",
  });
  return data.check_runs
    .toSorted((one, other) => one.id - other.id)
    .map(({ name, status, conclusion, external_id, output: { title, summary } }) => {
      return { name, status, conclusion, external_id, title, summary };
    });
}

const published = {
  name: "Countersign",
  status: "completed",
  conclusion: "action_required",
  external_id: "look:1 audit:1:abc",
  title: "Waiting",
  summary: "For somebody.",
};

/** How many check runs were written so far, by method. */
function writes(scene: Awaited<ReturnType<typeof openPull>>): string[] {
  return scene.github.requests
    .filter(({ method, path }) => method !== "GET" && path.includes("/check-runs"))
    .map(({ method, status }) => `${method} ${status}`);
}

describe("a check run", () => {
  test("is created where there is none", async () => {
    const scene = await openPull();
    const head = { ...shop, headSha: scene.topicSha };

    expect(await publishCheckRun(scene.octokit, head, output, null, options)).toMatchObject({
      wrote: "created",
    });
    expect(await runsOn(scene)).toEqual([published]);
  });

  test("is updated when something changed, and not written otherwise", async () => {
    const scene = await openPull();
    const head = { ...shop, headSha: scene.topicSha };
    await publishCheckRun(scene.octokit, head, output, null, options);
    const after: CheckOutput = { conclusion: "success", title: "Countersigned", summary: "By ada." };

    const first = await publishCheckRun(scene.octokit, head, after, (await scene.read()).checkRun, {
      ...options,
      externalId: "look:2 audit:2:def",
    });
    const second = await publishCheckRun(scene.octokit, head, after, (await scene.read()).checkRun, {
      ...options,
      externalId: "look:3 audit:2:def",
    });

    expect([first.wrote, second.wrote]).toEqual(["updated", "unchanged"]);
    expect(writes(scene)).toEqual(["POST 201", "PATCH 200"]);
    expect(await runsOn(scene)).toEqual([{ ...published, external_id: "look:2 audit:2:def", ...after }]);
  });

  test.each([
    { what: "conclusion", after: { ...output, conclusion: "failure" } },
    { what: "title", after: { ...output, title: "Waiting for 1" } },
    { what: "summary", after: { ...output, summary: "For ada." } },
  ] as const)("with another $what has changed", async ({ after }) => {
    const scene = await openPull();
    const head = { ...shop, headSha: scene.topicSha };
    await publishCheckRun(scene.octokit, head, output, null, options);

    expect(
      await publishCheckRun(scene.octokit, head, after, (await scene.read()).checkRun, options),
    ).toMatchObject({ wrote: "updated" });
    expect(await runsOn(scene)).toEqual([{ ...published, ...after }]);
  });

  test("that somebody re-requested is written although nothing changed", async () => {
    const scene = await openPull();
    const head = { ...shop, headSha: scene.topicSha };
    await publishCheckRun(scene.octokit, head, output, null, options);
    const { checkRun } = await scene.read();

    expect(
      await publishCheckRun(scene.octokit, head, output, checkRun, { ...options, rewrite: true }),
    ).toMatchObject({ wrote: "updated" });
  });

  test("that is not completed is written although the words are the same", async () => {
    const scene = await openPull();
    const head = { ...shop, headSha: scene.topicSha };
    const { title, summary } = output;
    await scene.octokit.rest.checks.create({
      ...shop,
      head_sha: scene.topicSha,
      name: "Countersign",
      status: "in_progress",
      output: { title, summary },
    });

    expect(
      await publishCheckRun(scene.octokit, head, output, (await scene.read()).checkRun, options),
    ).toMatchObject({ wrote: "updated" });
  });

  test("may have a title and summary as long as GitHub takes them", async () => {
    const scene = await openPull();
    const head = { ...shop, headSha: scene.topicSha };
    const long = { ...output, title: "t".repeat(255), summary: "s".repeat(65_535) };

    expect(await publishCheckRun(scene.octokit, head, long, null, options)).toMatchObject({
      wrote: "created",
    });
    expect(
      await publishCheckRun(scene.octokit, head, long, (await scene.read()).checkRun, options),
    ).toMatchObject({ wrote: "unchanged" });
  });
});

describe("when a check run could be seen", () => {
  const head = { ...shop, headSha: "a".repeat(40) };
  const date = "Sun, 01 Mar 2026 12:00:07 GMT";
  const existing = {
    id: 41,
    status: "completed",
    conclusion: "failure",
    title: "Old",
    summary: "Old",
    text: null,
    detailsUrl: null,
  };

  test("is told by GitHub's clock, and never too early: the header names the second that had begun", async () => {
    const { github, rest } = recordedGitHub();
    rest("POST", "/repos/acme/shop/check-runs", { status: 201, headers: { date } });
    rest("PATCH", "/repos/acme/shop/check-runs/41", { status: 200, headers: { date } });
    const at = Date.parse("2026-03-01T12:00:08Z");

    expect(await publishCheckRun(github, head, output, null, options)).toEqual({ wrote: "created", at });
    expect(await publishCheckRun(github, head, output, existing, options)).toEqual({ wrote: "updated", at });
  });

  test("is not known where nothing was written, or GitHub does not say it", async () => {
    const { github, rest } = recordedGitHub();
    rest("POST", "/repos/acme/shop/check-runs", { status: 201 });
    const same = { ...output, id: 41, status: "completed", text: null, detailsUrl: null };

    expect(await publishCheckRun(github, head, output, null, options)).toEqual({
      wrote: "created",
      at: null,
    });
    expect(await publishCheckRun(github, head, output, same, options)).toEqual({
      wrote: "unchanged",
      at: null,
    });
  });
});

describe("the check run about changed configuration", () => {
  const note = { path: ".github/countersign/roster.yml", line: 2, column: 8, message: "No." } as const;
  const broken: AnnotatedOutput = {
    conclusion: "failure",
    title: "Broken",
    summary: "Line 2.",
    annotations: [{ ...note, level: "failure" }],
  };
  const good: AnnotatedOutput = { conclusion: "success", title: "Valid", summary: "Good.", annotations: [] };

  /** Publishes one after the other; returns what was done, and what stands there, oldest first. */
  async function published(...outputs: readonly { output: AnnotatedOutput; rewrite?: boolean }[]) {
    const scene = await openPull();
    const head = { ...shop, headSha: scene.topicSha };
    const wrote: string[] = [];
    for (const { output: each, rewrite = false } of outputs) {
      const { configCheckRun } = await scene.read();
      const about = { ...options, rewrite };
      const result = await publishConfigCheckRun(scene.octokit, head, each, configCheckRun, about);
      wrote.push(result.wrote);
    }
    const runs = repositoryOf(scene).checkRuns.map((run) => [run.name, run.output.title, run.annotations]);
    return { wrote, runs };
  }

  const annotated = {
    path: note.path,
    start_line: 2,
    end_line: 2,
    start_column: 8,
    end_column: 8,
    annotation_level: "failure",
    message: "No.",
  };

  test("has its annotations once, however often it is published", async () => {
    const { wrote, runs } = await published(
      { output: broken },
      { output: broken },
      { output: broken, rewrite: true },
    );

    expect(wrote).toEqual(["created", "unchanged", "updated"]);
    expect(runs).toEqual([["Countersign config", "Broken", [annotated]]]);
  });

  test("that says something else is a fresh one: no annotation can be taken back", async () => {
    const { wrote, runs } = await published({ output: broken }, { output: good }, { output: good });

    expect(wrote).toEqual(["created", "created", "unchanged"]);
    expect(runs).toEqual([
      ["Countersign config", "Broken", [annotated]],
      ["Countersign config", "Valid", []],
    ]);
  });

  test("that GitHub has deleted meanwhile is made again with its annotations", async () => {
    const { github, rest } = recordedGitHub();
    rest("PATCH", "/repos/acme/shop/check-runs/41", { status: 404, body: { message: "Not Found" } });
    const sent: unknown[] = [];
    rest("POST", "/repos/acme/shop/check-runs", { status: 201 });
    github.hook.before("request", ({ method, output: given }) => {
      if (method === "POST") sent.push(given);
    });
    const checkRun = { id: 41, status: "completed", ...broken, text: null, detailsUrl: null };

    const head = { ...shop, headSha: "a".repeat(40) };
    expect(
      await publishConfigCheckRun(github, head, broken, checkRun, { ...options, rewrite: true }),
    ).toMatchObject({ wrote: "created" });
    expect(sent).toEqual([{ title: "Broken", summary: "Line 2.", annotations: [annotated] }]);
  });
});

describe("a check run that cannot be updated is followed by a fresh one", () => {
  const checkRun = {
    id: 41,
    status: "completed",
    conclusion: "failure",
    title: "Old",
    summary: "Old",
    text: null,
    detailsUrl: null,
  };
  const head = { ...shop, headSha: "a".repeat(40) };

  test("when it belongs to another app: this one was registered anew", async () => {
    const { github, rest } = recordedGitHub();
    const message =
      "Invalid app_id `15368` - check run can only be modified by the GitHub App that created it.";
    rest("PATCH", "/repos/acme/shop/check-runs/41", { status: 403, body: { message } });
    rest("POST", "/repos/acme/shop/check-runs", { status: 201 });

    expect(await publishCheckRun(github, head, output, checkRun, options)).toMatchObject({
      wrote: "created",
    });
  });

  test("when GitHub has deleted it: it keeps them for 400 days", async () => {
    const { github, rest } = recordedGitHub();
    rest("PATCH", "/repos/acme/shop/check-runs/41", { status: 404, body: { message: "Not Found" } });
    rest("POST", "/repos/acme/shop/check-runs", { status: 201 });

    expect(await publishCheckRun(github, head, output, checkRun, options)).toMatchObject({
      wrote: "created",
    });
  });

  test("but not when GitHub only asks for patience", async () => {
    const { github, rest } = recordedGitHub();
    const message = "You have exceeded a secondary rate limit.";
    const headers = { "retry-after": "30" };
    rest("PATCH", "/repos/acme/shop/check-runs/41", { status: 403, body: { message }, headers });

    await expect(publishCheckRun(github, head, output, checkRun, options)).rejects.toMatchObject({
      message: `GitHub answered 403 to PATCH /api/v3/repos/acme/shop/check-runs/41: ${message}`,
      retryAt: options.now + 30_000,
    });
  });

  test("nor when the app lacks the permission", async () => {
    const { github, rest } = recordedGitHub();
    const message = "Resource not accessible by integration";
    rest("PATCH", "/repos/acme/shop/check-runs/41", { status: 403, body: { message } });

    await expect(publishCheckRun(github, head, output, checkRun, options)).rejects.toMatchObject({
      message: `GitHub answered 403 to PATCH /api/v3/repos/acme/shop/check-runs/41: ${message}`,
      retryAt: null,
    });
  });
});

describe("a refusal", () => {
  test("of a commit that is not there is an error, but the pull request is not gone", async () => {
    const scene = await openPull();
    const head = { ...shop, headSha: "0".repeat(40) };

    const error: unknown = await publishCheckRun(scene.octokit, head, output, null, options).catch(
      (reason: unknown) => reason,
    );

    expect(error).toBeInstanceOf(GitHubError);
    expect(error).toMatchObject({ gone: false, retryAt: null });
    expect(String(error)).toMatch(
      /^GitHubError: GitHub answered 422 to POST \/api\/v3\/repos\/acme\/shop\/check-runs: No commit found for SHA: 0{40}/u,
    );
  });

  test("never shows the token", async () => {
    const { github, rest } = recordedGitHub();
    rest("POST", "/repos/acme/shop/check-runs", { status: 401, body: { message: "Bad credentials" } });
    const head = { ...shop, headSha: "a".repeat(40) };

    const error: unknown = await publishCheckRun(github, head, output, null, options).catch(
      (reason: unknown) => reason,
    );

    expect(String(error)).toBe(
      "GitHubError: GitHub answered 401 to POST /api/v3/repos/acme/shop/check-runs: Bad credentials",
    );
    expect(String(error)).not.toContain(token);
  });
});
