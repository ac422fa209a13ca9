import { generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { octokitWith } from "./server.ts";
import { appJwt, heard, installationToken, openShop, outcome, shop } from "./shop-scene.ts";

let scene: Awaited<ReturnType<typeof openShop>>;

beforeEach(async () => {
  scene = await openShop();
});
afterEach(async () => {
  await scene.close();
});

const jwt = (claims: { iss: number; lifeSeconds: number }, privateKey = scene.app.privateKey) =>
  appJwt(claims, privateKey);

describe("an app's JWT", () => {
  const app = (token: string) => outcome(octokitWith(scene.github.url, token).rest.apps.getAuthenticated());

  test("is accepted when it is signed with the app's key and lives ten minutes at most", async () => {
    expect(await app(jwt({ iss: scene.app.id, lifeSeconds: 590 }))).toEqual({ status: 200 });
  });

  test("is refused when it lives longer, is over, or names another app", async () => {
    expect((await app(jwt({ iss: scene.app.id, lifeSeconds: 700 }))).message).toContain(
      "too far in the future",
    );
    expect((await app(jwt({ iss: scene.app.id, lifeSeconds: -1 }))).status).toBe(401);
    expect((await app(jwt({ iss: 7, lifeSeconds: 500 }))).status).toBe(401);
  });

  test("is refused when anything in it was changed", async () => {
    const [header, , signature] = jwt({ iss: scene.app.id, lifeSeconds: 100 }).split(".");
    const [, claims] = jwt({ iss: scene.app.id, lifeSeconds: 500 }).split(".");
    expect((await app(`${header}.${claims}.${signature}`)).message).toContain("could not be decoded");
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
    const foreign = jwt({ iss: scene.app.id, lifeSeconds: 500 }, pem);
    expect((await app(foreign)).message).toContain("could not be decoded");
  });

  test("lists the installations and the repositories they cover", async () => {
    const token = jwt({ iss: scene.app.id, lifeSeconds: 500 });
    const { data } = await octokitWith(scene.github.url, token).rest.apps.listInstallations();
    expect(data.map((installation) => [installation.id, installation.repository_selection])).toEqual([
      [scene.installationId, "all"],
    ]);
    const repositories = await scene.octokit.rest.apps.listReposAccessibleToInstallation();
    expect(repositories.data.repositories.map((repository) => repository.full_name)).toEqual(["acme/shop"]);
  });
});

describe("an installation token", () => {
  test("is over after an hour", async () => {
    let now = Date.now();
    const late = await openShop({ now: () => now });
    onTestFinished(late.close);
    const token = await installationToken(late.github, late.app, late.installationId);
    const list = () => outcome(octokitWith(late.github.url, token).rest.pulls.list(shop));
    expect((await list()).status).toBe(200);
    now += 3_600_000;
    expect((await list()).status).toBe(401);
  });

  test("cannot do what the app has no permission for", async () => {
    const call = scene.octokit.rest.repos.createOrUpdateFileContents({
      ...shop,
      path: "x",
      message: "x",
      content: "",
    });
    expect(await outcome(call)).toEqual({ status: 403, message: "Resource not accessible by integration" });
  });

  test("does not see private repositories outside of the installation", async () => {
    scene.github.createUser("mallory");
    scene.github.createRepository("mallory/secret", { private: true });
    const list = scene.octokit.rest.pulls.list({ owner: "mallory", repo: "secret" });
    expect((await outcome(list)).status).toBe(404);
  });
});

test("what a person may ask for counts down, and is there again when an hour has passed", async () => {
  const begun = Math.ceil(Date.now() / 1000) * 1000;
  let now = begun;
  const timed = await openShop({ now: () => now, requestsAnHour: 3 });
  onTestFinished(timed.close);
  const ask = async () => {
    const { headers } = await timed.github.as("june").rest.pulls.list(shop);
    const resetMs = Number(headers["x-ratelimit-reset"]) * 1000;
    return [Number(headers["x-ratelimit-remaining"]), resetMs - begun];
  };
  const first = await ask();
  now += 3_599_999;
  const second = await ask();
  now += 1;
  expect([first, second, await ask()]).toEqual([
    [2, 3_600_000],
    [1, 3_600_000],
    [2, 7_200_000],
  ]);
});

describe("a check run", () => {
  const create = (more: Record<string, unknown> = {}) =>
    scene.octokit.rest.checks.create({ ...shop, name: "Countersign", head_sha: scene.topicSha, ...more });

  test("is completed by a conclusion alone and shares one suite per app and commit", async () => {
    const first = (await create({ status: "in_progress" })).data;
    const second = (await create({ conclusion: "failure" })).data;
    expect([first.status, first.conclusion]).toEqual(["in_progress", null]);
    expect([second.status, second.conclusion]).toEqual(["completed", "failure"]);
    expect(second.check_suite?.id).toBe(first.check_suite?.id);
  });

  test("needs a commit that exists", async () => {
    expect(await outcome(create({ head_sha: "0".repeat(40) }))).toEqual({
      status: 422,
      message: `No commit found for SHA: ${"0".repeat(40)}`,
    });
  });

  test("takes 65,535 characters of text and not one more", async () => {
    const output = (characters: number) => ({ title: "t", summary: "s", text: "x".repeat(characters) });
    expect((await create({ output: output(65_535) })).status).toBe(201);
    expect((await outcome(create({ output: output(65_536) }))).status).toBe(422);
    const emoji = { title: "t", summary: "🛒".repeat(40_000) };
    expect(await outcome(create({ output: emoji }))).toEqual({
      status: 422,
      message: "Only 65535 characters are allowed; 80000 were supplied.",
    });
    expect((await outcome(create({ output: { title: "t".repeat(256), summary: "s" } }))).status).toBe(422);
  });

  test("takes 50 annotations at once, and those of an update join those of before", async () => {
    const note = { path: "a.txt", start_line: 1, end_line: 1, annotation_level: "failure", message: "no" };
    const output = (count: number, more = {}) => ({
      title: "t",
      summary: "s",
      annotations: Array.from({ length: count }, () => ({ ...note, ...more })),
    });
    const { data: run } = await create({ output: output(50) });
    const update = async (content: object) =>
      scene.octokit.rest.checks.update({ ...shop, check_run_id: run.id, ...content });
    await update({ output: { title: "t", summary: "other" } });
    expect((await update({ output: output(2) })).data.output.annotations_count).toBe(52);
    expect(scene.github.refused).toEqual([]);

    for (const refused of [
      output(51),
      output(1, { end_line: 2, start_column: 1, end_column: 1 }),
      output(1, { start_line: 0 }),
      output(1, { start_column: 0 }),
      output(1, { message: "x".repeat(65_537) }),
      output(1, { title: "x".repeat(256) }),
    ]) {
      expect(await outcome(create({ output: refused }))).toMatchObject({ status: 422 });
    }
  });

  test("is changed only by the app that made it, and never made by people", async () => {
    const { data: run } = await create({ conclusion: "failure" });
    const other = scene.github.createApp({
      slug: "impostor",
      webhookSecret: "another secret",
      permissions: { metadata: "read", checks: "write" },
      events: [],
    });
    const installationId = scene.github.installApp("acme", { repositories: "all" });
    const token = await installationToken(scene.github, other, installationId);
    const impostor = octokitWith(scene.github.url, token);
    const forged = impostor.rest.checks.update({ ...shop, check_run_id: run.id, conclusion: "success" });
    expect((await outcome(forged)).message).toContain(
      "can only be modified by the GitHub App that created it",
    );
    const byHand = scene.github
      .as("ada")
      .rest.checks.create({ ...shop, name: "Countersign", head_sha: scene.topicSha });
    expect((await outcome(byHand)).status).toBe(403);
  });

  test("is not changed by a re-request, which only tells its app", async () => {
    const { data: run } = await create({ conclusion: "failure", external_id: "look 7" });
    await scene.github.quiet();
    const before = scene.github.deliveries.length;
    await scene.github.as("june").rest.checks.rerequestRun({ ...shop, check_run_id: run.id });
    expect(heard(scene.github, before)).toEqual(["check_run.rerequested"]);
    const listed = await scene.octokit.rest.checks.listForRef({
      ...shop,
      ref: "topic",
      check_name: "Countersign",
    });
    expect(listed.data.check_runs.map((one) => [one.external_id, one.conclusion])).toEqual([
      ["look 7", "failure"],
    ]);
  });

  test("that was replaced is listed only when all are asked for", async () => {
    await create({ conclusion: "failure" });
    await create({ conclusion: "success" });
    const list = async (filter: "latest" | "all") =>
      (await scene.octokit.rest.checks.listForRef({ ...shop, ref: scene.topicSha, filter })).data.check_runs;
    expect((await list("latest")).map((run) => run.conclusion)).toEqual(["success"]);
    expect((await list("all")).map((run) => run.conclusion)).toEqual(["success", "failure"]);
  });
});
