import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { test } from "../../src/cli/test.ts";
import { read, root } from "../repository/files.ts";
import { blocksOf } from "../repository/markdown.ts";

const roster = "people: { ada: senior, juno: junior }\nteams: { acme/staff: staff }\n";
const claude = '"Add a parser\\n\\nCo-Authored-By: Claude <noreply@anthropic.com>\\n"';

/** A folder with these files. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "countersign-scenarios-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** Runs the command on scenarios beside the roster above and the built-in policy, or another. */
async function run(
  scenarios: Readonly<Record<string, string>>,
  policy = "mode: enforce\n",
  ...more: string[]
) {
  const files = Object.entries(scenarios).map(([name, text]) => [`scenarios/${name}`, text] as const);
  const folder = folderOf({
    "roster.yml": roster,
    "policy.yml": policy,
    "scenarios/notes.txt": "",
    ...Object.fromEntries(files),
  });
  const argv = ["--roster", join(folder, "roster.yml"), "--policy", join(folder, "policy.yml"), ...more];
  return { ...(await called(join(folder, "scenarios"), ...argv)), folder };
}

async function called(...argv: string[]) {
  const out = { stdout: "", stderr: "" };
  const write = (stream: keyof typeof out) => (text: string) => {
    out[stream] += text;
  };
  const status = await test(argv, { stdout: write("stdout"), stderr: write("stderr"), colour: false });
  return { status, ...out };
}

/** The scenario of a pull request by juno with a sign of Claude Code, and what is given besides. */
function assisted(given: string, wanted: string): string {
  return `given:\n  author: juno\n  commits: [{ message: ${claude} }]\n${given}expect:\n${wanted}`;
}

it("ends with 0 when every scenario comes out as expected, in folders below, too", async () => {
  const { status, stdout, stderr, folder } = await run({
    "a.yml": assisted("", "  outcome: waiting\n"),
    "more/b.yaml": assisted("  reviews: [{ by: ada }]\n", "  outcome: countersigned\n"),
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout.replaceAll(folder, "")).toBe(
    "ok   /scenarios/a.yml\nok   /scenarios/more/b.yaml\n2 scenarios, all as expected\n",
  );
});

it("ends with 1 when one does not, and says what came out instead", async () => {
  const { status, stdout, folder } = await run({
    "a.yml": assisted("", "  outcome: not gated\n  title: Countersigned\n"),
  });
  expect(status).toBe(1);
  expect(stdout.replaceAll(folder, "")).toBe(`FAIL /scenarios/a.yml
       outcome: expected "not gated", got "waiting"
       title: expected "Countersigned", got "Waiting for 1 approval by senior or above: ada can"
1 scenario, 1 not as expected
`);
});

it("prints every problem of every scenario with its place, and judges none", async () => {
  const { status, stdout, stderr, folder } = await run({
    "a.yml": 'given:\n  author: "@ada"\n  reviws: []\nexpect:\n  outcome: wating\n',
    "b.yml": "given: { commits: [] }\n",
    "c.yml": assisted("", "  outcome: waiting\n"),
  });
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr.replaceAll(join(folder, "scenarios/"), "").split("\n")).toEqual([
    'a.yml:2:11: given.author: "@ada" is not a GitHub login; write it as in ada, without "@"',
    expect.stringMatching(/^a\.yml:3:3: given\.reviws: unknown key "reviws"; did you mean "reviews"\?/u),
    expect.stringMatching(/^a\.yml:5:12: expect\.outcome: expected not gated or .+, got "wating"$/u),
    'b.yml:1:1: the key "expect" is missing; expected keys with values',
    'b.yml:1:8: given: the key "author" is missing; expected a login, or login and id',
    "b.yml:1:19: given.commits: expected at least one entry, got an empty list",
    "",
  ]);
});

it("prints the problems of roster and policy with their places", async () => {
  const { status, stderr } = await run({ "a.yml": assisted("", "  outcome: waiting\n") }, "moode: observe\n");
  expect(status).toBe(2);
  expect(stderr).toContain('policy.yml:1:1: moode: unknown key "moode"; did you mean "mode"?');
});

it("does not take a folder without scenarios, or none, for one where all is well", async () => {
  expect((await run({})).stderr).toContain("holds no scenario: no file ends in .yml or .yaml");
  expect((await run({})).status).toBe(2);
  expect(await called("/nowhere")).toMatchObject({ status: 2, stdout: "" });
  expect(await called()).toMatchObject({ status: 2, stderr: expect.stringContaining("expected one folder") });
  expect(await called("a", "--nonsense")).toMatchObject({ status: 2, stdout: "" });
});

