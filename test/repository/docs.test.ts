import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { isMap, parseDocument } from "yaml";
import { parsePolicy } from "../../src/config/policy-file.ts";
import { defaultLevels, parseRoster } from "../../src/config/roster-file.ts";
import { formatProblem } from "../../src/config/yaml-file.ts";
import { packageJson, read, repositoryFiles } from "./files.ts";
import {
  type Block,
  blocksOf,
  codeMapProblems,
  type Documents,
  linkProblems,
  unknownScriptProblems,
  unnamedScripts,
} from "./markdown.ts";

const documents: Documents = Object.fromEntries(
  repositoryFiles
    .filter((path) => /^[A-Z_]+\.md$|^docs\/.*\.md$|^\.github\/.*\.md$/.test(path))
    .map((path) => [path, read(path)]),
);
const scripts = Object.keys(packageJson.scripts);

const rosterKeys = ["levels", "unlisted", "people", "teams"];
const policyKeys = ["mode", "branches", "ai", "rules", "exempt", "override"];

/** The problems a YAML example has: a roster or a policy goes through the parser that reads the real file. */
function yamlProblems({ path, line, text }: Block): string[] {
  const origin = `${path}:${line}`;
  const document = parseDocument(text);
  if (document.errors.length > 0) return document.errors.map(({ message }) => `${origin}: ${message}`);
  const keys = isMap(document.contents) ? document.contents.items.map(({ key }) => String(key)) : [];
  const first = text.split("\n")[0] ?? "";
  const isRoster = /^#.*roster\.yml/.test(first) || keys.some((key) => rosterKeys.includes(key));
  const isPolicy = /^#.*policy\.yml/.test(first) || keys.some((key) => policyKeys.includes(key));
  const parsed = isRoster
    ? parseRoster(text, origin)
    : isPolicy
      ? parsePolicy(text, origin, defaultLevels)
      : null;
  return parsed?.kind === "broken" ? parsed.problems.map((problem) => formatProblem(origin, problem)) : [];
}

/** The problems bash sees in a shell example without running it; of a console example the lines after "$ " count. */
function shellProblems({ path, line, language, text }: Block): string[] {
  const commands = text
    .split("\n")
    .filter((row) => row.startsWith("$ "))
    .map((row) => row.slice(2));
  const input = language === "console" || commands.length > 0 ? commands.join("\n") : text;
  const { status, stderr } = spawnSync("bash", ["-n"], { input, encoding: "utf8" });
  return status === 0 ? [] : [`${path}:${line}: ${stderr.trim()}`];
}

describe("the documents of this repository", () => {
  it("show rosters, policies and other YAML that parse", () => {
    expect(blocksOf(documents, "yaml", "yml").flatMap(yamlProblems)).toEqual([]);
  });

  it("show shell commands that bash understands", () => {
    expect(blocksOf(documents, "sh", "bash", "shell", "console").flatMap(shellProblems)).toEqual([]);
  });

  it("show JSON that parses", () => {
    const broken = blocksOf(documents, "json").filter(({ text }) => {
      return parseDocument(text, { schema: "json" }).errors.length > 0;
    });
    expect(broken).toEqual([]);
  });

  it("link to files and headings that exist", () => {
    expect(linkProblems(documents, repositoryFiles)).toEqual([]);
  });

  it("name scripts that exist", () => {
    expect(unknownScriptProblems(documents, scripts)).toEqual([]);
  });

  it("name every script in README or CONTRIBUTING", () => {
    const forPeople = { README: read("README.md"), CONTRIBUTING: read("CONTRIBUTING.md") };
    expect(unnamedScripts(forPeople, scripts)).toEqual([]);
  });

  it("name source files that exist", () => {
    const gone = Object.entries(documents).flatMap(([path, text]) =>
      codeMapProblems(text, repositoryFiles, "no prefix").map((problem) => `${path} ${problem}`),
    );
    expect(gone).toEqual([]);
  });

  it("map every source file in docs/architecture.md", () => {
    expect(codeMapProblems(read("docs/architecture.md"), repositoryFiles, "src/")).toEqual([]);
  });
});

describe("the checks of documents find what is planted:", () => {
  const yaml = (text: string): string[] =>
    blocksOf({ "a.md": `\`\`\`yaml\n${text}\n\`\`\`\n` }, "yaml").flatMap(yamlProblems);

  it.each([
    "people: {ada: emperor}",
    "people: {ada: senior}\nunknown: 1",
    "# roster.yml\npeeple: {}",
    "# .github/countersign/policy.yml\nmoode: enforce",
    "mode: sometimes",
    "a: [",
  ])("broken YAML, case %#", (text) => {
    expect(yaml(text)).not.toEqual([]);
  });

  it.each(["people: {ada: senior}", "mode: observe", "on: push"])("but not sound YAML, case %#", (text) => {
    expect(yaml(text)).toEqual([]);
  });

  it("a broken shell command", () => {
    const broken = blocksOf(
      { "a.md": "```console\n$ echo 'a\nanswer\n```\n\n```sh\nif true\n```\n" },
      "console",
      "sh",
    );
    expect(broken.flatMap(shellProblems)).toEqual([
      expect.stringContaining("a.md:1: "),
      expect.stringContaining("a.md:6: "),
    ]);
    const sound = blocksOf({ "a.md": "```console\n$ npm test\nit's fine (really\n```\n" }, "console");
    expect(sound.flatMap(shellProblems)).toEqual([]);
  });

  it("a link to a file or a heading that is not there", () => {
    const planted = {
      "README.md":
        "# A b, c!\n[x](docs/gone.md) [y](docs/b.md#two) [z](#nothing) ![i](a.png)\n\n[r]: ./docs/c.md\n",
      "docs/b.md":
        "# One\n## One\n```sh\n# two\n```\n[back](../README.md#a-b-c) [again](#one-1) [out](https://example.org/x)\n",
    };
    expect(linkProblems(planted, ["README.md", "docs/b.md"])).toEqual([
      "README.md: docs/gone.md: there is no file docs/gone.md",
      "README.md: docs/b.md#two: docs/b.md has no heading for #two",
      "README.md: #nothing: README.md has no heading for #nothing",
      "README.md: a.png: there is no file a.png",
      "README.md: ./docs/c.md: there is no file docs/c.md",
    ]);
  });

  it("a script that does not exist and a script that nobody names", () => {
    const planted = { "a.md": "`npm run check:long`, then npm run check. And `npm test`." };
    expect(unknownScriptProblems(planted, ["check", "test"])).toEqual([
      "a.md: npm run check:long is no script of package.json",
    ]);
    expect(unnamedScripts(planted, ["check", "test", "types", "check:long", "long"])).toEqual([
      "types",
      "long",
    ]);
  });

  it("a file that the code map invents and one that it forgets", () => {
    const map = "| `src/main.ts` | starts |\n  [look](../src/look.ts), `test/gone.ts`";
    expect(codeMapProblems(map, ["src/main.ts", "src/look.ts", "src/app.ts", "test/a.ts"], "src/")).toEqual([
      "names test/gone.ts, which does not exist",
      "does not name src/app.ts",
    ]);
  });
});
