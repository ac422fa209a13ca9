import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { packageJson, root } from "../repository/files.ts";
import { logLine } from "./log-line.ts";
import { until } from "./until.ts";
import { dataParent } from "../store/data-parent.ts";

export type ServerRun = {
  readonly child: ChildProcess;
  readonly out: { stdout: string; stderr: string };
  /** The lines of the log so far. */
  readonly log: () => Record<string, unknown>[];
  /** Where it listens, once it does. @throws when it ends instead. */
  readonly listening: () => Promise<string>;
  /** Sends a signal, if one is given, and waits for the end. Returns the exit code, or the signal it died of. */
  readonly end: (signal?: NodeJS.Signals) => Promise<number | string | null>;
};

/** Node compiles the same modules for every start; with this it does so once. */
const compileCache = join(root, "node_modules/.cache/countersign-tests");

/** A folder that is gone after the test. */
export function freshDataDir(): string {
  const folder = mkdtempSync(join(dataParent, "countersign-operator-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the command of `npm start` in a folder without `.env`. Whatever happens, it does not outlive the test. */
export function npmStart(env: NodeJS.ProcessEnv, cwd = freshDataDir()): ServerRun {
  const [, ...command] = packageJson.scripts["start"]?.split(" ") ?? [];
  const args = command.map((word) => (word.includes("/") ? join(root, word) : word));
  const child = spawn(process.execPath, args, {
    env: { ...env, NODE_COMPILE_CACHE: compileCache },
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const out = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    out.stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    out.stderr += chunk.toString();
  });
  const closed = once(child, "close");
  const ended = () => child.exitCode ?? child.signalCode;
  onTestFinished(async () => {
    if (ended() === null) child.kill("SIGKILL");
    await closed;
  });
  const log = () => out.stdout.split("\n").slice(0, -1).map(logLine);
  return {
    child,
    out,
    log,
    listening: async () =>
      until("the server to listen", () => {
        if (ended() !== null) throw new Error(`The server ended with ${ended()}: ${out.stderr}`);
        return log().flatMap(({ msg, url }) => (msg === "Countersign listens" ? [String(url)] : []))[0];
      }),
    end: async (signal) => {
      if (signal !== undefined) child.kill(signal);
      await closed;
      return ended();
    },
  };
}

/**
 * Whether a line of the log is worth a look: a warning or worse, but for the advice that every start gives, and for what is
 * found about the gate of the company itself.
 */
export function isTrouble({ level, msg }: { readonly level?: unknown; readonly msg?: unknown }): boolean {
  const said = String(msg);
  const isKnown = said.includes("choose this app as its source") || said.startsWith("The gate: ");
  return Number(level) >= 40 && !isKnown;
}
