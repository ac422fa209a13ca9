import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requireNode } from "../../src/node-version.ts";
import { packageJson, root } from "./files.ts";
import { oldNode, pretendNode } from "./old-node.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-package-"));
const installed = join(folder, "node_modules", "countersign");
const bin = join(installed, packageJson.bin["countersign"] ?? "no bin");

/** Runs the command line of the installed package in an empty folder and returns all of what it says. */
function run(node: string, options: readonly string[], env: NodeJS.ProcessEnv, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(node, [...options, bin, ...args], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

// npm pack compiles the sources first. The tarball is unpacked below a node_modules folder, where Node strips no types, and
// borrows the repository's dependencies: an install from the registry needs the network, .ci/run does that one.
beforeAll(() => {
  const options = ["--loglevel=error", "--offline", "--no-update-notifier", "--pack-destination", folder];
  const pack = spawnSync("npm", ["pack", ...options], { cwd: root, encoding: "utf8" });
  if (pack.status !== 0) throw new Error(`npm pack failed:\n${pack.stdout}${pack.stderr}`);
  mkdirSync(installed, { recursive: true });
  const tarball = join(folder, `${packageJson.name}-${packageJson.version}.tgz`);
  execFileSync("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
  symlinkSync(join(root, "node_modules"), join(installed, "node_modules"));
}, 120_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("the packed tarball", () => {
  it("holds the compiled code, the manifest, the example environment and nothing else", () => {
    const files = readdirSync(installed).filter((name) => name !== "node_modules");
    expect(files.toSorted()).toEqual([
      ".env.example",
      "LICENSE",
      "README.md",
      "app.yml",
      "dist",
      "package.json",
      "schemas",
    ]);
  });

  it("holds no TypeScript, which Node would refuse to run there", () => {
    const names = readdirSync(join(installed, "dist"), { recursive: true, encoding: "utf8" });
    expect(names.filter((name) => /\.[cm]?tsx?$/.test(name))).toEqual([]);
  });

  it("runs its command line", () => {
    const result = run(process.execPath, [], process.env, "--help");
    expect({ ...result, stdout: result.stdout.includes("countersign") }).toEqual({
      status: 0,
      stdout: true,
      stderr: "",
    });
  });

  it("runs by its name: the file is executable and finds Node on PATH", () => {
    const PATH = `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`;
    const result = spawnSync(bin, ["--help"], {
      cwd: folder,
      env: { ...process.env, PATH },
      encoding: "utf8",
    });
    expect({ status: result.status, stderr: result.stderr }).toEqual({ status: 0, stderr: "" });
  });

  it("says one line under an older Node, before anything native is loaded", () => {
    const { options, env } = pretendNode("20.20.2");
    expect(run(process.execPath, options, env, "--help")).toEqual({
      status: 2,
      stdout: "",
      stderr: `countersign: ${requireNode("20.20.2")}\n`,
    });
  });

  it(`says that line under a real older Node${oldNode === null ? ": none is on PATH, only the pretended one was tested" : ""}`, () => {
    if (oldNode === null) {
      expect(oldNode).toBeNull();
      return;
    }
    expect(run(oldNode?.path ?? "", [], process.env, "--help")).toEqual({
      status: 2,
      stdout: "",
      stderr: `countersign: ${requireNode(oldNode?.version ?? "")}\n`,
    });
  });
});
