import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { repositoryNamed } from "../fake-github/setup.ts";
import {
  assertNothingRefused,
  type Company,
  configRepository,
  ownCompany,
  policyFile,
  shop,
} from "./company.ts";
import { containing } from "./containing.ts";
import { commitAt, land } from "./land.ts";
import { audited, ledgerOf } from "./ledger-of.ts";
import { begun } from "./read-store.ts";
import { until } from "./until.ts";
import { aiTrailer, openPull, type PullRequest, pushMore, review } from "./pull-request.ts";

const at = { owner: "acme", repo: "shop" } as const;

let company: Company;
beforeEach(async () => {
  company = await ownCompany();
});
afterEach(() => assertNothingRefused(company.github));

/** An administrator merges what waits. Returns the new tip of main. */
async function mergeAnyway({ number }: PullRequest): Promise<string> {
  await company.idle();
  return company.github.mergeAnyway(shop, number, "ada");
}

/** Somebody who may pushes a commit that an assistant helped to write. */
function pushAnyway(by = "juno", message = `Cache the total\n\n${aiTrailer}\n`, branch = "main"): string {
  const push = { branch, pusher: by, message, files: { "src/cache.ts": "export {};\n" } };
  return company.github.push(shop, { ...push, bypassRules: true });
}

/** Does something of which GitHub's deliveries reach nobody, not when they are sent again either. */
async function untold(happen: () => void): Promise<void> {
  await company.restart(async () => {
    happen();
    await company.github.quiet();
    company.github.deliveries.length = 0;
  });
}

/** The issues of the shop, oldest first, with what the app commented on each. */
async function issues() {
  await company.idle();
  return [...repositoryNamed(company.github.world, shop).issues.values()].map((issue) => ({
    ...issue,
    said: issue.comments.flatMap(({ appId, body }) => (appId === null ? [] : [body])),
  }));
}

async function comment(number: number, by: string, body: string): Promise<void> {
  await company.idle();
  await company.github.as(by).rest.issues.createComment({ ...at, issue_number: number, body });
}

const closed = {
  state: "closed",
  said: ["Countersigned afterwards by `grace`: the ledger has it as cleared now."],
};

