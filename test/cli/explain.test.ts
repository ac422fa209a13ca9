import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { furnish } from "../../demo/acme.ts";
import { explain as explainCommand } from "../../src/cli/explain.ts";
import { render } from "../../src/gate/render.ts";
import type { Verdict } from "../../src/gate/verdict.ts";
import { evidenceObservation, rememberObservations } from "../../src/store/observations.ts";
import { issueUserToken } from "../fake-github/auth.ts";
import { type FakeGitHub, startFakeGitHub } from "../fake-github/server.ts";
import { accountNamed } from "../fake-github/setup.ts";
import { freshFolder, freshStore } from "../store/fresh-store.ts";
import { environment, type Ran } from "./git-repository.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const shop = { owner: "acme", repo: "shop" };
const claude = "Co-Authored-By: Claude <noreply@anthropic.com>";
const noMemory =
  "No database in ./data: what a server remembers of this pull request is not known here; DATA_DIR names its folder.\n";

/** acme and its shop; juno's pull request #1 is open, AI-assisted unless the message says otherwise. */
async function openAcme({ message = `Cache the total\n\n${claude}\n`, base = "main" } = {}) {
  const github = await startFakeGitHub();
  onTestFinished(async () => {
    await github.close();
    if (github.refused.length > 0) throw new Error(`GitHub would refuse:\n${github.refused.join("\n")}`);
  });
  furnish(github, "a webhook secret of some length");
  const head = github.push("acme/shop", {
    branch: "topic",
    pusher: "juno",
    files: { "src/cart.ts": "export const total = 1;\n" },
    message,
  });
  if (base !== "main") github.push("acme/shop", { branch: base, pusher: "ada", files: {}, message: "Begin" });
  await github.as("juno").rest.pulls.create({ ...shop, title: "Cache the total", head: "topic", base });
  return { github, head };
}

/** The command's environment: grace's token for the fake GitHub. */
function environmentOf(github: FakeGitHub): NodeJS.ProcessEnv {
  return {
    ...withoutTokens,
    GITHUB_TOKEN: issueUserToken(github.world, accountNamed(github.world, "grace")),
    GHE_HOST: new URL(github.url).host,
    GHE_PROTOCOL: "http",
  };
}

const about = /^(GITHUB_TOKEN|GH_TOKEN|GHE_HOST|GHE_PROTOCOL|CONFIG_REPO|DATA_DIR)$/;
const withoutTokens = Object.fromEntries(Object.entries(environment).filter(([name]) => !about.test(name)));

/** Runs `countersign explain …` as a process of its own, in an empty folder, while the fake GitHub answers. */
async function explain(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const command = [main, "explain", ...args];
    const child = execFile(process.execPath, command, { cwd: freshFolder(), env }, (_, stdout, stderr) => {
      resolve({ status: child.exitCode, stdout, stderr });
    });
  });
}

