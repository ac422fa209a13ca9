import { describe, expect, test } from "vitest";
import { validate } from "../../src/cli/validate.ts";

const roster = "people:\n  ada: senior\n";
const policy = "mode: observe\n";

/** Runs the command on files that only exist here. */
async function run(files: Record<string, string>, argv: readonly string[] = Object.keys(files)) {
  const out = { stdout: "", stderr: "" };
  const status = await validate(argv, {
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error("ENOENT: no such file or directory");
      return text;
    },
    stdout: (text) => {
      out.stdout += text;
    },
    stderr: (text) => {
      out.stderr += text;
    },
  });
  return { status, ...out };
}

describe("countersign validate", () => {
  test("says that good files are good, the roster first", async () => {
    expect(
      await run({ "a/policy.yaml": policy, "a/roster.yml": `${roster}teams: { acme/staff: staff }\n` }),
    ).toEqual({
      status: 0,
      stdout: "a/roster.yml: ok (roster, 1 person, 1 team)\na/policy.yaml: ok (policy, 1 rule)\n",
      stderr: "",
    });
  });

  test("prints every problem of every file with its place", async () => {
    expect(
      await run({
        "roster.yml": "people:\n  ada: seniour\n  bob: 3\n",
        "policy.yml": "mode: off\nbranchs: [main]\n",
      }),
    ).toEqual({
      status: 2,
      stdout: `roster.yml:2:8: people.ada: level "seniour" does not exist; did you mean "senior"? the levels are junior, mid, senior, staff, principal
roster.yml:3:8: people.bob: expected a level, or keys with values such as level: senior, got 3
policy.yml:1:7: mode: expected enforce or observe, got "off"
policy.yml:2:1: branchs: unknown key "branchs"; did you mean "branches"? the keys here are mode, branches, ai, rules, exempt, override, deployments
`,
      stderr: "",
    });
  });

  test("checks the levels of a policy against the roster beside it", async () => {
    const rules = "rules: [{ name: a, require: { approvals: 1, level: senior } }]\n";
    const levels = "levels: [L1, L2]\npeople: { ada: L2 }\n";
    expect(await run({ "roster.yml": levels, "policy.yml": rules })).toEqual({
      status: 2,
      stdout: `roster.yml: ok (roster, 1 person, 0 teams)
policy.yml:1:52: rules[0].require.level: level "senior" does not exist; the levels are L1, L2
`,
      stderr: "",
    });
    expect((await run({ "policy.yml": rules })).status).toBe(0);
  });

  test("calls it an error of the roster when its levels need rules and the policy has none, a warning without a policy", async () => {
    const levels = "levels: [L1, L2]\n";
    const why = (origin: string) =>
      `levels: no level "senior" in L1, L2, and ${origin} has no rules of its own, so the built-in rule asks for a level that does not exist; write a policy.yml with rules that name these levels, or add "senior"\n`;
    expect(await run({ "roster.yml": levels, "policy.yml": policy })).toEqual({
      status: 2,
      stdout: `roster.yml:1:9: ${why("policy.yml")}policy.yml: ok (policy, 1 rule)\n`,
      stderr: "",
    });
    expect(await run({ "roster.yml": levels })).toEqual({
      status: 0,
      stdout: `roster.yml:1:9: warning: ${why("built-in defaults")}roster.yml: ok (roster, 0 people, 0 teams)\n`,
      stderr: "",
    });
  });

  test("warns of a rule that nobody can satisfy, and that is no error", async () => {
    const rules = "rules:\n  - name: Two\n    require: { approvals: 2, level: mid }\n";
    expect(await run({ "roster.yml": roster, "policy.yml": rules })).toEqual({
      status: 0,
      stdout: `roster.yml: ok (roster, 1 person, 0 teams)
policy.yml:3:14: warning: rules[0].require: nobody can satisfy the rule "Two": it asks for 2 of level mid or above, and the roster has 1; pull requests it matches will wait
policy.yml: ok (policy, 1 rule)
`,
      stderr: "",
    });
  });

  test("tells a file by its keys when the name does not say", async () => {
    expect(await run({ "engineers.yml": roster, "rules.yml": policy })).toEqual({
      status: 0,
      stdout: "engineers.yml: ok (roster, 1 person, 0 teams)\nrules.yml: ok (policy, 1 rule)\n",
      stderr: "",
    });
  });

  test.each(["jobs: {}\n", "people: {}\nmode: observe\n", ""])("does not guess what %j is", async (text) => {
    expect(await run({ "ci.yml": text })).toEqual({
      status: 2,
      stdout: "",
      stderr: "ci.yml: neither a roster nor a policy by its name or keys; name it roster.yml or policy.yml\n",
    });
  });

  test("goes on with the other files when one cannot be read", async () => {
    expect(await run({ "policy.yml": policy }, ["roster.yml", "policy.yml"])).toEqual({
      status: 2,
      stdout: "policy.yml: ok (policy, 1 rule)\n",
      stderr: "roster.yml: cannot be read (ENOENT: no such file or directory); correct the path\n",
    });
  });

  test.each([
    ["no file", {}, [], "no file given"],
    [
      "two rosters",
      { "a/roster.yml": roster, "b/roster.yml": roster },
      ["a/roster.yml", "b/roster.yml"],
      "more than one roster; give one, with the policies that go with it",
    ],
  ])("with %s says how it is used", async (_, files, argv, why) => {
    expect(await run(files, argv)).toEqual({
      status: 2,
      stdout: "",
      stderr: `countersign validate: ${why}\nRun "countersign validate --help" for how it is used.\n`,
    });
  });

  test("with an option it does not have says how it is used", async () => {
    const { status, stdout, stderr } = await run({}, ["--fix"]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain("Unknown option '--fix'");
  });

  test.each(["--help", "-h"])("with %s shows an example", async (option) => {
    const { status, stdout, stderr } = await run({}, [option]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain(
      "countersign validate .github/countersign/roster.yml .github/countersign/policy.yml",
    );
  });
});
