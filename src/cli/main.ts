#!/usr/bin/env node
import { requireNode } from "../node-version.ts";

const help = `countersign COMMAND

Countersign holds AI-assisted pull requests until a senior engineer has approved
exactly what will land. These commands only look, at files, local repositories, pull
requests and the server's database; the server is started with npm start in a clone.

Commands:
  audit verify       finds what was changed or taken out of the server's audit log
  audit export       the audit log as JSON lines or CSV
  check              judges a local git range as if it were a pull request
  db backup FILE     a copy of the server's SQLite database, beside a running server
  detect [RANGE]     the signs of AI assistance in each commit of a git range
  explain PULL       what the gate says of a pull request on GitHub, and why
  test DIR           your own scenarios against your roster and policy, without network
  validate FILE...   every problem of roster and policy files, with line and column

  countersign check --base origin/main
  countersign detect main..HEAD
  countersign explain acme/shop#12
  countersign test .github/countersign/scenarios
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
  endQuietly();
  const here = { directory: process.cwd(), environment: process.env, colour: hasColours(), stderr };
  switch (command) {
    case "audit": {
      const { audit } = await import("./audit.ts");
      const readFile = (path: string) => readFileSync(path, "utf8");
      return audit(rest, { ...here, stdout: drained, readFile, now: Date.now() });
    }
    case "check": {
      const { check } = await import("./check.ts");
      return check(rest, { ...here, stdout, now: Date.now() });
    }
    case "db": {
      const { db } = await import("./db.ts");
      return db(rest, { ...here, stdout });
    }
    case "detect": {
      const { detect } = await import("./detect.ts");
      const stdin = process.stdin.setEncoding("utf8");
      // On a terminal the list itself shows how far it is.
      const progress = process.stderr.isTTY && !process.stdout.isTTY;
      return detect(rest, { ...here, stdin, stdout: drained, progress });
    }
    case "explain": {
      const { explain } = await import("./explain.ts");
      return explain(rest, { ...here, stdout, now: () => Date.now() });
    }
    case "test": {
      const { test } = await import("./test.ts");
      return test(rest, { ...here, stdout });
    }
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

/** Resolves once more can be taken: long output must not pile up in memory. */
async function drained(text: string): Promise<void> {
  if (!process.stdout.write(text)) {
    await new Promise<void>((resolve) => process.stdout.once("drain", resolve));
  }
}

/** Colours only on a terminal, and not where NO_COLOR is set. */
function hasColours(): boolean {
  return process.stdout.isTTY && process.stdout.hasColors();
}

/** Whoever reads the output may stop, as `head` does; that is no error of ours, but no verdict was delivered either. */
function endQuietly(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(2);
  });
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
