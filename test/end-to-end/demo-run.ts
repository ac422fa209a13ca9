import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { packageJson, root } from "../repository/files.ts";
import { dataParent } from "../store/data-parent.ts";

export type Played = { readonly code: unknown; readonly stdout: string; readonly stderr: string };

/** Runs the command of `npm run demo` with these arguments; `sabotage` is a module's text that is loaded before it. */
export async function demo({
  args: more = [],
  sabotage = "",
}: {
  readonly args?: readonly string[];
  readonly sabotage?: string;
} = {}): Promise<Played> {
  const [, ...command] = packageJson.scripts["demo"]?.split(" ") ?? [];
  const args = ["--import", `data:text/javascript,${encodeURIComponent(sabotage)}`, ...command, ...more];
  const env = { ...process.env, TMPDIR: dataParent };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, ended] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, "close"),
  ]);
  return { code: ended[0], stdout, stderr };
}

async function textOf(stream: NonNullable<ChildProcess["stdout"]>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}
