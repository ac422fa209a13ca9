import { describe, expect, test } from "vitest";
import { auditRows } from "../../src/store/audit.ts";
import { containing } from "../end-to-end/containing.ts";
import { day, deployedOnce, minute, openDeploying, short, told, trusting } from "./deploying.ts";

const rejecting = trusting.replace(" }", ", on_uncleared: reject }");

describe("a deployment of cleared commits", () => {
  test("is approved, and the comment names what is AI-assisted and who countersigned it", async () => {
    const { acme, first } = await deployedOnce();
    const one = await acme.merged({ assisted: true, by: ["grace"] });
    await acme.merged();
    const last = await acme.merged({ assisted: true, by: ["ada", "grace"] });

    const run = await acme.deploy(last.sha);

    expect(told(run)).toEqual({
      state: "approved",
      run: "success",
      comments: [
        [
          `All 3 commits since ${short(first)} are cleared. AI-assisted:`,
          `- #${one.number}: countersigned by grace`,
          `- #${last.number}: countersigned by ada and grace`,
        ].join("\n"),
      ],
    });
  });

  test("is approved once, however often it is looked at and its delivery comes", async () => {
    const { acme } = await deployedOnce();
    const run = await acme.deploy(await acme.land());
    const answers = acme.answers().length;

    await acme.lookAt(run);
    const asked = acme.github.deliveries.filter(({ event }) => event === "deployment_protection_rule");
    for (const { guid } of asked) acme.github.redeliver(guid);
    await acme.deliver();
    await acme.lookAt(run);

    expect(acme.answers()).toHaveLength(answers);
  });

  test("is approved once where GitHub's own reviewers keep it waiting", async () => {
    const { acme } = await deployedOnce("deployments: { first: trust }\n");
    const run = await acme.deploy(await acme.land(), { environment: "staging" });
    await acme.lookAt(run, "staging");

    expect(run.status).toBe("waiting");
    expect(told(run)).toMatchObject({ state: "approved" });
    expect(acme.answers()).toHaveLength(2);
  });

  test("is approved again for one more job of the run, and for another attempt of it", async () => {
    const { acme } = await deployedOnce();
    const sha = await acme.land();
    const run = await acme.deploy(sha);
    acme.github.rerun("acme/shop", run);
    await acme.deliver();
    await acme.lookAt(run);

    expect(told(run)).toEqual({
      state: "approved",
      run: "success",
      comments: [`${short(sha)} was approved for this environment before.`],
    });
  });

  test("is written into the audit log before GitHub is told", async () => {
    const { acme, first } = await deployedOnce();
    const sha = await acme.land();
    await acme.deploy(sha);

    const rows = [];
    for await (const row of auditRows(acme.store, { since: 0 }))
      if (row.kind === "deployment") rows.push(row);
    expect(rows.map((row) => ({ sha: row.sha, repo: row.repo }))).toEqual([
      { sha: first, repo: "acme/shop" },
      { sha, repo: "acme/shop" },
    ]);
    expect(rows.at(-1)?.body).toContain('"decision":"approved"');
  });
});

