import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { backtest } from "../../src/cli/backtest.ts";
import { issueUserToken } from "../fake-github/auth.ts";
import { startFakeGitHub } from "../fake-github/server.ts";
import { accountNamed } from "../fake-github/setup.ts";
import { freshFolder } from "../store/fresh-store.ts";

const hour = 60 * 60 * 1000;
const shop = { owner: "acme", repo: "shop" };
const claude = "Co-Authored-By: Claude <noreply@anthropic.com>";
const roster = "people: { ada: principal, grace: senior, milo: mid, juno: junior }\n";

/** acme with its clock, which stands still until it is moved, and nothing that requires a check. */
async function openAcme() {
  let now = Date.parse("2026-06-01T12:00:00Z");
  const github = await startFakeGitHub({ now: () => now });
  onTestFinished(async () => {
    await github.close();
    if (github.refused.length > 0) throw new Error(`GitHub would refuse:\n${github.refused.join("\n")}`);
  });
  github.createOrganization("acme");
  for (const login of ["ada", "grace", "milo", "juno"])
    github.createUser(login, { emails: [`${login}@acme.dev`] });
  const files = { ".github/countersign/roster.yml": roster };
  github.createRepository("acme/.github", { files, collaborators: { ada: "admin", grace: "read" } });
  const collaborators = { ada: "admin", grace: "write", milo: "write", juno: "write" } as const;
  github.createRepository("acme/shop", { files: { "README.md": "Shop\n" }, collaborators });
  return {
    github,
    now: () => now,
    pass: (hours: number) => {
      now += hours * hour;
    },
  };
}

type Acme = Awaited<ReturnType<typeof openAcme>>;

/** Opens a pull request of juno's on a branch of this name, AI-assisted unless the message says otherwise. */
async function open(
  { github }: Acme,
  branch: string,
  message = `Change ${branch}\n\n${claude}\n`,
): Promise<number> {
  github.push("acme/shop", {
    branch,
    from: "main",
    pusher: "juno",
    message,
    files: { [`src/${branch}.ts`]: branch },
  });
  const { data } = await github
    .as("juno")
    .rest.pulls.create({ ...shop, title: branch, head: branch, base: "main" });
  return data.number;
}

async function approve({ github }: Acme, by: string, pull_number: number): Promise<void> {
  await github.as(by).rest.pulls.createReview({ ...shop, pull_number, event: "APPROVE" });
}

async function merge(
  { github }: Acme,
  pull_number: number,
  merge_method: "merge" | "squash" | "rebase" = "merge",
) {
  await github.as("juno").rest.pulls.merge({ ...shop, pull_number, merge_method });
}

/** Runs the command as grace, in this process. Sleeping moves acme's clock. */
async function run(acme: Acme, ...argv: readonly string[]) {
  const { github } = acme;
  const out = { stdout: "", stderr: "", slept: new Array<number>() };
  const status = await backtest(["acme/shop", ...argv], {
    environment: {
      GITHUB_TOKEN: issueUserToken(github.world, accountNamed(github.world, "grace")),
      GHE_HOST: new URL(github.url).host,
      GHE_PROTOCOL: "http",
    },
    now: acme.now,
    sleep: async (ms) => {
      out.slept.push(ms);
      acme.pass(ms / hour);
    },
    stdout: (text) => {
      out.stdout += text;
    },
    stderr: (text) => {
      out.stderr += text;
    },
    colour: false,
  });
  return { status, ...out };
}

/** The outcome of each pull request by its number. */
async function outcomes(acme: Acme, ...argv: readonly string[]) {
  const { status, stdout, stderr } = await run(acme, "--json", ...argv);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const { pulls }: { pulls: { number: number; outcome: string }[] } = JSON.parse(stdout);
  return Object.fromEntries(pulls.map(({ number, outcome }) => [number, outcome]));
}