describe("a merge without the countersignature it needed", () => {
  it("is audited and has one issue that says what, who, and how to repair it", async () => {
    const pull = await openPull(company);
    const merged = await mergeAnyway(pull);
    const [issue, ...more] = await issues();
    expect(more).toEqual([]);
    expect(issue?.title).toBe(`Merge of #${pull.number} reached main without the countersignature it needed`);
    const says = [
      `\`ada\` merged #${pull.number} (\`Cache it\`) into \`main\``,
      `commit/${merged}`,
      "1 approval by senior or above missing for the rule `Senior sign-off`",
      "`Co-Authored-By: Claude <noreply@anthropic.com>`",
      `approves #${pull.number}, or comments \`/countersign accept ${merged}\``,
    ];
    for (const text of says) expect(issue?.body).toContain(text);
    expect(await audited(company, "bypass")).toMatchObject([
      { number: pull.number, sha: merged, body: { branch: "main", by: "ada", outcome: { kind: "waiting" } } },
    ]);
    expect(await ledgerOf(company, merged)).toMatchObject({ cleared: false, number: pull.number });
    expect(await (await fetch(`${company.url}/metrics`)).text()).toContain("countersign_bypasses_total 1");
  });

  it("has one issue however often its deliveries come, and whatever is looked at again", async () => {
    const pull = await openPull(company);
    await mergeAnyway(pull);
    await company.idle();
    for (const { guid } of company.github.deliveries.slice(-6)) company.github.redeliver(guid);
    await comment(pull.number, "juno", "/countersign recheck");
    pushAnyway("ada", "Say it");
    expect(await issues()).toHaveLength(1);
    expect(await audited(company, "bypass")).toHaveLength(1);
  });

  it("is one after an approval of something else, and when somebody objected", async () => {
    const approved = await openPull(company);
    await review(company, approved, "grace");
    pushMore(company, approved);
    const objected = await openPull(company);
    await review(company, objected, "grace");
    await review(company, objected, "vera", { event: "REQUEST_CHANGES" });
    await mergeAnyway(approved);
    await mergeAnyway(objected);
    expect((await issues()).map(({ body }) => body)).toEqual([
      containing("1 approval by senior or above missing"),
      containing("changes were requested by `vera`"),
    ]);
  });

  it("is closed when a senior approves the merged pull request", async () => {
    const pull = await openPull(company);
    const merged = await mergeAnyway(pull);
    expect(await issues()).toMatchObject([{ state: "open" }]);
    await review(company, pull, "grace");
    expect(await issues()).toMatchObject([closed]);
    expect(await ledgerOf(company, merged)).toMatchObject({ cleared: true, by: ["grace"] });
    expect(await audited(company, "bypass", "accepted")).toMatchObject([
      { kind: "bypass" },
      { kind: "accepted", number: pull.number, body: { by: ["grace"] } },
    ]);
  });

  it.each(["the issue", "the pull request"])("is closed when a senior accepts it on %s", async (where) => {
    const pull = await openPull(company);
    const merged = await mergeAnyway(pull);
    const [issue] = await issues();
    const on = where === "the issue" ? (issue?.number ?? 0) : pull.number;
    await comment(on, "grace", `/countersign accept ${merged}`);
    expect(await issues()).toMatchObject([closed]);
    expect(await ledgerOf(company, pull.sha)).toMatchObject({ cleared: true, by: ["grace"] });
  });

  const refusals: readonly [string, string, string | null][] = [
    ["of a contributor", "juno", "is a contributor to this change"],
    ["of a mid-level engineer", "milo", "is mid; the rules ask for senior or above"],
    ["of a senior who cannot push", "rhea", "cannot push to the repository"],
    ["of somebody off the roster who can push", "otto", "is not on the roster"],
    ["of an outsider", "dora", null],
    ["of a bot", "reviewer[bot]", null],
  ];
  it.each(refusals)(
    "stays one after an acceptance %s, who is answered once or not at all",
    async (_whose, by, why) => {
      const pull = await openPull(company);
      const merged = await mergeAnyway(pull);
      const [issue] = await issues();
      for (const _time of ["once", "twice"])
        await comment(issue?.number ?? 0, by, `/countersign accept ${merged}`);
      const [now] = await issues();
      expect(now).toMatchObject({ state: "open", said: why === null ? [] : [containing(why)] });
      expect(await ledgerOf(company, merged)).toMatchObject({ cleared: false });
    },
  );

  it("stays one after an acceptance of another commit, of a short SHA, or behind other words", async () => {
    const pull = await openPull(company);
    const merged = await mergeAnyway(pull);
    const [issue] = await issues();
    const other = commitAt(company, merged).parents[0] ?? "";
    for (const words of [`accept ${other}`, `accept ${merged.slice(0, 7)}`, `accept\n${merged}`])
      await comment(issue?.number ?? 0, "grace", `/countersign ${words}`);
    await comment(issue?.number ?? 0, "grace", `Fine.\n/countersign accept ${merged}`);
    expect(await issues()).toMatchObject([{ state: "open" }]);
  });
});

describe("a push without the countersignature it needed", () => {
  it("is audited and has an issue, which a senior closes by accepting it there", async () => {
    await openPull(company);
    await company.idle();
    const sha = pushAnyway();
    const [issue] = await issues();
    expect(issue).toMatchObject({
      title: `Push of ${sha.slice(0, 7)} reached main without the countersignature it needed`,
      body: containing("`juno` pushed a commit to `main` that no pull request brought"),
    });
    expect(await audited(company, "bypass")).toMatchObject([{ number: null, sha }]);
    for (const by of ["juno", "grace"]) await comment(issue?.number ?? 0, by, `/countersign accept ${sha}`);
    const said = [containing("`juno`: this acceptance does not count (is a contributor"), ...closed.said];
    expect(await issues()).toMatchObject([{ state: "closed", said }]);
    expect(await ledgerOf(company, sha)).toMatchObject({ how: "push", cleared: true, by: ["grace"] });
  });

  it("is found by the sweep though no delivery told of it, and none is sent again", async () => {
    await openPull(company);
    await company.idle();
    let sha = "";
    await untold(() => {
      sha = pushAnyway();
    });
    const [bypass] = await until("the sweep", async () => {
      const found = await audited(company, "bypass");
      return found.length > 0 && found;
    });
    expect(bypass).toMatchObject({ number: null, sha, body: { branch: "main" } });
    expect(await issues()).toMatchObject([
      { title: `Push of ${sha.slice(0, 7)} reached main without the countersignature it needed` },
    ]);
  });

  it("is shown where only a ruleset that is new gates the branch, and nobody opened a pull request to it", async () => {
    company.github.push(shop, { branch: "release", pusher: "ada" });
    await company.idle();
    company.github.requireCheck(shop, "release", { context: "Countersign", appId: company.appId });
    pushAnyway("juno", `Cache the total\n\n${aiTrailer}\n`, "release");
    expect(await issues()).toMatchObject([{ title: containing("reached release without") }]);
  });

  it("is not accepted by who pushed it, though a senior", async () => {
    await openPull(company);
    await company.idle();
    const author = { name: "juno", email: "juno@acme.dev" };
    const push = { branch: "main", pusher: "grace", author, message: `Cache\n\n${aiTrailer}\n` };
    const sha = company.github.push(shop, { ...push, files: { "a.ts": "a" }, bypassRules: true });
    const [issue] = await issues();
    await comment(issue?.number ?? 0, "grace", `/countersign accept ${sha}`);
    expect(await issues()).toMatchObject([{ state: "open" }]);
  });

  it("of the head of a waiting pull request is the bypass of that one", async () => {
    const pull = await openPull(company);
    await company.idle();
    company.github.push(shop, { branch: "main", pusher: "ada", from: pull.sha, bypassRules: true });
    expect(await issues()).toMatchObject([{ title: containing(`Merge of #${pull.number} reached main`) }]);
    expect(await audited(company, "bypass")).toHaveLength(1);
  });
});

