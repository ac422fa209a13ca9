import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** The environment of every git and every command here: no configuration of the machine, nothing that a git hook set. */
export const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(GIT_|NO_COLOR|FORCE_COLOR)/.test(name)),
  ),
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  // What is gone after the test need not reach a disk.
  GIT_CONFIG_COUNT: "1",
  GIT_CONFIG_KEY_0: "core.fsync",
  GIT_CONFIG_VALUE_0: "none",
  GIT_AUTHOR_DATE: "2026-01-02T03:04:05Z",
  GIT_COMMITTER_DATE: "2026-01-02T03:04:05Z",
};

export type TestRepository = {
  readonly directory: string;
  /** Runs git in it; returns what it says, without the last newline. Fails the test when git fails. */
  readonly git: (...args: string[]) => string;
  /** Commits everything in the work tree; returns the SHA. Without an author it is Ada. */
  readonly commit: (message: string | Buffer, author?: string) => string;
  /** Makes many commits at once, from the text that `git fast-import` reads. */
  readonly fastImport: (stream: string) => void;
};

/** A folder that is gone after the test. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "countersign-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An empty repository on the branch main; `options` go to `git init`. */
export function makeRepository(...options: string[]): TestRepository {
  const repository = repositoryAt(makeFolder());
  repository.git("init", "--quiet", "--initial-branch=main", "--template=", ...options);
  return repository;
}

/** The repository in a folder, for what was cloned. */
export function repositoryAt(directory: string): TestRepository {
  const run = (args: readonly string[], input: string | Buffer = "") => {
    const { status, stdout, stderr } = spawnSync("git", args, { cwd: directory, env: environment, input });
    if (status !== 0) throw new Error(`git ${args.join(" ")}: ${stderr.toString()}`);
    return stdout.toString().replace(/\n$/, "");
  };
  const commit = (message: string | Buffer, author = "Ada <ada@acme.dev>") => {
    const [, name = "", email = ""] = /^(.*) <(.*)>$/.exec(author) ?? [];
    run(["add", "--all"]);
    const identity = ["-c", `user.name=${name}`, "-c", `user.email=${email}`];
    run([...identity, "commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "--file=-"], message);
    return run(["rev-parse", "HEAD"]);
  };
  const fastImport = (stream: string) => void run(["fast-import", "--quiet"], stream);
  return { directory, git: (...args) => run(args), commit, fastImport };
}

export type Ran = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

/** Runs `countersign …` as a process of its own. */
export function countersign(
  directory: string,
  args: readonly string[],
  options: { readonly input?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: directory,
    env: options.env ?? environment,
    input: options.input ?? "",
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status, stdout, stderr };
}