test("reports who would have waited for whom and how long, which rules applied, and whom it would have kept busy", async () => {
  const acme = await openAcme();
  const good = await open(acme, "good");
  acme.pass(3);
  await approve(acme, "milo", good);
  await approve(acme, "grace", good);
  acme.pass(2);
  await merge(acme, good, "squash");
  const bad = await open(acme, "bad");
  await approve(acme, "milo", bad);
  acme.pass(50);
  await merge(acme, bad);
  acme.pass(1);
  await merge(acme, await open(acme, "hand", "By hand"));
  const before = acme.github.requests.length;

  const { status, stdout, stderr } = await run(acme);

  expect({ status, stderr }).toEqual({ status: 0, stderr: "3 of 3 merged pull requests read\n" });
  expect(
    stdout,
  ).toBe(`acme/shop: 3 pull requests merged since 2026-03-05, judged by the roster and policies in force now

What would have become of them
  Outcome                     Pull requests  Half within  90 % within
  No countersignature needed  1              –            –
  Countersigned in time       1              3 h          3 h
  Would have waited           1              2 d 2 h      2 d 2 h

Would not have been merged then
  Pull request  Author  Open for  For what
  #2            juno    2 d 2 h   1 × senior: grace or ada

Rules
  Rule             Applied  Lacked approvals
  Senior sign-off  2        1

Who would have been asked
  Person  Countersigned  Could have been asked besides
  grace   1              1
  ada     0              1
`);
  const all = await run(acme, "--json");
  expect(JSON.parse(all.stdout)).toMatchObject({
    repository: "acme/shop",
    outcomes: { "not-needed": 1, countersigned: 1, waiting: 1 },
    countersigned: { count: 1, medianMs: 3 * hour, p90Ms: 3 * hour },
    wouldHaveWaited: { count: 1, medianMs: 50 * hour, p90Ms: 50 * hour },
    rules: [{ name: "Senior sign-off", applied: 2, lacking: 1 }],
    people: [
      { login: "grace", countersigned: 1, asked: 1 },
      { login: "ada", countersigned: 0, asked: 1 },
    ],
    pulls: [
      { number: good, outcome: "countersigned", countersignedBy: ["grace"] },
      { number: bad, outcome: "waiting", needs: [{ candidates: ["grace", "ada"] }] },
      { outcome: "not-needed", waitedMs: null },
    ],
    unjudged: [],
  });
  const drawn = await run(acme, "--svg");
  expect(drawn.stdout).toContain("3 pull requests merged since 2026-03-05: 1 would have waited.");
  expect(drawn.stdout).toMatch(/>grace<\/text>.*>1 \+ 1<\/text>\n.*>ada<\/text>.*>0 \+ 1<\/text>/u);
  const asked = acme.github.requests.slice(before);
  expect(asked.every(({ as }) => as === "grace")).toBe(true);
  expect(asked.filter(({ method, path }) => method !== "GET" && path !== "/graphql")).toEqual([]);
});

describe("judges each as it stood at its merge:", () => {
  test("without the approvals, dismissals, labels and assignments that came later", async () => {
    const acme = await openAcme();
    const { rest } = acme.github.as("ada");
    const late = await open(acme, "late");
    const hand = await open(acme, "hand", "By hand");
    const dismissed = await open(acme, "dismissed");
    const { data } = await acme.github
      .as("grace")
      .rest.pulls.createReview({ ...shop, pull_number: dismissed, event: "APPROVE" });
    acme.pass(1);
    for (const number of [late, hand, dismissed]) await merge(acme, number);
    acme.pass(1);
    await approve(acme, "grace", late);
    await rest.issues.addLabels({ ...shop, issue_number: hand, labels: ["ai-assisted"] });
    const dismissal = { pull_number: dismissed, review_id: data.id, message: "Too late" };
    await rest.pulls.dismissReview({ ...shop, ...dismissal });

    expect(await outcomes(acme)).toEqual({
      [late]: "waiting",
      [hand]: "not-needed",
      [dismissed]: "countersigned",
    });
  });

  test.each(["merge", "squash", "rebase"] as const)(
    "against the base branch before the %s, so that an approval of another patch stays one",
    async (method) => {
      const acme = await openAcme();
      const pushed = await open(acme, "pushed");
      const updated = await open(acme, "updated");
      for (const number of [pushed, updated]) await approve(acme, "grace", number);
      acme.pass(1);
      const more = { branch: "pushed", pusher: "juno", message: "More", files: { "src/more.ts": "more" } };
      acme.github.push("acme/shop", more);
      acme.github.push("acme/shop", {
        branch: "main",
        pusher: "ada",
        message: "Aside",
        files: { "aside.ts": "" },
      });
      await acme.github.as("juno").rest.pulls.updateBranch({ ...shop, pull_number: updated });
      acme.pass(1);
      await merge(acme, pushed, method);
      await merge(acme, updated, method === "rebase" ? "squash" : method);

      expect(await outcomes(acme)).toEqual({ [pushed]: "waiting", [updated]: "countersigned" });
    },
  );

  test("and only those that were merged since then, into a gated branch or not", async () => {
    const acme = await openAcme();
    const old = await open(acme, "old");
    await merge(acme, old);
    acme.pass(24 * 10);
    await approve(acme, "grace", old);
    acme.github.push("acme/shop", { branch: "topic", from: "main", pusher: "ada" });
    const aside = await open(acme, "aside");
    await acme.github.as("juno").rest.pulls.update({ ...shop, pull_number: aside, base: "topic" });
    await merge(acme, aside);
    const closed = await open(acme, "closed");
    await acme.github.as("juno").rest.pulls.update({ ...shop, pull_number: closed, state: "closed" });
    await open(acme, "open");

    expect(await outcomes(acme, "--since", "9d")).toEqual({ [aside]: "not-gated" });
    expect(await outcomes(acme, "--since", "11d")).toEqual({ [old]: "waiting", [aside]: "not-gated" });
  });
});

