import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { packageJson, root } from "../repository/files.ts";
import { dataParent } from "../store/data-parent.ts";

export type Played = { readonly code: unknown; readonly stdout: string; readonly stderr: string };

type Options = {
  readonly args?: readonly string[];
  readonly sabotage?: string;
  /** Where it makes its folders. */
  readonly folder?: string;
};

/** Runs the command of `npm run demo` with these arguments; `sabotage` is a module's text that is loaded before it. */
export async function demo(options: Options = {}): Promise<Played> {
  const { stdout, stderr, ended } = startDemo(options);
  const [out, err, { code }] = await Promise.all([textOf(stdout), textOf(stderr), ended]);
  return { code, stdout: out, stderr: err };
}

/** The same, as a terminal starts it: `interrupt` is Ctrl-C, which all of its processes get. Whatever happens, none outlives the test. */
export function startDemo({ args: more = [], sabotage = "", folder = dataParent }: Options) {
  const [, ...command] = packageJson.scripts["demo"]?.split(" ") ?? [];
  const args = ["--import", `data:text/javascript,${encodeURIComponent(sabotage)}`, ...command, ...more];
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(process.execPath, args, {
    ...{ cwd: root, env, detached: true },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { stdout, stderr } = child;
  const ended = once(child, "close").then(([code]: unknown[]) => ({ code }));
  const signal = (name: NodeJS.Signals) => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, name);
  };
  return { stdout, stderr, ended, interrupt: () => signal("SIGINT"), kill: () => signal("SIGKILL") };
}

async function textOf(stream: NonNullable<ChildProcess["stdout"]>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}
