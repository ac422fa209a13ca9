import { describe, expect, onTestFinished, test, vi } from "vitest";
import { until } from "../end-to-end/until.ts";
import { assisted, openAcme, roster, rosterFile } from "./acme.ts";

describe("looks at one head SHA never interleave", () => {
  test.each(["one", "two"])("a second one, of worker %s, is told to come back", async (worker) => {
    const { look, deliver, holdQuery, writes } = await openAcme();
    await deliver();
    const query = holdQuery();

    const first = look();
    await query.arrived;
    const during = await look(1, { worker });
    query.release();
    const after = [await first, await look(1, { worker })];

    expect(during).toEqual({ kind: "busy" });
    expect(after).toMatchObject([
      { look: 1, wrote: "created" },
      { look: 2, wrote: "unchanged" },
    ]);
    expect(writes()).toEqual(["POST 201"]);
  });

  test("not even through another pull request with that head", async () => {
    const { look, deliver, holdQuery, openPull, github } = await openAcme();
    github.push("acme/shop", { branch: "release", pusher: "ada", from: "main" });
    const other = await openPull("release");
    await deliver();
    const query = holdQuery();

    const first = look(1);
    await query.arrived;
    const during = await look(other);
    query.release();
    await first;

    expect(during).toEqual({ kind: "busy" });
  });

  test("but looks at different heads run beside each other", async () => {
    const { look, deliver, holdQuery, openPull, github } = await openAcme();
    github.push("acme/shop", { branch: "second", pusher: "june", message: assisted("Second") });
    const other = await openPull("main", "second");
    await deliver();
    const query = holdQuery();

    const first = look(1);
    await query.arrived;
    const during = await look(other);
    query.release();

    expect([during, await first]).toMatchObject([{ kind: "published" }, { kind: "published" }]);
  });

  test("a look that takes longer than its lease still publishes when no other has begun", async () => {
    const { look, deliver, clock, afterQuery } = await openAcme();
    await deliver();
    afterQuery(1, () => {
      clock.now += 3_600_000;
    });

    expect(await look()).toMatchObject({ wrote: "created" });
  });

  test("a look that took so long that another has begun publishes nothing", async () => {
    const { look, deliver, clock, holdQuery, writes, head } = await openAcme();
    await deliver();
    const query = holdQuery();
    const slow = look();
    await query.arrived;
    clock.now += 20_000;
    await look();
    query.release();

    await expect(slow).rejects.toMatchObject({
      message: `The look at ${head.slice(0, 7)} took too long: another has begun.`,
    });
    expect(writes()).toEqual(["POST 201"]);
  });

  test("a worker that died holds the head for 20 seconds and not longer", async () => {
    const { look, deliver, clock, holdQuery } = await openAcme();
    await deliver();
    const query = holdQuery();
    const dead = look(1, { worker: "dead" });
    await query.arrived;

    clock.now += 19_999;
    const early = await look();
    clock.now += 1;
    const late = await look();
    query.release();

    expect([early, late]).toMatchObject([{ kind: "busy" }, { kind: "published", look: 2 }]);
    await expect(dead).rejects.toMatchObject({ name: "GitHubError" });
  });

  test("a worker that lives keeps the head for as long as its look takes", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const { look, deliver, clock, holdQuery, store } = await openAcme();
    await deliver();
    const query = holdQuery();
    const slow = look();
    await query.arrived;
    const heldUntil = async () =>
      (await store.db.selectFrom("heads").select("lease_until").executeTakeFirstOrThrow()).lease_until;
    for (let renewals = 0; renewals < 4; renewals += 1) {
      clock.now += 15_000;
      vi.advanceTimersToNextTimer();
      await until("the lease to be renewed", async () => (await heldUntil()) === clock.now + 20_000);
    }
    const during = await look();
    query.release();

    expect([during, await slow]).toMatchObject([{ kind: "busy" }, { kind: "published", look: 1 }]);
  });

  test("a look that comes back to life gives back its own hold on the head, not that of the one after it", async () => {
    const { look, deliver, clock, holdQuery } = await openAcme();
    await deliver();
    const slow = holdQuery();
    const first = look();
    await slow.arrived;
    clock.now += 20_000;
    const running = holdQuery();
    const second = look();
    await running.arrived;

    slow.release();
    await expect(first).rejects.toMatchObject({ name: "GitHubError" });
    const third = await look();
    running.release();

    expect([third, await second]).toMatchObject([{ kind: "busy" }, { kind: "published", look: 2 }]);
  });
});