describe("a deployment with commits that are not cleared", () => {
  test("waits, says whose pull request needs a senior and who can, and starts as soon as the last is cleared", async () => {
    const { acme, first } = await deployedOnce();
    const one = await acme.merged({ cleared: false, assisted: true });
    const pushed = await acme.land({ cleared: false });
    const run = await acme.deploy(pushed);
    const waiting = told(run);
    await acme.write({ sha: one.sha, number: one.number, by: ["grace"], assisted: true });
    await acme.lookAt(run);
    const halfway = told(run);
    await acme.write({ sha: pushed, by: ["ada"] });
    await acme.lookAt(run);

    expect(waiting).toEqual({
      state: "pending",
      run: null,
      comments: [
        [
          `Waiting. Since ${short(first)}, not cleared:`,
          `- #${one.number} needs a senior: grace or ada can`,
          `- ${short(pushed)} (pushed directly) needs a senior: grace or ada can`,
          "",
          "Approve the merged pull request, or comment `/countersign accept` with the full SHA there; then this goes on by itself.",
        ].join("\n"),
      ],
    });
    expect(halfway.comments?.at(-1)).not.toContain(`#${one.number}`);
    expect(told(run)).toMatchObject({ state: "approved", run: "success" });
    expect(run.gates[0]?.comments).toHaveLength(3);
  });

  test("says nothing twice, and after 8 reports nothing but the end", async () => {
    const { acme } = await deployedOnce();
    const { number, sha } = await acme.merged({ cleared: false });
    const run = await acme.ask(sha);
    await acme.lookAt(run);
    await acme.lookAt(run);
    const twice = run.gates[0]?.comments.length;
    for (let time = 0; time < 12; time += 1) {
      // The comment is another one each time.
      acme.github.push("acme/.github", {
        branch: "main",
        pusher: "ada",
        message: "Rename",
        files: { [".github/countersign/roster.yml"]: `people: { senior${time}: senior }\n` },
      });
      await acme.lookAt(run);
    }

    expect(twice).toBe(1);
    expect(run.gates[0]?.comments).toHaveLength(8);
    await acme.write({ sha, number });
    await acme.lookAt(run);
    expect(told(run)).toMatchObject({ state: "approved" });
  });

  test("is rejected where a policy says so", async () => {
    const { acme } = await deployedOnce(rejecting);
    const run = await acme.deploy((await acme.merged({ cleared: false })).sha);

    expect(told(run)).toMatchObject({ state: "rejected", run: "failure" });
    expect(run.gates[0]?.comments).toEqual([containing("Rejected, as the policy says: Since ")]);
  });

  test("is rejected a day before GitHub's own time-out, and not earlier", async () => {
    const { acme } = await deployedOnce();
    const run = await acme.deploy((await acme.merged({ cleared: false })).sha);
    acme.clock.now += 29 * day - minute;
    await acme.lookAt(run);
    const before = told(run).state;
    acme.clock.now += minute;
    await acme.lookAt(run);

    expect(before).toBe("pending");
    expect(told(run)).toMatchObject({ state: "rejected" });
    expect(run.gates[0]?.comments.at(-1)).toContain("GitHub's time limit of 30 days");
  });

  test("goes on where every policy only observes, and does not count as approved", async () => {
    const acme = await openDeploying(`mode: observe\n${trusting}`);
    const sha = (await acme.merged({ cleared: false })).sha;
    const run = await acme.deploy(sha);
    const again = await acme.deploy(sha);

    expect(told(run)).toMatchObject({ state: "approved", run: "success" });
    expect(run.gates[0]?.comments).toEqual([containing("Observing only, so it goes on; it would wait:")]);
    expect(told(again).comments).toEqual([containing("Observing only")]);
  });

  test("names a senior where GitHub never showed the pull request to us", async () => {
    const { acme } = await deployedOnce();
    const sha = (await acme.merged({ cleared: false, number: 77 })).sha;
    const run = await acme.deploy(sha);
    expect(run.gates[0]?.comments).toEqual([containing("#77 needs a senior: grace or ada can")]);
  });
});

describe("a commit that the ledger does not know", () => {
  test("is looked for quietly at first, then said, and rejected only when the ledger is no longer behind", async () => {
    const { acme } = await deployedOnce(rejecting);
    const sha = acme.push();
    const run = await acme.ask(sha);
    const quiet = await acme.lookAt(run);
    const silent = told(run);
    acme.clock.now += minute;
    const spoken = await acme.lookAt(run);
    const said = told(run);
    acme.clock.now += 9 * minute;
    await acme.lookAt(run);

    expect([quiet, spoken]).toMatchObject([
      { outcome: "waiting", wrote: false, again: expect.any(Number) },
      { outcome: "waiting", wrote: true, again: expect.any(Number) },
    ]);
    expect(silent.comments).toEqual([]);
    expect(said).toMatchObject({ state: "pending", comments: [containing("not in the ledger")] });
    expect(told(run)).toMatchObject({ state: "rejected" });
  });

  test("does not hold up for good what the ledger learns of meanwhile", async () => {
    const { acme } = await deployedOnce();
    const sha = acme.push();
    const run = await acme.deploy(sha);
    await acme.write({ sha });
    await acme.lookAt(run);
    expect(told(run)).toMatchObject({ state: "approved" });
  });

  test("on a branch that is not gated waits, also where the first deployment is trusted", async () => {
    const acme = await openDeploying(trusting);
    await acme.land();
    const run = await acme.ask(acme.head, { branch: "topic" });
    acme.clock.now += day;
    await acme.lookAt(run);
    expect(told(run)).toMatchObject({ state: "pending", comments: [containing("not in the ledger")] });
  });

  test("waits in a repository that has no ledger yet", async () => {
    const acme = await openDeploying();
    const run = await acme.ask(acme.push());
    acme.clock.now += day;
    await acme.lookAt(run);
    expect(told(run)).toMatchObject({ state: "pending", comments: [containing("not in the ledger")] });
  });
});

describe("a commit in the middle of a pull request", () => {
  test("is not what a senior approved, and waits though it was cleared with the whole", async () => {
    const { acme } = await deployedOnce();
    const { number, sha } = await acme.merged();
    const middle = await acme.land({ number });
    const run = await acme.deploy(middle);
    const whole = await acme.deploy(sha);

    expect(told(run)).toMatchObject({
      state: "pending",
      comments: [containing(`is only a part of #${number}`)],
    });
    expect(told(whole)).toMatchObject({ state: "approved" });
  });
});
