import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { containing } from "../end-to-end/containing.ts";
import { packageJson, root } from "../repository/files.ts";

/** Runs `npm run countersign -- …`'s command. */
function countersign(...args: readonly string[]) {
  const [, ...command] = packageJson.scripts["countersign"]?.split(" ") ?? [];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command, ...args], {
    cwd: root,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

it("shows its help, with every command it has", () => {
  const { status, stdout, stderr } = countersign("--help");

  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^countersign COMMAND\n[^]*\n {2}validate FILE\.\.\. /u);
  expect(countersign("help")).toEqual({ status, stdout, stderr });
  expect(countersign()).toEqual({ status: 2, stdout, stderr });
});

it("says its version", () => {
  expect(countersign("--version")).toEqual({ status: 0, stdout: `${packageJson.version}\n`, stderr: "" });
});

it.each(["constructor", "vali\ndate", "--nonsense"])(
  "refuses the command %j in one line that says what to do",
  (command) => {
    expect(countersign(command)).toEqual({
      status: 2,
      stdout: "",
      stderr: `countersign: there is no command ${JSON.stringify(command)}. Run "countersign --help" for those there are.\n`,
    });
  },
);

it("validates files that are there and names those that are not", () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "roster.yml");
  writeFileSync(file, "people:\n  ada: senior\n");

  expect(countersign("validate", file)).toMatchObject({
    status: 0,
    stdout: containing(`${file}: ok (roster, 1 person`),
    stderr: "",
  });
  const missing = countersign("validate", join(folder, "policy.yml"));
  expect(missing.status).toBe(2);
  expect(missing.stdout + missing.stderr).toContain("policy.yml");
  expect(missing.stdout + missing.stderr).not.toContain("    at ");
});