describe("nothing is a bypass", () => {
  afterEach(async () => {
    expect(await issues()).toEqual([]);
    expect(await audited(company, "bypass")).toEqual([]);
  });

  it("that was countersigned before it was merged, though no delivery told of it until later", async () => {
    await openPull(company);
    await company.idle();
    company.github.holdDeliveries();
    const pull = await openPull(company);
    await review(company, pull, "grace");
    const merged = company.github.mergeAnyway(shop, pull.number, "ada", "squash");
    company.github.releaseDeliveries({ order: "reversed" });
    expect(await ledgerOf(company, merged)).toMatchObject({ cleared: true, by: ["grace"] });
  });

  it("whose approval was dismissed after the merge", async () => {
    const pull = await openPull(company);
    const review_id = await review(company, pull, "grace");
    await company.idle();
    company.github.holdDeliveries();
    await company.github.as("juno").rest.pulls.merge({ ...at, pull_number: pull.number });
    const dismissal = { ...at, pull_number: pull.number, review_id, message: "Not this" };
    await company.github.as("ada").rest.pulls.dismissReview(dismissal);
    company.github.releaseDeliveries({ order: "reversed" });
    expect(await ledgerOf(company, pull.sha)).toMatchObject({ cleared: true });
  });

  it("that got an AI label only after the merge", async () => {
    const pull = await openPull(company, { message: "By hand" });
    await company.idle();
    company.github.holdDeliveries();
    await company.github.as("juno").rest.pulls.merge({ ...at, pull_number: pull.number });
    const label = { ...at, issue_number: pull.number, labels: ["ai-assisted"] };
    await company.github.as("ada").rest.issues.addLabels(label);
    company.github.releaseDeliveries({ order: "reversed" });
    expect(await ledgerOf(company, pull.sha)).toMatchObject({ cleared: true, assisted: false });
  });

  it("of whose author, a bot, the senior was put in charge only after the merge", async () => {
    const pull = await openPull(company, { by: "reviewer[bot]" });
    await review(company, pull, "grace");
    await company.idle();
    company.github.holdDeliveries();
    await company.github.as("juno").rest.pulls.merge({ ...at, pull_number: pull.number });
    const assigned = { ...at, issue_number: pull.number, assignees: ["grace"] };
    await company.github.as("ada").rest.issues.addAssignees(assigned);
    company.github.releaseDeliveries({ order: "reversed" });
    expect(await ledgerOf(company, pull.sha)).toMatchObject({ cleared: true, by: ["grace"] });
  });

  it("whose approval stood for the same patch, though it is looked at only after the merge", async () => {
    const pull = await openPull(company);
    await review(company, pull, "grace");
    await company.idle();
    company.github.push(shop, {
      branch: "main",
      pusher: "ada",
      message: "x",
      files: { "x.md": "x" },
      bypassRules: true,
    });
    company.github.holdDeliveries();
    await company.github.as("juno").rest.pulls.updateBranch({ ...at, pull_number: pull.number });
    const merged = company.github.mergeAnyway(shop, pull.number, "ada");
    company.github.releaseDeliveries({ order: "reversed" });
    expect(await ledgerOf(company, merged)).toMatchObject({ cleared: true, by: ["grace"] });
  });

  it("that came with another pull request which was countersigned", async () => {
    const first = await openPull(company);
    const branch = "stacked";
    const sha = company.github.push(shop, {
      branch,
      pusher: "juno",
      from: first.branch,
      files: { "s.ts": "s" },
    });
    const about = { ...at, title: "Both", head: branch, base: "main" };
    const { data: second } = await company.github.as("juno").rest.pulls.create(about);
    await review(company, second, "grace");
    await land(company, second, "merge");
    expect([await ledgerOf(company, first.sha), await ledgerOf(company, sha)]).toMatchObject([
      { cleared: true, number: second.number },
      { cleared: true, number: second.number },
    ]);
  });

  it("where the policy only observes, or the branch was only made", async () => {
    const files = { [policyFile]: "mode: observe\nbranches: [main, next]\n" };
    company.github.push(configRepository, { branch: "main", pusher: "ada", message: "Observe", files });
    const pull = await openPull(company);
    const merged = await mergeAnyway(pull);
    expect(await ledgerOf(company, merged)).toMatchObject({ cleared: false, assisted: true });
    const made = company.github.push(shop, {
      branch: "next",
      pusher: "juno",
      files: { "n.ts": "n" },
      message: `N\n\n${aiTrailer}\n`,
    });
    expect(await ledgerOf(company, made)).toMatchObject({ branch: "next", cleared: false });
  });

  it("that is pushed to a branch which is not gated: one question finds that out", async () => {
    company.github.push(shop, { branch: "topic", pusher: "juno", message: "T", files: { "t.ts": "t" } });
    await begun(company);
    const { requests } = company.github;
    const seen = requests.length;
    const sha = company.github.push(shop, {
      branch: "topic",
      pusher: "juno",
      message: `T\n\n${aiTrailer}\n`,
      files: { "t.ts": "u" },
    });
    expect(await ledgerOf(company, sha)).toBeUndefined();
    const asked = requests.slice(seen).filter(({ as, path }) => as === "countersign[bot]" && path !== "/app");
    expect(asked.map(({ method, path, operation }) => operation ?? `${method} ${path}`)).toEqual(["Branch"]);
  });

  it("that was squashed by hand from exactly what was approved", async () => {
    const pull = await openPull(company);
    await review(company, pull, "grace");
    await company.idle();
    const { tree } = commitAt(company, pull.sha);
    const [path = "", entry] = [...tree].find(([name]) => name.includes(pull.branch)) ?? [];
    const sha = company.github.push(shop, {
      ...{ branch: "main", pusher: "juno", message: "Cache the total", bypassRules: true },
      files: { [path]: entry?.text ?? "" },
    });
    expect(await ledgerOf(company, sha)).toMatchObject({ how: "push", cleared: true, by: ["grace"] });
  });
});

