import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { check } from "../../src/cli/check.ts";
import { environment, makeRepository, type Ran, type TestRepository } from "./git-repository.ts";

export const rosterPath = ".github/countersign/roster.yml";
export const policyPath = ".github/countersign/policy.yml";
export const claude = "Co-Authored-By: Claude <noreply@anthropic.com>";
export const grace = "Grace <grace@acme.dev>";
export const roster = `people:
  ada: { level: senior, id: 1815, emails: [ada@acme.dev] }
  alan: staff
  grace: { level: junior, emails: [grace@acme.dev] }
`;

export function write({ directory }: TestRepository, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

/** A repository whose main has these files, on a branch `fix` where Grace made one AI-assisted commit. */
export function makeChange(files: Readonly<Record<string, string>> = { [rosterPath]: roster }) {
  const repository = makeRepository();
  write(repository, { ...files, "src/login.ts": "one\n" });
  repository.commit("Start");
  repository.git("checkout", "--quiet", "-b", "fix");
  write(repository, { "src/login.ts": "one\ntwo\n" });
  const sha = repository.commit(`Fix the login\n\n${claude}\n`, grace);
  return { ...repository, sha };
}

/** Runs the command in this process; what needs a process of its own is tested with one. */
export async function run(directory: string, ...argv: string[]): Promise<Ran> {
  const out = { stdout: "", stderr: "" };
  const status = await check(argv, {
    directory,
    environment,
    now: () => Date.UTC(2026, 0, 5),
    stdout: (text) => void (out.stdout += text),
    stderr: (text) => void (out.stderr += text),
    colour: false,
  });
  return { status, ...out };
}
