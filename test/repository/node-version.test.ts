import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { minimumNode, requireNode } from "../../src/node-version.ts";
import { packageJson, repositoryFiles, root } from "./files.ts";
import { oldNode, pretendNode } from "./old-node.ts";

const launcher = ["-r", "./scripts/require-node.cjs", "-e", "process.stdout.write('started')"];

function launch(node: string, pretend = pretendNode(process.versions.node)) {
  const { status, stdout, stderr } = spawnSync(node, [...pretend.options, ...launcher], {
    cwd: root,
    env: pretend.env,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

describe("the running Node", () => {
  it("is the one that npm ci installed, or where there is none for this platform, new enough", () => {
    const bundled =
      packageJson.optionalDependencies[`node-${process.platform.replace("32", "")}-${process.arch}`];
    expect(bundled ?? process.versions.node).toBe(process.versions.node);
    expect(requireNode(process.versions.node)).toBeNull();
  });

  it("is bundled in one exact version for every platform", () => {
    expect([...new Set(Object.values(packageJson.optionalDependencies))]).toEqual(["24.21.0"]);
  });

  it("has one minimum: package.json says the same as the code", () => {
    expect(`${packageJson.engines.node}.0`).toBe(`>=${minimumNode}`);
  });
});

describe("requireNode", () => {
  it.each(["22.18.0", "22.18.1", "22.19.0", "24.0.0", "24.21.0", "100.0.0", "24.0.0-nightly2026"])(
    "accepts %s",
    (version) => {
      expect(requireNode(version)).toBeNull();
    },
  );

  it.each(["20.20.2", "22.17.9", "22.2.0", "21.99.0", "9.18.0"])(
    "says what to do under %s, in one line",
    (version) => {
      expect(requireNode(version)).toBe(
        `Countersign needs Node 22.18.0 or newer, this is ${version}. ` +
          "Start it with npm (npm start) or npx, which use the Node installed beside it, or install Node 24.",
      );
    },
  );
});

describe("the launcher of npm's scripts", () => {
  it("lets the running Node start", () => {
    expect(launch(process.execPath)).toEqual({ status: 0, stdout: "started", stderr: "" });
  });

  it.each(["20.20.2", "22.17.9", "24.0.0", "22.18.0"])("judges %s as requireNode does", (version) => {
    const problem = requireNode(version);
    expect(launch(process.execPath, pretendNode(version))).toEqual(
      problem === null
        ? { status: 0, stdout: "started", stderr: "" }
        : { status: 2, stdout: "", stderr: `${problem}\n` },
    );
  });

  it(`says the line under a real older Node${oldNode === null ? ": none is on PATH, only the pretended one was tested" : ""}`, () => {
    if (oldNode === null) {
      expect(oldNode).toBeNull();
      return;
    }
    expect(launch(oldNode?.path ?? "", { options: [], env: process.env })).toEqual({
      status: 2,
      stdout: "",
      stderr: `${requireNode(oldNode?.version ?? "")}\n`,
    });
  });

  it("stands before every TypeScript file that a script runs", () => {
    const bare = Object.entries(packageJson.scripts).filter(
      ([, command]) =>
        // vitest checks the version in its set-up.
        !command.startsWith("vitest ") &&
        /\.ts\b/.test(command) &&
        !command.startsWith("node -r ./scripts/require-node.cjs "),
    );
    expect(bare).toEqual([]);
    expect(repositoryFiles).toContain("scripts/require-node.cjs");
  });
});