it.each<[string, string, string, string]>([
  ["who is in a team", "", "  reviews: [{ by: linus }]\n  teams: { acme/staff: [linus] }\n", "countersigned"],
  [
    "who overrides",
    "override: { level: staff }\n",
    "  overrides: [{ by: linus }]\n  teams: { acme/staff: [linus] }\n",
    "overridden",
  ],
  ["that nobody may override", "", "  overrides: [{ by: ada }]\n", "waiting"],
  ["a review on another commit", "", "  reviews: [{ by: ada, commit: '01de4' }]\n", "waiting"],
  ["who cannot push", "", "  reviews: [{ by: ada, canPush: false }]\n", "waiting"],
  ["an objection", "", "  reviews: [{ by: ada, state: CHANGES_REQUESTED }]\n", "objected"],
  ["another base branch", "", "  base: topic\n", "not gated"],
  ["exempt files", "exempt: [{ only_paths: ['docs/**'] }]\n", "  files: [docs/a.md]\n", "not-needed"],
  [
    "labels",
    "rules: [{ name: A, when: { labels: [big] }, require: { approvals: 1, level: staff } }]\n",
    "  labels: [big]\n  reviews: [{ by: ada }]\n",
    "waiting",
  ],
  [
    "lines",
    "rules: [{ name: A, when: { changed_lines_over: 5 }, require: { approvals: 1, level: staff } }]\n",
    "  files: [{ path: a, additions: 6 }]\n  reviews: [{ by: ada }]\n",
    "waiting",
  ],
])("knows %s", async (_what, policy, given, outcome) => {
  expect(
    await run({ "a.yml": assisted(given, `  outcome: ${outcome}\n`) }, `mode: enforce\n${policy}`),
  ).toMatchObject({
    status: 0,
  });
});

it.each<[string, string]>([
  ["a bot by its login alone", 'author: "copilot-swe-agent[bot]"'],
  ["a ticked line", 'author: juno, body: "- [x] Made with AI"'],
  ["a branch", "author: juno, headRef: codex/parser"],
])("sees AI assistance in %s", async (_what, given) => {
  const policy = 'ai: { attestation: { ai: "Made with AI", human: "Made by hand" } }\n';
  const { status, stdout } = await run(
    { "a.yml": `given: { ${given} }\nexpect: { outcome: waiting }\n` },
    policy,
  );
  expect({ status, stdout }).toMatchObject({ status: 0 });
});

it("takes the author of a commit from the roster, whose approval then does not count", async () => {
  const wanted = "  outcome: waiting\n  missing: { Senior sign-off: 1 }\n";
  const own = `given:\n  author: juno\n  commits: [{ message: ${claude}, author: ada, committer: juno }]\n`;
  const { status } = await run({ "a.yml": `${own}  reviews: [{ by: ada }]\nexpect:\n${wanted}` });
  expect(status).toBe(0);
});

it("prints with --json what was expected and what came out", async () => {
  const scenarios = { "a.yml": assisted("", "  outcome: waiting\n  conclusion: neutral\n") };
  const { status, stdout, folder } = await run(scenarios, "mode: observe\n", "--json");
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    scenarios: [
      {
        file: join(folder, "scenarios/a.yml"),
        asExpected: true,
        expected: { outcome: "waiting", conclusion: "neutral" },
        said: { outcome: "waiting", conclusion: "neutral" },
      },
    ],
  });
});

it("does what docs/trying-a-policy.md shows", async () => {
  const page = { "page.md": read("docs/trying-a-policy.md") };
  const files = blocksOf(page, "yaml").map(
    ({ text }) => [/^# (\S+\.yml)$/mu.exec(text)?.[1] ?? "", text] as const,
  );
  const folder = folderOf(Object.fromEntries(files));
  const [shown = ""] = blocksOf(page, "console").map(({ text }) => text);
  const main = join(root, "src/cli/main.ts");
  const result = spawnSync(process.execPath, [main, "test", "scenarios"], { cwd: folder, encoding: "utf8" });
  expect(result.stdout).toBe(shown.replace("$ countersign test scenarios\n", ""));
  expect(result.status).toBe(1);
});
