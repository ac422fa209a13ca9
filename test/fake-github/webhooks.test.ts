import { verify } from "@octokit/webhooks-methods";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { heard, openShop, outcome, shop, WEBHOOK_SECRET } from "./shop-scene.ts";

let scene: Awaited<ReturnType<typeof openShop>>;
const one = { ...shop, pull_number: 1 };

beforeEach(async () => {
  scene = await openShop();
});
afterEach(async () => {
  await scene.close();
});

const openPull = () =>
  scene.github.as("june").rest.pulls.create({ ...shop, title: "Fill the cart", head: "topic", base: "main" });
const push = (file: string) =>
  scene.github.push("acme/shop", { branch: "topic", files: { [file]: "x" }, pusher: "june" });

describe("deliveries", () => {
  test("are signed with the app's secret and carry GitHub's headers", async () => {
    await scene.github.quiet();
    const [first] = scene.receiver.received;
    const signature = String(first?.headers["x-hub-signature-256"]);
    expect(await verify(WEBHOOK_SECRET, first?.body ?? "", signature)).toBe(true);
    expect(first?.headers).toMatchObject({
      "content-type": "application/json",
      "x-github-event": "installation",
      "x-github-delivery": scene.github.deliveries[0]?.guid,
    });
    expect(scene.github.deliveries.map((delivery) => delivery.status)).toEqual(
      scene.github.deliveries.map(() => 202),
    );
  });

  test("arrive in the order things happened", async () => {
    const before = scene.github.deliveries.length;
    await openPull();
    push("a.txt");
    await scene.github.as("ada").rest.pulls.createReview({ ...one, event: "APPROVE" });
    await scene.github.quiet();
    expect(heard(scene.github, before)).toEqual([
      "pull_request.opened",
      "push",
      "check_suite.requested",
      "pull_request.synchronize",
      "pull_request_review.submitted",
    ]);
    const arrived = scene.receiver.received.map((one) => one.headers["x-github-delivery"]);
    expect(arrived).toEqual(scene.github.deliveries.map((delivery) => delivery.guid));
  });

  test("are held and come late, in reverse, twice, or not at all", async () => {
    await scene.github.quiet();
    const before = scene.receiver.received.length;
    scene.github.holdDeliveries();
    await openPull();
    push("a.txt");
    await scene.github.quiet();
    expect(scene.receiver.received.length).toBe(before);
    scene.github.releaseDeliveries({
      order: "reversed",
      duplicate: true,
      drop: ({ event }) => event !== "pull_request",
    });
    await scene.github.quiet();
    const sent = scene.github.deliveries.filter(({ event }) => event === "pull_request");
    const [opened, synchronized] = sent.map((delivery) => delivery.guid);
    const arrived = scene.receiver.received.slice(before).map((one) => one.headers["x-github-delivery"]);
    expect(arrived).toEqual([synchronized, synchronized, opened, opened]);
  });

  test("are repeated under the same guid", async () => {
    await scene.github.quiet();
    const guid = scene.github.deliveries[0]?.guid ?? "";
    scene.github.redeliver(guid);
    await scene.github.quiet();
    const guids = scene.receiver.received.map((one) => one.headers["x-github-delivery"]);
    expect([guids[0], guids.at(-1)]).toEqual([guid, guid]);
  });

  test("are noted as unanswered when nobody listens, and not sent again", async () => {
    await scene.github.quiet();
    await scene.receiver.close();
    const before = scene.github.deliveries.length;
    await openPull();
    await scene.github.quiet();
    expect(scene.github.deliveries.slice(before).map((delivery) => delivery.status)).toEqual([null]);
  });

  test("reach only apps that are installed there and subscribed", async () => {
    const deaf = scene.github.createApp({
      slug: "deaf",
      webhookSecret: "another secret",
      webhookUrl: scene.receiver.url,
      permissions: { metadata: "read" },
      events: ["issues"],
    });
    scene.github.installApp("acme", { repositories: "all", app: "deaf" });
    await openPull();
    const its = scene.github.deliveries.filter((delivery) => delivery.appId === deaf.id);
    expect(its.map((delivery) => delivery.event)).toEqual(["installation"]);
  });
});