it("has its issue once, though GitHub's answer to the first attempt was lost", async () => {
  const pull = await openPull(company);
  company.github.fault({ method: "POST", path: /\/issues$/u, destroy: true, afterEffect: true, times: 1 });
  await mergeAnyway(pull);
  expect(await issues()).toHaveLength(1);
});

it("is recorded all the same where the repository has no issues", async () => {
  repositoryNamed(company.github.world, shop).hasIssues = false;
  await mergeAnyway(await openPull(company));
  expect(await issues()).toEqual([]);
  expect(await audited(company, "bypass")).toHaveLength(1);
  expect(company.log.filter((line) => line.includes("issue about a bypass cannot be opened"))).not.toEqual(
    [],
  );
});

it("is recorded all the same without the permission to write issues, which /health names", async () => {
  company = await ownCompany({ permissions: { issues: "read" } });
  await mergeAnyway(await openPull(company));
  expect(await issues()).toEqual([]);
  expect(await audited(company, "bypass")).toHaveLength(1);
  expect(await (await fetch(`${company.url}/health`)).json()).toMatchObject({
    missingPermissions: ["issues: write"],
  });
  company.github.refused.splice(0);
});

it("has no issue where these are turned off", async () => {
  company = await ownCompany({ variables: { BYPASS_ISSUES: "off" } });
  await mergeAnyway(await openPull(company));
  expect(await issues()).toEqual([]);
  expect(await audited(company, "bypass")).toHaveLength(1);
});
