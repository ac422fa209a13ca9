import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { read, repositoryFiles, root } from "./files.ts";
import { blocksOf } from "./markdown.ts";

/** What a command prints with --help. */
async function helpOf(...command: readonly string[]): Promise<string> {
  const args = ["src/cli/main.ts", ...command, "--help"];
  return (await promisify(execFile)(process.execPath, args, { cwd: root })).stdout;
}

const page = read("docs/commands.md");
const sections = [...page.matchAll(/^## (\w+)$/gm)].map(([, name = ""]) => name);
const helps = new Map<string, string>();
let commands: string[] = [];

beforeAll(async () => {
  const all = await helpOf();
  const list = all.slice(all.indexOf("Commands:"), all.indexOf("\n\n", all.indexOf("Commands:")));
  commands = [...new Set([...list.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name = ""]) => name))];
  await Promise.all(commands.map(async (name) => helps.set(name, await helpOf(name))));
}, 60_000);

describe("every command", () => {
  it("has help with an example, its options and its exit status", () => {
    const lacking = [...helps].filter(
      ([name, help]) =>
        !help.startsWith(`countersign ${name}`) ||
        !new RegExp(`^ {2}countersign ${name}\\b`, "m").test(help) ||
        !help.includes("Exit status: "),
    );
    expect(lacking).toEqual([]);
    expect(helps.size).toBeGreaterThan(8);
  });

  it("has a section and a row in docs/commands.md, and a test", () => {
    expect(sections).toEqual(commands);
    expect(
      [...page.matchAll(/^\| \[`(\w+)`\]\(#(\w+)\)/gm)].map(([, name, anchor]) => [name, anchor]),
    ).toEqual(commands.map((name) => [name, name]));
    const tested = (name: string) =>
      repositoryFiles.some((path) => path.startsWith(`test/cli/${name}`) && path.endsWith(".test.ts"));
    expect(commands.filter((name) => !tested(name))).toEqual([]);
  });
});

describe("the documents", () => {
  const documents = Object.fromEntries(
    repositoryFiles.filter((path) => /^(README|docs\/.*)\.md$/.test(path)).map((path) => [path, read(path)]),
  );
  /** Command lines that are shown, of a clone or of the package. */
  const shown = blocksOf(documents, "sh", "console", "text").flatMap(({ path, text }) =>
    [
      ...text.matchAll(/^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:npm run (?:-s )?countersign -- |countersign )(.+)$/gm),
    ].map(([, line = ""]) => ({ path, line })),
  );

  it("show only commands and options that there are", () => {
    const unknown = shown.filter(({ line }) => {
      const [name = "", ...rest] = line.split(/[|>]/)[0]?.trim().split(/\s+/) ?? [];
      if (name.startsWith("--")) return false;
      const help = helps.get(name);
      const options = rest.filter((word) => word.startsWith("--"));
      return help === undefined || options.some((option) => !help.includes(option));
    });
    expect(unknown).toEqual([]);
    expect(shown.length).toBeGreaterThan(sections.length);
  });
});
