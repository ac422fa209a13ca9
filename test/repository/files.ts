import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Sources } from "./source.ts";

/** The repository's root, with a slash at its end. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

const packageSchema = z.object({
  name: z.string(),
  version: z.string(),
  engines: z.object({ node: z.string() }),
  bin: z.record(z.string(), z.string()),
  scripts: z.record(z.string(), z.string()),
  dependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()),
});

/** package.json, as far as the tests about the repository need it. */
export const packageJson = packageSchema.parse(JSON.parse(read("package.json")));

/** The text of one file, by its path from the root. Throws when it does not exist. */
export function read(path: string): string {
  return readFileSync(root + path, "utf8");
}

/** Every file that git tracks or would track, by its path from the root: what a fresh clone will have. */
export const repositoryFiles: readonly string[] = execFileSync(
  "git",
  ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
  { cwd: root, encoding: "utf8" },
)
  .split("\0")
  .filter((path) => path !== "" && existsSync(root + path))
  .toSorted();

/** The TypeScript files below the given folders, with their text. */
export function sourcesIn(...folders: readonly string[]): Sources {
  const paths = repositoryFiles.filter(
    (path) => path.endsWith(".ts") && folders.some((folder) => path.startsWith(`${folder}/`)),
  );
  return Object.fromEntries(paths.map((path) => [path, read(path)]));
}