test("reads every page of a long list", async () => {
  const acme = await openAcme();
  const numbers: number[] = [];
  for (let at = 0; at < 103; at++) {
    const number = await open(acme, `b${at}`, "By hand");
    await merge(acme, number);
    numbers.push(number);
  }
  expect(Object.keys(await outcomes(acme)).map(Number)).toEqual(numbers);
}, 60_000);

describe("tries rules that are not in force:", () => {
  const file = (name: string, text: string): string => {
    const path = join(freshFolder(), name);
    writeFileSync(path, text);
    return path;
  };

  test("a roster and a policy in place of those that are, each alone or both", async () => {
    const acme = await openAcme();
    const own = {
      branch: "main",
      pusher: "ada",
      message: "Rules",
      files: { ".github/countersign/policy.yml": "rules: []\n" },
    };
    acme.github.push("acme/shop", own);
    const number = await open(acme, "a");
    await approve(acme, "milo", number);
    await merge(acme, number);
    const promoted = file("roster.yml", roster.replace("milo: mid", "milo: senior"));
    const strict = file(
      "policy.yml",
      "rules: [{ name: Top, require: { approvals: 1, level: principal } }]\n",
    );

    expect(await outcomes(acme)).toEqual({ [number]: "waiting" });
    expect(await outcomes(acme, "--roster", promoted)).toEqual({ [number]: "countersigned" });
    expect(await outcomes(acme, "--policy", strict)).toEqual({ [number]: "waiting" });
    expect(await outcomes(acme, "--policy", file("policy.yml", "rules: []\n"))).toEqual({
      [number]: "not-needed",
    });
    expect(await outcomes(acme, "--roster", promoted, "--policy", strict)).toEqual({ [number]: "waiting" });
  });

  test("and says what is broken in them, before it asks anybody", async () => {
    const acme = await openAcme();
    const before = acme.github.requests.length;
    const { status, stdout, stderr } = await run(acme, "--policy", file("policy.yml", "moode: observe\n"));
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/policy\.yml:1:1: moode: unknown key "moode"; did you mean "mode"\?/u);
    expect(acme.github.requests.length).toBe(before);
  });
});

describe("when GitHub does not answer at once", () => {
  test("waits as long as it asks, and asks again", async () => {
    const acme = await openAcme();
    await merge(acme, await open(acme, "a"));
    for (const operation of ["MergedPulls", "Facts"]) {
      const headers = { "retry-after": "60" };
      acme.github.fault({ path: /graphql/u, operation, status: 429, headers, times: 1 });
      acme.github.fault({ path: /graphql/u, operation, status: 502, times: 1 });
      acme.github.fault({ path: /graphql/u, operation, destroy: true, times: 1 });
    }
    const { status, stderr, slept } = await run(acme);
    expect(status).toBe(0);
    expect(slept.toSorted((one, other) => one - other)).toEqual([1_000, 1_000, 4_000, 4_000, 60_000, 60_000]);
    expect(stderr).toContain("GitHub asks to wait until 2026-06-01T12:01:00.000Z\n");
  });

  test("reports the others, names what could not be read, and ends with 2", async () => {
    const acme = await openAcme();
    await merge(acme, await open(acme, "a"));
    acme.github.fault({ path: /graphql/u, operation: "Facts", status: 502 });
    const { status, stdout, stderr } = await run(acme);
    expect(status).toBe(2);
    expect(stdout).toContain("acme/shop: 0 pull requests merged since");
    expect(stderr).toContain("acme/shop#1 could not be read: ");
  });
});

test("draws an SVG that has a title, and no text of others as markup", async () => {
  const acme = await openAcme();
  const number = await open(acme, "a");
  await approve(acme, "grace", number);
  await merge(acme, number);
  const { status, stdout } = await run(acme, "--svg");
  expect(status).toBe(0);
  expect(stdout).toContain("<title>Backtest of acme/shop</title>");
  expect(stdout).toContain("1 pull requests merged since 2026-03-03: 0 would have waited.");
  expect(stdout).toContain('<text x="122" ');
  expect(stdout).toContain(">grace</text>");
});

test.each([
  [[], "expected one repository such as acme/shop, got none"],
  [["acme"], 'expected one repository such as acme/shop, got "acme"'],
  [["acme/shop", "--since", "soon"], '--since "soon": write days such as 90d, 3650d at most'],
  [["acme/shop", "--since", "9999d"], '--since "9999d": write days such as 90d, 3650d at most'],
  [["acme/shop", "--json", "--svg"], "--json and --svg: take one of them"],
  [["acme/shop", "--nonsense"], "Unknown option '--nonsense'"],
  [["acme/shop"], "GITHUB_TOKEN and GH_TOKEN are missing"],
])("refuses %j", async (argv, problem) => {
  let stderr = "";
  const status = await backtest(argv, {
    environment: {},
    now: () => 0,
    sleep: async () => {},
    stdout: () => {},
    stderr: (text) => {
      stderr += text;
    },
    colour: false,
  });
  expect(status).toBe(2);
  expect(stderr).toContain(problem);
});
