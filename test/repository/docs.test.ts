import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { isMap, parseDocument } from "yaml";
import { z } from "zod";
import { parsePolicy } from "../../src/config/policy-file.ts";
import { defaultLevels, parseRoster } from "../../src/config/roster-file.ts";
import { formatProblem } from "../../src/config/yaml-file.ts";
import { jsonSchemas } from "../../scripts/write-schemas.ts";
import { createUsage } from "../../src/github/usage.ts";
import { healthOf } from "../../src/health.ts";
import { createMetrics } from "../../src/metrics.ts";
import { openEmptyStore } from "../../src/store/store.ts";
import { packageJson, read, repositoryFiles, root } from "./files.ts";
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

it("has a proxy let through what the internet may reach, and neither health nor metrics", () => {
  const [, section = ""] = read("docs/operations.md").split("## What the network may reach");
  const [table = "", proxy = ""] = section.split("```nginx");
  const rows = [...table.matchAll(/^\| (`.+`) \| (.+) \|$/gmu)].flatMap(([, paths = "", whom = ""]) =>
    [...paths.matchAll(/`[A-Z]+ ([^`]+)`/gu)].map(([, path = ""]) => ({ path, whom })),
  );
  const locations = [...proxy.matchAll(/location (=|~) (\S+) \{/gu)].map(([, sign, path = ""]) =>
    sign === "=" ? { exact: path } : { pattern: new RegExp(path, "u") },
  );
  const passes = (path: string) =>
    locations.some(({ exact, pattern }) => exact === path || pattern?.test(path) === true);

  const [through, kept] = [true, false].map((wanted) =>
    rows.map(({ path }) => path).filter((path) => passes(shown(path)) === wanted),
  );
  expect(kept).toEqual(["/ping", "/health", "/metrics"]);
  expect(through).toContain("/api/github/webhooks");
  expect(["/health/", "//metrics", "/metrics?a=/", "/acme/shop/pull/1/health"].filter(passes)).toEqual([]);
  expect(proxy.split("```")[0]).toMatch(/location \/ \{\s+return 404;/u);
});

/** A path as it is asked for, of one with placeholders. */
function shown(path: string): string {
  return path.replace("OWNER/REPO", "acme/shop").replace("NUMBER", "1").replace("*", "weeks");
}

it("says of each picture which page it was made from; the browser tests compare that with the page as it is", () => {
  const pictures = repositoryFiles.filter((path) => path.endsWith(".png"));
  const recorded = z.record(z.string(), z.string()).parse(JSON.parse(read("docs/images/made-from.json")));

  expect(Object.keys(recorded).map((name) => `docs/images/${name}.png`)).toEqual(pictures);
});

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

const readme: Documents = { "README.md": read("README.md") };

/** What .ci/run runs in a fresh clone, without the options that only its own report needs. */
const ciSteps = [...read(".ci/run").matchAll(/^step (.+)$/gm)].map(([, step = ""]) => step.split(" -- ")[0]);

/** A folder with what the README's commands need of a clone, and the README's own roster and policy at their paths. */
function clone(): string {
  const folder = mkdtempSync(join(tmpdir(), "countersign-readme-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ["package.json", "scripts", "src", "node_modules"])
    symlinkSync(root + name, join(folder, name));
  for (const { text } of blocksOf(readme, "yaml")) {
    const path = join(folder, /^# (\S+)$/m.exec(text)?.[1] ?? "unnamed.yml");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return folder;
}

/** Runs commands as somebody would in a clone, with nothing of this process's environment but the way to npm. */
function runInClone(commands: string): { status: number | null; output: string } {
  const { HOME, PATH } = process.env;
  const env = { HOME, PATH, CI: "true", NO_COLOR: "1", npm_config_update_notifier: "false" };
  const input = `exec 2>&1\n${commands}`;
  const { status, stdout } = spawnSync("bash", [], { cwd: clone(), env, input, encoding: "utf8" });
  return { status, output: stdout };
}

describe("the README", () => {
  const commands = blocksOf(readme, "sh").flatMap(({ text }) => text.trim().split("\n"));
  const isCi = (command: string) => command.split(" && ").every((part) => ciSteps.includes(part));

  it("shows first what CI runs in a fresh clone", () => {
    expect(commands.filter(isCi)).toEqual(["npm ci && npm run demo", "npm test"]);
  });

  it.each(commands.filter((command) => !isCi(command)))("shows a command that works: %s", (command) => {
    expect(runInClone(command)).toMatchObject({ status: 0 });
  });

  it.each(blocksOf(readme, "console"))("shows in line $line what commands print", ({ text }) => {
    const typed = [...text.matchAll(/^\$ (.+)$/gm)].map(([, command = ""]) => command);
    expect(runInClone(typed.join("\n")).output).toBe(text.replace(/^\$ .+\n/gm, ""));
  });

  it("fills the form for the GitHub App with what app.yml says", () => {
    const manifest = z
      .object({
        default_permissions: z.record(z.string(), z.string()),
        default_events: z.array(z.string()),
      })
      .parse(parseDocument(read("app.yml")).toJS());
    const form = new URL(/^https:.+\/settings\/apps\/new\?.+$/m.exec(read("README.md"))?.[0] ?? "");
    const permissions = [...form.searchParams].filter(([, value]) => /^(read|write)$/.test(value));
    expect(Object.fromEntries(permissions)).toEqual(manifest.default_permissions);
    expect(form.searchParams.getAll("events[]")).toEqual(manifest.default_events);
    const rows = [...read("README.md").matchAll(/^\| (`.+`) \| (read|write|event) \|/gm)].flatMap(
      ([, names = "", access = ""]) =>
        [...names.matchAll(/`(\w+)`/g)].map(([, name = ""]) => [name, access] as const),
    );
    expect(rows).toEqual([
      ...Object.entries(manifest.default_permissions),
      ...manifest.default_events.map((event) => [event, "event"]),
    ]);
  });
});

describe("docs/configuration.md", () => {
  it("lists the variables of .env.example", () => {
    const documented = [...read("docs/configuration.md").matchAll(/^\| `([A-Z_]+)` \|/gm)].map(
      ([, name]) => name,
    );
    const known = [...read(".env.example").matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(new Set(documented)).toEqual(new Set(known));
  });
});

describe("docs/operations.md", () => {
  it("shows every field of /health, and says under Alarms what to do about each and about each metric", async () => {
    const text = read("docs/operations.md");
    const alarms = /^## Alarms\n(.*?)^## /ms.exec(text)?.[1] ?? "";
    const store = await openEmptyStore();
    onTestFinished(async () => store.close());
    const usage = createUsage(
      () => 0,
      () => {},
    );
    const outages = { count: () => 0 };
    const fields = Object.keys(
      await healthOf(store, { log: pino({ level: "silent" }), now: 0, usage, outages }),
    );
    const example: unknown = JSON.parse(/^\{\n {2}"ready".*?^\}/ms.exec(text)?.[0] ?? "{}");
    expect(Object.keys(z.record(z.string(), z.unknown()).parse(example))).toEqual(fields);
    const looks = { marks: 0, oldestMarkMs: 0, failing: 0 };
    const rendered = await createMetrics().render({ looks, quotas: [], waitingInstallations: 0 });
    const metrics = [...rendered.text.matchAll(/^# HELP (\S+)/gm)].map(([, name = ""]) => name);
    expect(metrics.length).toBeGreaterThan(5);
    expect([...fields, ...metrics].filter((name) => !alarms.includes(`\`${name}`))).toEqual([]);
  });
});

/** The keys that a schema knows, each as a path without the names that people choose: `people.*.level`. */
function keysIn(schema: unknown, path: readonly string[] = []): string[] {
  const parsed = keyedSchema.safeParse(schema).data;
  if (parsed === undefined) return [];
  const own = Object.entries(parsed.properties ?? {}).flatMap(([key, inner]) => [
    ...(inner === false ? [] : [[...path, key].join(".")]),
    ...keysIn(inner, [...path, key]),
  ]);
  const named = parsed.propertyNames === undefined ? [] : keysIn(parsed.additionalProperties, [...path, "*"]);
  const alternatives = (parsed.anyOf ?? []).flatMap((inner) => keysIn(inner, path));
  return [...new Set([...own, ...named, ...keysIn(parsed.items, path), ...alternatives])];
}

const keyedSchema = z.object({
  properties: z.record(z.string(), z.unknown()).optional(),
  propertyNames: z.unknown().optional(),
  additionalProperties: z.unknown().optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
});

/** The same of a value: the names under `people` and `teams` are people's. */
function keysOf(value: unknown, path: readonly string[] = []): string[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown) => keysOf(item, path));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, ["people", "teams"].includes(path.at(-1) ?? "") ? "*" : key];
    return [here.join("."), ...keysOf(inner, here)];
  });
}

describe("every key of roster and policy", () => {
  const page = { "docs/configuration.md": read("docs/configuration.md") };
  const used = new Set(blocksOf(page, "yaml").flatMap(({ text }) => keysOf(parseDocument(text).toJS())));

  it.each(Object.entries(jsonSchemas()))(
    "of %s stands in a working example of docs/configuration.md",
    (_name, schema) => {
      const keys = keysIn(schema);
      expect(keys.length).toBeGreaterThan(5);
      expect(keys.filter((key) => !used.has(key))).toEqual([]);
    },
  );
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
