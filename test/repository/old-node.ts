import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { requireNode } from "../../src/node-version.ts";

/** A Node on PATH that is older than Countersign needs, or null; npm puts the bundled one first, the machine's own comes later. */
export const oldNode: { readonly path: string; readonly version: string } | null =
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "node"))
    .filter((path) => existsSync(path))
    .map((path) => ({
      path,
      version: spawnSync(path, ["-p", "process.versions.node"], { encoding: "utf8" }).stdout.trim(),
    }))
    .find(({ version }) => /^\d+\.\d+\.\d+/.test(version) && requireNode(version) !== null) ?? null;

/** Options and environment that make the running Node claim another version, so that the message is tested everywhere. */
export function pretendNode(version: string): { options: readonly string[]; env: NodeJS.ProcessEnv } {
  return {
    options: ["-r", fileURLToPath(new URL("./pretend-node.cjs", import.meta.url))],
    env: { ...process.env, PRETEND_NODE: version },
  };
}
