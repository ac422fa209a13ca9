import { describe, expect, test } from "vitest";
import { assertNothingRefused, roster, shop } from "../end-to-end/company.ts";
import type { FakeGitHub } from "../fake-github/server.ts";
import { acme, on } from "./doctor-scene.ts";

describe("countersign doctor --fix", () => {
  const policy = 'branches: [~DEFAULT_BRANCH, "release/**"]\n';

  /** acme, where the releases are open and on main anybody may publish the check. */
  async function open() {
    const own = await acme({ roster, policy });
    own.install();
    own.github.push(shop, { branch: "release/1/2", pusher: "ada" });
    return own;
  }

  test("shows the ruleset, asks, and creates it once; then there is nothing to repair", async () => {
    const { run, github, appId } = await open();
    const first = await run(["acme/shop", "--fix"], { by: "ada", answer: "y" });
    expect([first.status, first.questions, first.stdout]).toEqual([
      0,
      ["Create this ruleset in acme/shop? [y/N] "],
      "Nothing to repair in 1 repository.\n",
    ]);
    const [, proposal = ""] =
      /^A ruleset for acme\/shop:\n(\{[\s\S]+\n\})\nCreated in acme\/shop\.$/mu.exec(first.stderr) ?? [];
    const { data: created } = await github
      .as("ada")
      .rest.repos.getRepoRuleset({ owner: "acme", repo: "shop", ruleset_id: rulesetIds(github).at(-1) ?? 0 });
    expect(created).toMatchObject(JSON.parse(proposal));
    expect(created.conditions).toEqual({
      ref_name: { include: ["~DEFAULT_BRANCH", "refs/heads/release/**/*"], exclude: [] },
    });
    expect(JSON.stringify(created.rules)).toContain(`"integration_id":${appId}`);
    const writes = github.requests.filter(
      ({ method, path }) => method === "POST" && path.endsWith("/rulesets"),
    );
    expect(writes.map(({ as }) => as)).toEqual(["ada"]);

    const second = await run(["acme/shop", "--fix"], { by: "ada", answer: "y" });
    expect([second.status, second.questions, rulesetIds(github).length]).toEqual([0, [], 2]);
    assertNothingRefused(github);
  });

  test("writes nothing where the answer is no, or none", async () => {
    const { run, github } = await open();
    for (const answer of ["n", ""]) {
      expect((await run(["acme/shop", "--fix"], { by: "ada", answer })).status).toBe(1);
    }
    expect(rulesetIds(github).length).toBe(1);
  });

  test("asks nothing with --yes, and refuses to write unasked without it where there is no terminal", async () => {
    const { run, github } = await open();
    expect(await run(["acme/shop", "--fix"], { by: "ada" })).toMatchObject({
      status: 2,
      stderr:
        "countersign doctor: --fix asks before it writes, and here is no terminal to ask at; say --yes\n",
    });
    expect(await run(["acme/shop", "--fix", "--yes", "--json"], { by: "ada" })).toMatchObject({
      status: 0,
      questions: [],
    });
    expect(rulesetIds(github).length).toBe(2);
  });

  test("leaves a ruleset of the same name alone, and says where it is", async () => {
    const { run, github } = await open();
    github.addRuleset(shop, {
      name: "Countersign",
      enforcement: "disabled",
      conditions: on("~ALL"),
      rules: [],
    });
    const id = rulesetIds(github).at(-1);
    const { status, stderr, questions } = await run(["acme/shop", "--fix"], { by: "ada", answer: "y" });
    expect([status, questions, rulesetIds(github).length]).toEqual([1, [], 2]);
    expect(stderr).toContain(
      `acme/shop has a ruleset Countersign (disabled) that does not close the gate. It is left alone; change it at ${github.url}/acme/shop/rules/${id}\n`,
    );
  });

  test.each([
    [
      "no token",
      {},
      /^countersign doctor: --fix writes as a person, since the app may not change rulesets; set GITHUB_TOKEN to /u,
    ],
    [
      "an app's token",
      { GITHUB_TOKEN: "ghs_1_a.b.c" },
      /^countersign doctor: GITHUB_TOKEN is an app's, and --fix writes as a person; /u,
    ],
  ])("refuses to begin with %s", async (_what, environment, problem) => {
    const { run, github } = await open();
    const { status, stderr } = await run(["acme/shop", "--fix", "--yes"], { environment });
    expect([status, stderr, github.requests.length]).toEqual([2, expect.stringMatching(problem), 0]);
  });

  test.each([
    [
      "is not valid",
      { GITHUB_TOKEN: "ghp_gone" },
      /GitHub answered 401 to GET .*; GITHUB_TOKEN has to be valid, APP_ID and the private key /u,
    ],
    [
      "is of somebody who may not administer",
      null,
      /GitHub answered 404 to POST \/api\/v3\/repos\/acme\/shop\/rulesets: .*; GITHUB_TOKEN has to be of somebody who administers the repository/u,
    ],
  ])("says so where the token %s", async (_what, environment, problem) => {
    const { run, github } = await open();
    const { status, stderr } = await run(
      ["acme/shop", "--fix", "--yes"],
      environment === null ? { by: "grace" } : { environment },
    );
    expect([status, stderr, rulesetIds(github).length]).toEqual([2, expect.stringMatching(problem), 1]);
  });
});

describe("how countersign doctor is called", () => {
  test("explains itself", async () => {
    const { run } = await acme();
    const { status, stdout } = await run(["--help"]);
    expect([status, stdout.split("\n")[0]]).toEqual([
      0,
      "countersign doctor OWNER[/REPO] [--fix [--yes]] [--json]",
    ]);
  });

  test.each([
    [[], "expected one OWNER or OWNER/REPO"],
    [["acme", "other"], "expected one OWNER or OWNER/REPO"],
    [["acme/shop/main"], 'expected OWNER or OWNER/REPO such as acme/shop, got "acme/shop/main"'],
    [["acme", "--yes"], "--yes is for --fix: without it nothing is written"],
  ])("refuses %j, saying what it expected", async (argv, problem) => {
    const { run } = await acme();
    expect(await run(argv)).toMatchObject({
      status: 2,
      stdout: "",
      stderr: `countersign doctor: ${problem}\nRun "countersign doctor --help" for how it is used.\n`,
    });
  });

  test("says what is missing in the environment, and that a key is of another app", async () => {
    const { run, install } = await acme();
    install();
    const none = await run(["acme"], { environment: { APP_ID: "", PRIVATE_KEY: "" } });
    expect([none.status, none.stderr]).toEqual([
      2,
      expect.stringMatching(/^countersign doctor: APP_ID is missing; .*\nPRIVATE_KEY/u),
    ]);
    const other = await run(["acme"], { environment: { APP_ID: "77" } });
    expect([other.status, other.stderr]).toEqual([
      2,
      expect.stringMatching(
        /^countersign doctor: GitHub answered 401 to GET .*; APP_ID and the private key have to be of the same app/u,
      ),
    ]);
  });
});

function rulesetIds({ world }: FakeGitHub): number[] {
  return [...world.repositories.values()].flatMap(({ name, rulesets }) =>
    name === "shop" ? rulesets.map(({ id }) => id) : [],
  );
}
