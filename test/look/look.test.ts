import { describe, expect, test } from "vitest";
import { storedPull } from "../../src/store/pulls.ts";
import { assisted, openAcme, policyFile, roster, rosterFile, shop } from "./acme.ts";

const waiting = "Waiting for 1 approval by senior or above: grace or ada can";

describe("a look", () => {
  test("reads, judges, records and publishes, with one read and one write", async () => {
    const { look, head, runs, store, github } = await openAcme();
    const from = github.requests.length;

    const result = await look();

    expect(result).toMatchObject({
      kind: "published",
      headSha: head,
      look: 1,
      wrote: "created",
      verdict: { outcome: { kind: "waiting" }, headSha: head, number: 1 },
    });
    const stored = await storedPull(store, "acme/shop", 1);
    expect(stored).toMatchObject({ headSha: head, base: "main", open: true });
    expect(result.kind === "published" && result.verdict).toEqual(stored?.verdict);
    // Nobody told us of the pull request, so its head SHA had to be read before it could be leased.
    expect(github.requests.slice(from).map(({ path, operation }) => operation ?? path)).toEqual([
      "Facts",
      "Facts",
      "/repos/acme/shop/check-runs",
    ]);
    expect(await runs(head)).toEqual([{ conclusion: "action_required", title: waiting }]);
  });

  test("costs one read and nothing else when a delivery told the head and nothing changed", async () => {
    const { look, deliver, github } = await openAcme();
    await deliver();
    await look();
    const from = github.requests.length;

    expect(await look()).toMatchObject({ kind: "published", look: 2, wrote: "unchanged" });
    expect(github.requests.slice(from).map(({ path, operation }) => operation ?? path)).toEqual(["Facts"]);
  });

  test("writes all the same when the check was re-requested", async () => {
    const { look, writes } = await openAcme();
    await look();

    expect(await look(1, { rewrite: true })).toMatchObject({ wrote: "updated" });
    expect(writes()).toEqual(["POST 201", "PATCH 200"]);
  });

  test("leaves its number and the newest audit entry with the check run", async () => {
    const { look, octokit, head } = await openAcme();
    await look();

    const { data } = await octokit.rest.checks.listForRef({ ...shop, ref: head });

    expect(data.check_runs.map((run) => run.external_id)).toEqual([
      expect.stringMatching(/^look:1 audit:2:[0-9a-f]{64}$/u),
    ]);
  });

  test("follows the reviews: a mid's approval does not count, a senior's does, an objection takes it back", async () => {
    const { look, review, runs, head } = await openAcme();
    const said: unknown[] = [];
    for (const [by, event] of [
      ["milo", "APPROVE"],
      ["grace", "APPROVE"],
      ["ada", "REQUEST_CHANGES"],
    ] as const) {
      await review(by, event);
      await look();
      said.push(...(await runs(head)));
    }

    expect(said).toEqual([
      { conclusion: "action_required", title: waiting },
      { conclusion: "success", title: "Countersigned by grace (senior)" },
      { conclusion: "failure", title: expect.stringContaining("ada") },
    ]);
  });

  test("at a base branch that nothing gates publishes nothing", async () => {
    const { look, openPull, github, head, runs, writes } = await openAcme();
    await github.as("june").rest.pulls.update({ ...shop, pull_number: 1, state: "closed" });
    github.push("acme/shop", { branch: "release", pusher: "ada", from: "main" });
    const number = await openPull("release");

    expect(await look(number)).toEqual({ kind: "not-gated", headSha: head, landing: null });
    expect(await runs(head)).toEqual([]);
    expect(writes()).toEqual([]);
  });

  test("at a base branch that only a ruleset gates publishes", async () => {
    const { look, openPull, github } = await openAcme();
    await github.as("june").rest.pulls.update({ ...shop, pull_number: 1, state: "closed" });
    github.push("acme/shop", { branch: "release", pusher: "ada", from: "main" });
    github.requireCheck("acme/shop", "release", { context: "Countersign" });

    expect(await look(await openPull("release"))).toMatchObject({ kind: "published", wrote: "created" });
  });

  test("at a closed pull request publishes nothing, and remembers that it is closed", async () => {
    const { look, github, store, writes } = await openAcme();
    await look();
    await github.as("june").rest.pulls.update({ ...shop, pull_number: 1, state: "closed" });

    expect((await look()).kind).toBe("not-gated");
    expect(writes()).toEqual(["POST 201"]);
    expect(await storedPull(store, "acme/shop", 1)).toMatchObject({ open: false });
  });

  test("counts a renamed file under its old path too", async () => {
    const policy = [
      "rules:",
      "  - name: Infrastructure",
      "    when: { paths: ['infra/**'], provenance: any }",
      "    require: { approvals: 1, level: principal }",
      "",
    ].join("\n");
    const { look, github, openPull } = await openAcme({ [rosterFile]: roster, [policyFile]: policy });
    const text = "resource {}\n".repeat(20);
    github.push("acme/shop", {
      branch: "main",
      pusher: "ada",
      files: { "infra/a.tf": text },
      message: "Infra",
    });
    const files = { "infra/a.tf": null, "src/a.tf": text };
    github.push("acme/shop", { branch: "moved", pusher: "june", files, message: "Move it" });

    const result = await look(await openPull("main", "moved"));

    expect(result).toMatchObject({
      verdict: { outcome: { kind: "waiting" }, rules: [{ name: "Infrastructure" }] },
    });
  });
});

