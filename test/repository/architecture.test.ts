import { describe, expect, it } from "vitest";
import {
  defaultExportProblems,
  exitProblems,
  fileLengthProblems,
  functionLengthProblems,
  gateProblems,
  githubWriteProblems,
  nameProblems,
  sizeProblems,
} from "./code-rules.ts";
import { packageJson, repositoryFiles, sourcesIn } from "./files.ts";
import {
  cycleProblems,
  dependencyProblems,
  entryPointProblems,
  missingProblems,
  octokitProblems,
  partProblems,
  publishImportProblems,
  sqlProblems,
} from "./import-rules.ts";
import type { Sources } from "./source.ts";

const src = sourcesIn("src");
const everything = sourcesIn("src", "test", "demo", "bench", "scripts");
const files = new Set(repositoryFiles);
const dependencies = Object.keys(packageJson.dependencies);

type Rule = {
  readonly name: string;
  readonly check: (sources: Sources) => string[];
  readonly real: Sources;
  /** Planted sources, and the problems the rule finds in them: each rule is shown to be able to fail. */
  readonly planted: readonly (readonly [Sources, readonly string[]])[];
  /** Sources close to the planted ones that are fine. */
  readonly fine: Sources;
};

const importRules: readonly Rule[] = [
  {
    name: "each part of src imports only what it may",
    check: partProblems,
    real: src,
    planted: [
      [
        { "src/gate/judge.ts": 'import { look } from "../look.ts";' },
        ["src/gate/judge.ts:1: gate may not import look"],
      ],
      [
        { "src/gate/judge.ts": '\nimport type { Z } from "zod";' },
        ["src/gate/judge.ts:2: gate may not import zod"],
      ],
      [{ "src/gate/a.ts": 'import fs from "node:fs";' }, ["src/gate/a.ts:1: gate may not import node:fs"]],
      [
        { "src/store/a.ts": 'export * from "../github/facts.ts";' },
        ["src/store/a.ts:1: store may not import github/facts"],
      ],
      [
        { "src/cli/a.ts": 'const a = import("../delivery/worker.ts");' },
        ["src/cli/a.ts:1: cli may not import delivery/worker"],
      ],
      [
        { "src/config/a.ts": 'type A = import("../store/marks.ts").Mark;' },
        ["src/config/a.ts:1: config may not import store/marks"],
      ],
      [
        { "src/web/a.ts": 'import { b } from "../github/facts.ts";' },
        ["src/web/a.ts:1: web may not import github/facts"],
      ],
      [
        { "src/look.ts": "const name = 1; import(name);" },
        ["src/look.ts:1: imports something that is not a plain string"],
      ],
      [{ "src/app.ts": 'import { a } from "../test/a.ts";' }, ["src/app.ts:1: test/a.ts is outside src"]],
      [
        { "src/queue/a.ts": 'import { a } from "zod";' },
        ["src/queue/a.ts: belongs to no part that the import table knows"],
      ],
    ],
    fine: {
      "src/gate/a.ts":
        '// import "zod"\nimport { RE2JS } from "re2js"; import { b } from "./b.ts"; const text = \'import "fs"\';',
      "src/look.ts": 'import { a } from "./store/a.ts"; import { b } from "./gate/a.ts";',
      "src/web/a.ts": 'import { a } from "../github/access.ts";',
      "src/main.ts": 'import { a } from "./delivery/a.ts"; import { b } from "./server.ts";',
    },
  },
  {
    name: "every relative import names a file that exists",
    check: (sources) => missingProblems(sources, files),
    real: everything,
    planted: [
      [{ "src/app.ts": 'import { a } from "./gone.ts";' }, ["src/app.ts:1: src/gone.ts does not exist"]],
      [
        { "src/app.ts": 'import { a } from "./node-version";' },
        ["src/app.ts:1: src/node-version does not exist"],
      ],
    ],
    fine: { "src/app.ts": 'import { requireNode } from "./node-version.ts";' },
  },
  {
    name: "no file of src reaches itself through its imports",
    check: cycleProblems,
    real: src,
    planted: [
      [{ "src/a.ts": 'import { a } from "./a.ts";' }, ["cycle: src/a.ts -> src/a.ts"]],
      [
        {
          "src/a.ts": 'import { b } from "./store/b.ts";',
          "src/store/b.ts": 'import type { C } from "./c.ts";',
          "src/store/c.ts": 'export { a } from "../a.ts";',
        },
        ["cycle: src/a.ts -> src/store/b.ts -> src/store/c.ts -> src/a.ts"],
      ],
    ],
    fine: {
      "src/a.ts": 'import { b } from "./b.ts"; import { c } from "./c.ts";',
      "src/b.ts": 'import { c } from "./c.ts";',
      "src/c.ts": 'import { z } from "zod";',
    },
  },
  {
    name: "only src/github knows Octokit",
    check: octokitProblems,
    real: src,
    planted: [
      [
        { "src/look.ts": 'import { Octokit } from "@octokit/rest";' },
        ["src/look.ts:1: only src/github may import @octokit/rest"],
      ],
      [
        { "src/app.ts": 'import { Probot } from "probot";' },
        ["src/app.ts:1: only src/github may import probot"],
      ],
      [
        { "src/delivery/a.ts": 'import type { Context } from "probot";' },
        ["src/delivery/a.ts:1: only src/github may import probot"],
      ],
    ],
    fine: {
      "src/github/client.ts": 'import { Octokit } from "@octokit/rest"; import { Probot } from "probot";',
      "src/app.ts":
        'import type { Probot } from "probot"; import { type Context } from "probot/lib/context.js";',
    },
  },
  {
    name: "only src/store knows SQL",
    check: sqlProblems,
    real: src,
    planted: [
      [
        { "src/look.ts": 'import { sql } from "kysely";\nconst d = import("better-sqlite3");' },
        [
          "src/look.ts:1: only src/store may import kysely",
          "src/look.ts:2: only src/store may import better-sqlite3",
        ],
      ],
    ],
    fine: { "src/store/a.ts": 'import { sql } from "kysely/migration"; import d from "better-sqlite3";' },
  },
  {
    name: "the command line loads nothing that writes to GitHub but what a person makes in their own name",
    check: publishImportProblems,
    real: src,
    planted: [
      [
        { "src/cli/explain.ts": 'import { publish } from "../github/publish-check-run.ts";' },
        ["src/cli/explain.ts:1: cli never publishes"],
      ],
      [
        { "src/cli/explain.ts": 'import { createRuleset } from "../github/publish-ruleset.ts";' },
        ["src/cli/explain.ts:1: cli never publishes"],
      ],
      [
        { "src/cli/doctor.ts": 'import { publish } from "../github/publish-app.ts";' },
        ["src/cli/doctor.ts:1: cli never publishes"],
      ],
    ],
    fine: {
      "src/look.ts": 'import { publish } from "./github/publish-check-run.ts";',
      "src/cli/doctor.ts": 'import { createRuleset } from "../github/publish-ruleset.ts";',
      "src/cli/setup.ts": 'import { createApp } from "../github/publish-app.ts";',
    },
  },
  {
    name: "the entry points check Node's version before they load anything",
    check: entryPointProblems,
    real: src,
    planted: [
      [
        { "src/main.ts": 'import { a } from "./app.ts";', "src/cli/main.ts": 'import "node:fs";' },
        [
          "src/main.ts:1: import ./app.ts with import(), after the check of Node's version",
          "src/cli/main.ts:1: import node:fs with import(), after the check of Node's version",
        ],
      ],
    ],
    fine: {
      "src/cli/main.ts":
        'import { requireNode } from "../node-version.ts"; const { run } = await import("./run.ts");',
      "src/app.ts": 'import { a } from "./server.ts";',
    },
  },
  {
    name: "src imports only declared dependencies",
    check: (sources) => dependencyProblems(sources, dependencies),
    real: src,
    planted: [
      [
        { "src/a.ts": 'import { b } from "vitest"; import { c } from "@types/node/x";' },
        [
          "src/a.ts:1: vitest is not in package.json's dependencies",
          "src/a.ts:1: @types/node is not in package.json's dependencies",
        ],
      ],
    ],
    fine: {
      "src/a.ts":
        'import fs from "node:fs"; import { M } from "kysely/migration"; import { O } from "@octokit/rest";',
    },
  },
  {
    name: "there are at most 15 runtime dependencies",
    check: (sources) => dependencyProblems({}, Object.keys(sources)),
    real: Object.fromEntries(dependencies.map((name) => [name, ""])),
    planted: [
      [
        Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`package-${index}`, ""])),
        ["16 runtime dependencies, at most 15"],
      ],
    ],
    fine: Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`package-${index}`, ""])),
  },
];