describe("a look that fails", () => {
  test("to read publishes nothing and gives the head back", async () => {
    const { look, github, writes } = await openAcme();
    github.fault({ path: /^\/graphql$/u, status: 502, times: 1 });

    await expect(look()).rejects.toMatchObject({
      message: "GitHub answered 502 to POST /api/graphql: Server Error",
    });
    expect(writes()).toEqual([]);
    expect(await look()).toMatchObject({ wrote: "created" });
  });

  test.each([
    ["with an error", { status: 502 }],
    ["in silence", { destroy: true }],
  ] as const)("to hear that its check run was created, %s, does not create a second one", async (_, how) => {
    const { look, github, head, runs } = await openAcme();
    github.fault({ method: "POST", path: /check-runs$/u, times: 1, afterEffect: true, ...how });

    await expect(look()).rejects.toMatchObject({ name: "GitHubError" });
    expect(await runs(head)).toHaveLength(1);
    expect(await look()).toMatchObject({ look: 2, wrote: "unchanged" });
    expect(await runs(head)).toHaveLength(1);
  });

  test("to create its check run creates it the next time", async () => {
    const { look, github, head, runs } = await openAcme();
    github.fault({ method: "POST", path: /check-runs$/u, times: 1, status: 503 });

    await expect(look()).rejects.toMatchObject({ name: "GitHubError", gone: false });
    expect(await look()).toMatchObject({ wrote: "created" });
    expect(await runs(head)).toHaveLength(1);
  });

  test("because of GitHub's limits says when to come back", async () => {
    const { look, github, clock } = await openAcme();
    github.fault({
      method: "POST",
      path: /check-runs$/u,
      times: 1,
      status: 403,
      headers: { "retry-after": "120" },
      body: { message: "You have exceeded a secondary rate limit." },
    });

    await expect(look()).rejects.toMatchObject({ retryAt: clock.now + 120_000 });
  });
});

describe("a roster that cannot be used", () => {
  test("leaves an AI-assisted change undecidable, and the title names file, line and column", async () => {
    const { look, head, runs } = await openAcme({ [rosterFile]: "people: [ada]\n" });
    await look();

    expect(await runs(head)).toEqual([
      { conclusion: "failure", title: expect.stringContaining(".github/countersign/roster.yml:1:9") },
    ]);
  });

  test("does not hold up what needs none", async () => {
    const { look, openPull, github } = await openAcme({ [rosterFile]: "people: [ada]\n" });
    github.push("acme/shop", { branch: "plain", pusher: "june", message: "By hand" });

    expect(await look(await openPull("main", "plain"))).toMatchObject({
      verdict: { outcome: { kind: "not-needed" } },
    });
  });

  test("that is nowhere makes an AI-assisted change wait", async () => {
    const { look } = await openAcme({ "README.md": "" });

    expect(await look()).toMatchObject({ verdict: { outcome: { kind: "waiting" } } });
  });

  test("that broke an hour ago still counts in its last good version, and the verdict says so", async () => {
    const { look, github, review, clock } = await openAcme();
    await review("grace", "APPROVE");
    await look();
    const files = { [rosterFile]: `${roster}  ada: senior\n` };
    github.push("acme/.github", { branch: "main", pusher: "ada", files, message: "Twice" });
    clock.now += 3_600_000;
    const soon = await look();
    clock.now += 24 * 3_600_000;
    const late = await look();

    expect([soon, late]).toMatchObject([
      { verdict: { outcome: { kind: "countersigned" }, notes: [expect.stringContaining("roster.yml")] } },
      { verdict: { outcome: { kind: "undecidable" } } },
    ]);
  });
});