/** Runs it in this process, with a data folder in which nothing is; what needs a process of its own is tested with one. */
async function explainHere(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Ran> {
  const out = { stdout: "", stderr: "" };
  const status = await explainCommand(args, {
    environment: { ...env, DATA_DIR: freshFolder() },
    now: () => Date.now(),
    stdout: (text) => void (out.stdout += text),
    stderr: (text) => void (out.stderr += text),
    colour: false,
  });
  return { status, ...out };
}

/** What is said, without how it is set: cells, headings and code spans in Markdown, columns on a terminal. */
const words = (text: string): string =>
  text
    .replaceAll(/[`\\\u2060]|\.$/gmu, "")
    .replaceAll(/[|#]/gu, " ")
    .split(/\s+/u)
    .filter((word) => !/^(-{3})?$/u.test(word))
    .join(" ");

const verdictSchema = z.custom<Verdict>((value) => typeof value === "object" && value !== null);
const parsed = (json: string): Verdict => verdictSchema.parse(JSON.parse(json));

describe("countersign explain", () => {
  test("says what a blocked pull request waits for, asks GitHub only to read, and exits with 1", async () => {
    const { github, head } = await openAcme();
    const before = github.requests.length;
    const short = head.slice(0, 7);
    const { status, stdout, stderr } = await explain(environmentOf(github), "acme/shop#1");
    expect({ status, stderr, begins: stdout.split("\n").slice(0, 4) }).toEqual({
      status: 1,
      stderr: noMemory,
      begins: [
        "Waiting for 1 approval by senior or above: grace or ada can",
        "",
        `  ${github.url}/acme/shop/pull/1 at ${short} into main`,
        "",
      ],
    });
    expect(stdout).toContain(`\nTo countersign, approve ${short} in a review on GitHub.`);
    expect(stdout).toContain(`\n  claude-code  ${claude}  trailer of ${short}\n`);
    expect(stdout).not.toMatch(/Countersigned by|[`*|]/);
    const asked = github.requests.slice(before).map(({ method, path, as }) => `${as}: ${method} ${path}`);
    expect(new Set(asked)).toEqual(new Set(["grace: POST /graphql"]));
  });

  test("says in the words of the check run who countersigned and who could not, and exits with 0", async () => {
    const { github } = await openAcme();
    for (const login of ["milo", "grace"])
      await github.as(login).rest.pulls.createReview({ ...shop, pull_number: 1, event: "APPROVE" });
    const env = environmentOf(github);
    const { status, stdout } = await explainHere(env, "acme/shop#1");
    const { stdout: json } = await explainHere(env, "acme/shop#1", "--json");
    const summary = render(parsed(json)).summary.replaceAll(/\[([^\]]+)\]\([^)]+\)/gu, "$1");
    const said = stdout.split("\n").toSpliced(1, 2).join("\n");
    expect([status, words(said)]).toEqual([0, words(summary)]);
    expect(words(said)).toContain("milo approval is mid;");
  });

  test("with --json prints the verdict and nothing else", async () => {
    const { github, head } = await openAcme();
    const { status, stdout } = await explainHere(environmentOf(github), "acme/shop#1", "--json");
    const verdict: unknown = JSON.parse(stdout);
    expect({ status, verdict }).toMatchObject({
      status: 1,
      verdict: {
        outcome: {
          kind: "waiting",
          needs: [{ approvals: 1, level: "senior", candidates: ["grace", "ada"] }],
        },
        number: 1,
        headSha: head,
        evidence: [{ tool: "claude-code", quote: claude, remembered: false }],
      },
    });
  });

  test("passes a change without signs of AI assistance", async () => {
    const { github } = await openAcme({ message: "Cache the total" });
    const { status, stdout } = await explainHere(environmentOf(github), "Acme/Shop#1");
    expect([status, stdout.split("\n")[0]]).toEqual([
      0,
      "No countersignature needed: no sign of AI assistance",
    ]);
  });

  test("has nothing to judge where the base is not gated", async () => {
    const { github } = await openAcme({ base: "drafts" });
    const env = environmentOf(github);
    const text = "acme/shop#1 goes into drafts, which is not gated: nothing to judge.\n";
    expect(await explain(env, "acme/shop#1")).toEqual({ status: 0, stdout: text, stderr: noMemory });
    expect(await explain(env, "acme/shop#1", "--json")).toEqual({
      status: 0,
      stdout: "null\n",
      stderr: noMemory,
    });
  });

  test("says when the token does not show the organisation's configuration repository", async () => {
    const { github } = await openAcme();
    const env = { ...environmentOf(github), CONFIG_REPO: "settings" };
    const { status, stdout, stderr } = await explain(env, "acme/shop#1");
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `${noMemory}acme/settings does not exist, or the token may not see it: a roster or policy in it is not known here.\n`,
    });
    expect(stdout).toContain("  ada: senior\n  grace: junior\n");
    expect(stdout).not.toContain("`");
  });

  test("shows its help with an example", async () => {
    const { status, stdout, stderr } = await explainHere(withoutTokens, "--help");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(
      /^countersign explain OWNER\/REPO#NUMBER[^]*\n {2}countersign explain acme\/shop#12\n/,
    );
  });
});