describe("payloads", () => {
  const last = () => scene.github.deliveries.at(-1)?.payload;

  test("of a push to a pull request name the head before and after", async () => {
    await openPull();
    const after = push("a.txt");
    expect(last()).toMatchObject({
      action: "synchronize",
      before: scene.topicSha,
      after,
      number: 1,
      pull_request: { head: { ref: "topic", sha: after }, user: { login: "june" } },
      sender: { login: "june", type: "User" },
      organization: { login: "acme" },
      installation: { id: scene.installationId },
    });
  });

  test("of a review give its state in lower case and the commit it is on", async () => {
    await openPull();
    await scene.github.as("ada").rest.pulls.createReview({ ...one, event: "REQUEST_CHANGES", body: "No." });
    expect(last()).toMatchObject({
      action: "submitted",
      review: { state: "changes_requested", commit_id: scene.topicSha, user: { login: "ada" } },
    });
  });

  test("of an edit say what was there before", async () => {
    await openPull();
    push("next.txt");
    scene.github.push("acme/shop", { branch: "release", from: "main", pusher: "ada" });
    await scene.github.as("june").rest.pulls.update({ ...one, title: "Fill", base: "release" });
    expect(last()).toMatchObject({
      action: "edited",
      changes: { title: { from: "Fill the cart" }, base: { ref: { from: "main" } } },
      pull_request: { base: { ref: "release" } },
    });
  });

  test("of a push list the files and whether it was forced", () => {
    scene.github.push("acme/shop", {
      branch: "topic",
      from: "main",
      force: true,
      files: { "src/cart.ts": "other", "new.txt": "x", "README.md": null },
      message: "Start over",
      pusher: "ada",
    });
    const payload = scene.github.deliveries.findLast((delivery) => delivery.event === "push")?.payload;
    expect(payload).toMatchObject({
      ref: "refs/heads/topic",
      before: scene.topicSha,
      forced: true,
      commits: [
        { message: "Start over", added: ["new.txt"], modified: ["src/cart.ts"], removed: ["README.md"] },
      ],
    });
  });
});

describe("faults", () => {
  const pulls = /^\/repos\/acme\/shop\/pulls$/;

  test("happen as often as told, then it works again", async () => {
    scene.github.fault({ method: "GET", path: pulls, status: 503, times: 1 });
    const list = () => outcome(scene.github.as("june").rest.pulls.list(shop));
    expect([(await list()).status, (await list()).status]).toEqual([503, 200]);
  });

  test("may come after the effect: what was asked for is done, only the answer is lost", async () => {
    scene.github.fault({ method: "POST", path: pulls, destroy: true, afterEffect: true, times: 1 });
    expect((await outcome(openPull())).status).toBe(500);
    expect((await scene.octokit.rest.pulls.list(shop)).data.map((pull) => pull.number)).toEqual([1]);
  });

  test("may be silence until the caller gives up", async () => {
    scene.github.fault({ path: pulls, hang: true, times: 1 });
    const giveUp = new AbortController();
    const call = scene.github.as("june").rest.pulls.list({ ...shop, request: { signal: giveUp.signal } });
    await vi.waitFor(() => expect(scene.github.requests.at(-1)?.method).toBe("GET"));
    giveUp.abort();
    await expect(call).rejects.toThrow("abort");
  });
});

describe("what the fake does not answer", () => {
  test("is a clear 404 and is remembered", async () => {
    const call = scene.github.as("june").request("GET /repos/{owner}/{repo}/readme", shop);
    expect((await outcome(call)).message).toContain(
      "the fake GitHub does not answer GET /api/v3/repos/acme/shop/readme",
    );
    const outside = await fetch(`${scene.github.url}/repos/acme/shop/pulls`);
    expect(outside.status).toBe(404);
    expect(scene.github.refused).toEqual([
      "the fake GitHub does not answer GET /api/v3/repos/acme/shop/readme",
      "the fake GitHub does not answer GET /repos/acme/shop/pulls",
    ]);
  });

  test("is also a call that GitHub's description does not allow", async () => {
    const call = scene.github
      .as("june")
      .request("POST /repos/acme/shop/pulls", { heads: "topic", base: "main" });
    expect((await outcome(call)).status).toBe(422);
    expect(scene.github.refused.join()).toContain(`unknown property "heads"`);
  });

  test("every request is in the log, with who made it", async () => {
    await openPull();
    await scene.octokit.graphql("query Me { viewer { login } }");
    const seen = scene.github.requests.map(({ method, path, as, status, operation }) => ({
      line: `${method} ${path}`,
      as,
      status,
      operation,
    }));
    const tokens = `POST /app/installations/${scene.installationId}/access_tokens`;
    expect(seen).toEqual([
      { line: tokens, as: "countersign[bot]", status: 201, operation: null },
      { line: "POST /repos/acme/shop/pulls", as: "june", status: 201, operation: null },
      { line: "POST /graphql", as: "countersign[bot]", status: 200, operation: "Me" },
    ]);
  });
});