describe("the head moves", () => {
  test("before the look, unheard of: the verdict goes to the new head only", async () => {
    const { look, deliver, github, head, runs } = await openAcme();
    await deliver();
    const next = github.push("acme/shop", { branch: "topic", pusher: "june", message: "More" });

    expect(await look()).toMatchObject({ headSha: next, verdict: { headSha: next } });
    expect(await runs(head)).toEqual([]);
    expect(await runs(next)).toHaveLength(1);
  });

  test("after everything was read: the verdict goes to the head it was read at, and blesses no other", async () => {
    const { look, deliver, github, head, runs, review, afterQuery } = await openAcme();
    await deliver();
    await review("grace", "APPROVE");
    let next = "";
    afterQuery(1, () => {
      const files = { "smuggled.ts": "" };
      next = github.push("acme/shop", { branch: "topic", pusher: "june", files, message: "Smuggled" });
    });

    expect(await look()).toMatchObject({ headSha: head, verdict: { outcome: { kind: "countersigned" } } });
    expect(await runs(head)).toEqual([{ conclusion: "success", title: "Countersigned by grace (senior)" }]);
    expect(await runs(next)).toEqual([]);
    expect(await look()).toMatchObject({ headSha: next, verdict: { outcome: { kind: "waiting" } } });
  });

  test("again and again: the look gives up, publishes nothing, and holds no lease", async () => {
    const { look, github, store, writes, afterQuery } = await openAcme();
    afterQuery(4, (time) => {
      github.push("acme/shop", { branch: "topic", pusher: "june", message: `Step ${time}` });
    });

    await expect(look()).rejects.toMatchObject({ message: "The head of acme/shop#1 kept moving." });
    expect(writes()).toEqual([]);
    const leased = store.db.selectFrom("heads").select("sha").where("lease_by", "is not", null);
    expect(await leased.execute()).toEqual([]);
    expect(await look()).toMatchObject({ kind: "published" });
  });
});

describe("what GitHub forgets is remembered", () => {
  test("evidence, after a force-push took the trailer away", async () => {
    const { look, deliver, github } = await openAcme();
    await deliver();
    await look();
    github.push("acme/shop", {
      branch: "topic",
      pusher: "june",
      from: "main",
      force: true,
      files: { "cart.ts": "export const total = 1;\n" },
      message: "Cache the total",
    });
    await deliver();

    expect(await look()).toMatchObject({
      verdict: {
        outcome: { kind: "waiting" },
        evidence: [{ tool: "claude-code", kind: "trailer", remembered: true }],
      },
    });
  });

  test("without a look in between, the old head is read from the timeline's force-push", async () => {
    const { look, github, head } = await openAcme();
    github.push("acme/shop", {
      branch: "topic",
      pusher: "june",
      from: "main",
      force: true,
      files: { "cart.ts": "export const total = 1;\n" },
      message: "Cache the total",
    });

    expect(await look()).toMatchObject({
      verdict: {
        outcome: { kind: "waiting" },
        evidence: [
          { tool: "claude-code", place: { kind: "commit", sha: head }, remembered: true, gone: true },
        ],
      },
    });
  });

  test("what a review was given on, after GitHub moved it along with a rebase", async () => {
    const { look, deliver, github, review, head } = await openAcme();
    await review("grace", "APPROVE");
    await deliver();
    const next = github.push("acme/shop", {
      branch: "topic",
      pusher: "june",
      from: "main",
      force: true,
      message: assisted("Something else"),
    });
    const repository = [...github.world.repositories.values()].find(({ name }) => name === "shop");
    for (const given of repository?.pulls.get(1)?.reviews ?? []) given.commitId = next;
    await deliver();

    expect(await look()).toMatchObject({
      headSha: next,
      verdict: {
        outcome: { kind: "waiting" },
        refused: [
          {
            reviewer: "grace",
            reason: `approved ${head.slice(0, 7)}, the head is now ${next.slice(0, 7)}`,
          },
        ],
      },
    });
  });

  test("who pushed: a senior who did is a contributor and cannot countersign", async () => {
    const { look, deliver, github, review } = await openAcme();
    await deliver();
    const author = { name: "june", email: "june@elsewhere.dev" };
    github.push("acme/shop", {
      branch: "topic",
      pusher: "grace",
      author,
      files: { "cart.ts": "export const total = 2;\n" },
      message: assisted("By june, honestly"),
    });
    await review("grace", "APPROVE");
    await deliver();

    expect(await look()).toMatchObject({
      verdict: {
        outcome: { kind: "waiting" },
        refused: [
          { reviewer: "grace", reason: expect.stringContaining("is a contributor to this change (pushed") },
        ],
      },
    });
  });
});
