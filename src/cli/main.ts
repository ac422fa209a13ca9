#!/usr/bin/env node
import { requireNode } from "../node-version.ts";
import type { Io } from "./command.ts";

const help = `countersign COMMAND

Countersign holds AI-assisted pull requests until a senior engineer has approved
exactly what will land. These commands look at files, local repositories, pull requests
and the server's database, and write nothing, but for setup and doctor --fix.
The server is started with npm start in a clone.

Commands:
  audit verify       finds what was changed or taken out of the server's audit log
  audit export       the audit log as JSON lines or CSV
  backtest REPO      what would have become of the pull requests merged lately
  check              judges a local git range as if it were a pull request
  db backup FILE     a copy of the server's SQLite database, beside a running server
  detect [RANGE]     the signs of AI assistance in each commit of a git range
  doctor OWNER       whether the gate is closed on GitHub, and how to close it
  explain PULL       what the gate says of a pull request on GitHub, and why
  setup              creates the GitHub App that the server needs, and its .env
  test DIR           your own scenarios against your roster and policy, without network
  validate FILE...   every problem of roster and policy files, with line and column

  countersign check --base origin/main
  countersign detect main..HEAD
  countersign doctor acme/shop
  countersign explain acme/shop#12
  countersign test .github/countersign/scenarios
  countersign validate .github/countersign/roster.yml
  countersign COMMAND --help

Options:
  --help             this text
  --version          the version of this package
`;

/** Helps, or runs a command; only after the Node version was checked. */
async function main([command, ...rest]: readonly string[]): Promise<number> {
  const problem = requireNode(process.versions.node);
  if (problem !== null) return refuse(problem);
  endQuietly();
  switch (command) {
    case "--version":
      process.stdout.write(`${await version()}\n`);
      return 0;
    case undefined:
    case "help":
    case "--help":
    case "-h":
      process.stdout.write(help);
      return command === undefined ? 2 : 0;
    default: {
      // What every object inherits, such as `constructor`, is no command.
      const load = Object.hasOwn(commands, command) ? commands[command] : undefined;
      const unknown = `there is no command ${JSON.stringify(command)}. Run "countersign --help" for those there are.`;
      return load === undefined ? refuse(unknown) : (await load())(rest, await surroundings());
    }
  }
}

type Command = (argv: readonly string[], io: Io) => Promise<number>;

/** Each is loaded when it is called. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  audit: async () => (await import("./audit.ts")).audit,
  backtest: async () => (await import("./backtest.ts")).backtest,
  check: async () => (await import("./check.ts")).check,
  db: async () => (await import("./db.ts")).db,
  detect: async () => (await import("./detect.ts")).detect,
  doctor: async () => {
    const { loadEnvFile } = await import("../config/environment.ts");
    loadEnvFile(".env");
    return (await import("./doctor.ts")).doctor;
  },
  explain: async () => (await import("./explain.ts")).explain,
  setup: async () => (await import("./setup.ts")).setup,
  test: async () => (await import("./test.ts")).test,
  validate: async () => (await import("./validate.ts")).validate,
};

/** This process, as commands know it. */
async function surroundings(): Promise<Io> {
  const { readFileSync } = await import("node:fs");
  const { setTimeout: sleep } = await import("node:timers/promises");
  return {
    directory: process.cwd(),
    environment: process.env,
    now: () => Date.now(),
    sleep: async (ms) => sleep(ms),
    readFile: (path) => readFileSync(path, "utf8"),
    stdin: () => process.stdin.setEncoding("utf8"),
    stdout: (text) => void process.stdout.write(text),
    stream: drained,
    stderr: (text) => void process.stderr.write(text),
    colour: hasColours(),
    // On a terminal the output itself shows how far it is.
    progress: process.stderr.isTTY && !process.stdout.isTTY,
    // Standard input is left alone by whoever neither reads it nor asks.
    get ask() {
      return asker();
    },
    signal: AbortSignal.timeout(setupWithinMs),
  };
}

/** GitHub takes a manifest's code for an hour: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest */
const setupWithinMs = 60 * 60_000;

/** Resolves once more can be taken: long output must not pile up in memory. */
async function drained(text: string): Promise<void> {
  if (!process.stdout.write(text)) {
    await new Promise<void>((resolve) => process.stdout.once("drain", resolve));
  }
}

/** Asks a question at the terminal and resolves with the line somebody writes; null where nobody sits at one. */
function asker(): ((question: string) => Promise<string>) | null {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null;
  return async (question) => {
    const { createInterface } = await import("node:readline/promises");
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await terminal.question(question);
    terminal.close();
    return answer;
  };
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

async function version(): Promise<string> {
  const { readFileSync } = await import("node:fs");
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}

function refuse(problem: string): number {
  process.stderr.write(`countersign: ${problem}\n`);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