const lines = (count: number): string => "let a;\n".repeat(count);

const codeRules: readonly Rule[] = [
  {
    name: "the gate has no clock, no input or output, no randomness and nothing asynchronous",
    check: gateProblems,
    real: src,
    planted: [
      [
        { "src/gate/a.ts": "const a = Date.now();" },
        ["src/gate/a.ts:1: the gate has no clock: take the time as a fact"],
      ],
      [
        { "src/gate/a.ts": "const a = new Date();" },
        ["src/gate/a.ts:1: the gate has no clock: take the time as a fact"],
      ],
      [
        { "src/gate/a.ts": "const a = [1].map(Date);" },
        ["src/gate/a.ts:1: the gate has no clock: take the time as a fact"],
      ],
      [{ "src/gate/a.ts": "\nconst a = Math.random();" }, ["src/gate/a.ts:2: the gate has no randomness"]],
      [{ "src/gate/a.ts": "const a = async () => 1;" }, ["src/gate/a.ts:1: the gate is never async"]],
      [{ "src/gate/a.ts": "await undefined;" }, ["src/gate/a.ts:1: the gate never awaits"]],
      [
        { "src/gate/a.ts": "export function a() { return process.env; }" },
        ["src/gate/a.ts:1: the gate may not use process"],
      ],
      [{ "src/gate/a.ts": "fetch(`x`);" }, ["src/gate/a.ts:1: the gate may not use fetch"]],
      [
        { "src/gate/a.ts": "const a = { b: performance };" },
        ["src/gate/a.ts:1: the gate may not use performance"],
      ],
      [{ "src/gate/a.ts": 'import("./b.ts");' }, ["src/gate/a.ts:1: the gate loads nothing later"]],
    ],
    fine: {
      "src/gate/a.ts":
        "// Date.now()\nconst at = Date.parse(facts.at); const day = new Date(at); const max = Math.max(1, 2);" +
        "type A = { process: string; at: Date }; const b = { fetch: 1 }; const c = b.fetch; const d = 'await';",
      "src/store/a.ts": "const a = async () => Date.now();",
    },
  },
  {
    name: "nothing has a default export",
    check: defaultExportProblems,
    real: everything,
    planted: [
      [{ "src/a.ts": "export default 1;" }, ["src/a.ts:1: has a default export"]],
      [{ "src/a.ts": "const a = 1; export { a as default };" }, ["src/a.ts:1: has a default export"]],
    ],
    fine: { "src/a.ts": "export const a = 1; // export default" },
  },
  {
    name: "only the entry points end the process",
    check: exitProblems,
    real: src,
    planted: [
      [{ "src/server.ts": "process.exit(1);" }, ["src/server.ts:1: only an entry point ends the process"]],
      [{ "src/server.ts": 'process["exit"](1);' }, ["src/server.ts:1: only an entry point ends the process"]],
      [
        { "src/cli/check.ts": 'import { exit } from "node:process";' },
        ["src/cli/check.ts:1: use the global process, so that this rule can see it"],
      ],
    ],
    fine: { "src/main.ts": "process.exit(1);", "src/app.ts": "process.once('exit', () => {});" },
  },
  {
    name: "only src/github/publish* writes to GitHub",
    check: githubWriteProblems,
    real: src,
    planted: [
      [
        { "src/github/facts.ts": 'octokit.request("POST /repos/{owner}/{repo}/check-runs");' },
        ["src/github/facts.ts:1: writes to GitHub: POST /repos/{owner}/{repo}/check-runs"],
      ],
      [
        { "src/look.ts": "octokit.request({ url, method: `PATCH` });" },
        ["src/look.ts:1: writes to GitHub: method PATCH"],
      ],
      [
        { "src/look.ts": "github.rest.checks.create({});" },
        ["src/look.ts:1: writes to GitHub: checks.create"],
      ],
      [
        { "src/github/a.ts": "octokit.graphql(`mutation Add($id: ID!) { add(id: $id) { id } }`);" },
        ["src/github/a.ts:1: writes to GitHub: a GraphQL mutation"],
      ],
    ],
    fine: {
      "src/github/publish-check-run.ts": 'octokit.request("POST /repos/{owner}/{repo}/check-runs");',
      "src/github/facts.ts":
        "octokit.rest.pulls.get({}); octokit.rest.repos.compareCommits({}); facts.checks.some(Boolean);" +
        "octokit.graphql(`query { a }`); const text = 'a mutation is a write';",
    },
  },
  {
    name: "a function has at most 60 lines",
    check: functionLengthProblems,
    real: src,
    planted: [
      [{ "src/a.ts": `function a() {\n${lines(59)}}\n` }, ["src/a.ts:1: a function of 61 lines, at most 60"]],
      [
        { "src/a.ts": `\nconst a = () => {\n${lines(60)}};` },
        ["src/a.ts:2: a function of 62 lines, at most 60"],
      ],
    ],
    fine: { "src/a.ts": `function a() {\n${lines(58)}}\nfunction b() {\n${lines(58)}}\n` },
  },
  {
    name: "a file has at most 400 lines",
    check: fileLengthProblems,
    real: everything,
    planted: [[{ "src/a.ts": lines(401) }, ["src/a.ts: 401 lines, at most 400"]]],
    fine: { "src/a.ts": lines(400) },
  },
  {
    name: "src has at most 200 files and 26,700 lines",
    check: sizeProblems,
    real: src,
    planted: [
      [
        Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`src/${index}.ts`, ""])),
        ["src has 201 files, at most 200"],
      ],
      [{ "src/cli/a.ts": lines(26_701) }, ["src has 26701 lines, at most 26700"]],
      [
        { "src/gate/a.ts": lines(3), "src/cli/a.ts": lines(5) },
        ["src/gate has 3 lines, at most a third of 8"],
      ],
      [{ "src/a.ts": lines(2_101) }, ["the files beside the folders have 2101 lines, at most 2100"]],
    ],
    fine: { "src/cli/a.ts": lines(17_000), "src/a.ts": lines(2_100) },
  },
  {
    name: "file names are kebab-case and say what the file holds",
    check: nameProblems,
    real: everything,
    planted: [
      [{ "src/rosterFile.ts": "" }, ["src/rosterFile.ts: file names are kebab-case"]],
      [{ "src/gate/utils.ts": "" }, ["src/gate/utils.ts: name what it holds"]],
      [{ "src/gate/index.ts": "" }, ["src/gate/index.ts: name what it holds"]],
    ],
    fine: { "src/gate/roster.ts": "", "test/gate/roster-file.test.ts": "" },
  },
];

describe.each([...importRules, ...codeRules])("$name", ({ check, real, planted, fine }) => {
  it("holds in this repository", () => {
    expect(check(real)).toEqual([]);
  });

  it.each(planted)("finds what is planted, case %#", (sources, problems) => {
    expect(check(sources)).toEqual(problems);
  });

  it("leaves alone what is only similar", () => {
    expect(check(fine)).toEqual([]);
  });
});
