#!/usr/bin/env node
import { requireNode } from "../node-version.ts";

const help = `countersign COMMAND

Countersign holds AI-assisted pull requests until a senior engineer has approved
exactly what will land. These commands work on files; the server is started with
npm start in a clone.

Commands:
  validate FILE...   every problem of roster and policy files, with line and column

  countersign validate .github/countersign/roster.yml
  countersign COMMAND --help

Options:
  --help             this text
  --version          the version of this package
`;

/** Runs a command. What it needs is loaded only after the Node version was checked. */
async function main([command, ...rest]: readonly string[]): Promise<number> {
  const problem = requireNode(process.versions.node);
  if (problem !== null) return refuse(problem);
  const { readFileSync } = await import("node:fs");
  const stdout = (text: string) => void process.stdout.write(text);
  const stderr = (text: string) => void process.stderr.write(text);
  switch (command) {
    case "validate": {
      const { validate } = await import("./validate.ts");
      return validate(rest, { readFile: (path) => readFileSync(path, "utf8"), stdout, stderr });
    }
    case "--version":
      stdout(`${versionOf(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))}\n`);
      return 0;
    case undefined:
    case "help":
    case "--help":
    case "-h":
      stdout(help);
      return command === undefined ? 2 : 0;
    default:
      return refuse(
        `there is no command ${JSON.stringify(command)}. Run "countersign --help" for those there are.`,
      );
  }
}

function versionOf(manifest: string): string {
  const parsed: unknown = JSON.parse(manifest);
  return typeof parsed === "object" && parsed !== null && "version" in parsed
    ? String(parsed.version)
    : "unknown";
}

function refuse(problem: string): number {
  process.stderr.write(`countersign: ${problem}\n`);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
