import { statSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { packageJson, read, root } from "./files.ts";

/** The commands of a shell script that `.ci/run` announces and runs, in their order. */
function steps(script: string): readonly string[] {
  return [...script.matchAll(/^step (.+)$/gm)].map(({ 1: command = "" }) => command);
}

it("runs in CI what the README tells people, and every part of npm run check", () => {
  const run = steps(read(".ci/run"));
  const parts = (packageJson.scripts["check"] ?? "").split(" && ");
  const wanted = ["npm ci", "npm run demo", ...parts];
  const lost = wanted.filter(
    (part) => !run.some((command) => command === part || command.startsWith(`${part} -- `)),
  );
  expect(lost).toEqual([]);
});

it("runs the same script in the workflow as by hand", () => {
  expect(JSON.stringify(parse(read(".github/workflows/ci.yml")))).toContain('"run":".ci/run"');
  expect(statSync(`${root}.ci/run`).mode & 0o111).toBe(0o111);
});

it.each([".github/dependabot.yml", ".github/ISSUE_TEMPLATE/bug.yml", ".github/ISSUE_TEMPLATE/feature.yml"])(
  "%s is YAML",
  (path) => {
    expect(parse(read(path))).toBeTypeOf("object");
  },
);