describe("beside a running server", () => {
  test("it counts what the server remembers, and changes no byte of the database", async () => {
    const { github } = await openAcme({ message: "Cache the total" });
    const { place, ...store } = await freshStore();
    const file = join(place.dataDir, "countersign.sqlite");
    const evidence = {
      tool: "claude-code",
      kind: "trailer",
      role: "wrote",
      confidence: "official",
      place: { kind: "commit", sha: "1".repeat(40) },
      quote: claude,
      remembered: false,
    } as const;
    await rememberObservations(store, [evidenceObservation("acme/shop", 1, evidence, 0)]);
    const bytes = () => [file, `${file}-wal`].map((path) => readFileSync(path).toString("base64"));
    const before = bytes();

    const env = { ...environmentOf(github), DATA_DIR: place.dataDir };
    const { status, stdout, stderr } = await explain(env, "acme/shop#1");

    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(stdout).toContain("trailer, seen on 1111111, no longer in the branch\n");
    expect(bytes()).toEqual(before);
  });
});

describe("what cannot be read exits with 2 and says what to do:", () => {
  /** What a command that prints nothing but one problem says. */
  async function problem(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await explainHere(env, ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    return stderr;
  }

  test.each([
    [[], "none"],
    [["acme/shop"], '"acme/shop"'],
    [["acme/shop#0"], '"acme/shop#0"'],
    [["acme/shop#1", "acme/shop#2"], '"acme/shop#1" "acme/shop#2"'],
  ])("the reference %j", async (args, got) => {
    expect(await problem(withoutTokens, ...args)).toBe(
      `countersign explain: expected one pull request such as acme/shop#12, got ${got}\nRun "countersign explain --help" for how it is used.\n`,
    );
  });

  test("an option there is not", async () => {
    expect(await problem(withoutTokens, "acme/shop#1", "--jsonl")).toMatch(
      /^countersign explain: Unknown option '--jsonl'.*\nRun "countersign explain --help" [^\n]*\n$/,
    );
  });

  const makeOne = (host: string) =>
    `set GITHUB_TOKEN to what \`gh auth token\` prints, or to a token with the scopes repo and read:org, made at ${host}/settings/tokens/new?scopes=repo,read:org\n`;

  test("no token", async () => {
    expect(await problem(withoutTokens, "acme/shop#1")).toBe(
      `countersign explain: GITHUB_TOKEN and GH_TOKEN are missing; ${makeOne("https://github.com")}`,
    );
  });

  test("a token that GitHub does not know", async () => {
    const { github } = await openAcme();
    const { GITHUB_TOKEN: _, ...env } = environmentOf(github);
    expect(await problem({ ...env, GH_TOKEN: "ghp_gone" }, "acme/shop#1")).toBe(
      `countersign explain: GitHub does not accept the token; ${makeOne(github.url)}`,
    );
  });

  test.each([
    ["that is not there", "acme/shop#2"],
    ["in a repository that is not there", "acme/shed#1"],
  ])("a pull request %s", async (_, reference) => {
    const { github } = await openAcme();
    expect(await problem(environmentOf(github), reference)).toBe(
      `countersign explain: ${reference} does not exist, or the token may not see it; correct it, or take a token that may read the repository (authorised for its organisation)\n`,
    );
  });

  test("a host that does not answer", async () => {
    const env = { ...withoutTokens, GITHUB_TOKEN: "ghp_any", GHE_HOST: "127.0.0.1:9", GHE_PROTOCOL: "http" };
    expect(await problem(env, "acme/shop#1")).toMatch(
      /^countersign explain: GitHub could not be reached: [^\n]+ \(http:\/\/127\.0\.0\.1:9\/api\/v3\)\n$/,
    );
  });

  test("a host that is none", async () => {
    expect(await problem({ ...withoutTokens, GITHUB_TOKEN: "x", GHE_HOST: "https://a" }, "acme/shop#1")).toBe(
      'countersign explain: GHE_HOST: expected a host name such as github.acme.com, without https://, got "https://a"\n',
    );
  });
});
