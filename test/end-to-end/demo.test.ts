import { readdirSync } from "node:fs";
import { beforeAll, expect, it, onTestFinished, vi } from "vitest";
import { timeless } from "../../demo/check-run.ts";
import { read } from "../repository/files.ts";
import { freshFolder } from "../store/fresh-store.ts";
import { until } from "./until.ts";
import { demo, type Played, startDemo } from "./demo-run.ts";

/** The check run that the first step shows. */
function firstCheckRun(stdout: string): string {
  const lines = stdout.split("\n");
  const start = lines.findIndex((line) => line.startsWith("│"));
  const length = lines.slice(start).findIndex((line) => !line.startsWith("│"));
  return lines.slice(start, start + length).join("\n");
}

// Whole processes are started here; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let played: Played;
beforeAll(async () => {
  played = await demo();
});

it("plays the whole story, every step as told, and ends with 0", () => {
  expect({ code: played.code, stderr: played.stderr }).toEqual({ code: 0, stderr: "" });
  const told = played.stdout.split("\n").filter((line) => /^│ [!✓✗◻] |GitHub: |^Every/u.test(line));
  expect(told).toMatchInlineSnapshot(`
    [
      "│ ! Countersign — Waiting for 1 approval by senior or above: grace or ada can  [action_required]",
      "   She presses Merge all the same. GitHub: Repository rule violations found Required status check "Countersign" is failing.",
      "│ ! Countersign — Waiting for 1 approval by senior or above: grace or ada can  [action_required]",
      "│ ✓ Countersign — Countersigned by grace (senior)  [success]",
      "│ ! Countersign — Waiting for 1 approval by senior or above: grace or ada can  [action_required]",
      "│ ✓ Countersign — Countersigned by grace (senior)  [success]",
      "│ ! Countersign — Waiting for 1 approval by senior or above: ada can  [action_required]",
      "│ ✓ Countersign — Countersigned by ada (principal)  [success]",
      "   GitHub: Pull Request successfully merged",
      "Every step came out as told.",
    ]
  `);
});

it("shows the check run that stands in the README", () => {
  const shown = firstCheckRun(played.stdout);
  const sha = /\/commits\/([0-9a-f]{40})\b/u.exec(shown)?.[1] ?? "";
  const block = /<!-- demo:check-run -->\n([^]*?)\n<!-- \/demo:check-run -->/u.exec(read("README.md"))?.[1];

  expect(sha).not.toBe("");
  // When this fails because the words changed: npm run demo -- --readme
  expect(block).toBe(`\`\`\`text\n${timeless(shown, sha)}\n\`\`\``);
});

it("with --stay says where both answer, and ends on Ctrl-C with nothing left", async () => {
  const folder = freshFolder();
  const { stdout, stderr, ended, interrupt, kill } = startDemo({ args: ["--stay"], folder });
  onTestFinished(kill);
  let said = "";
  for (const stream of [stdout, stderr]) stream.on("data", (chunk) => (said += String(chunk)));
  const stays =
    /Open (\S+) in a browser.*Countersign at (\S+), the fake GitHub at (\S+)\. Ctrl-C ends both\.\n/su;
  const [, page = "", health = "", api = ""] = await Promise.race([
    until("the story to end", () => stays.exec(said), 50_000),
    ended.then(() => [said]),
  ]);

  const shown = await fetch(page);
  expect(await shown.text()).toContain("Cache the cart total");
  // GitHub's API answers nobody without a token.
  const others = [(await fetch(health)).status, (await fetch(`${api}/meta`)).status];
  expect([shown.status, ...others]).toEqual([200, 200, 401]);
  interrupt();
  expect(await ended).toEqual({ code: 0 });
  for (const gone of [page, api]) await expect(fetch(gone)).rejects.toThrow("fetch failed");
  expect(readdirSync(folder)).toEqual([]);
});

it("ends with 1, and shows why, when the deliveries are signed with another secret", async () => {
  // The clock of the story runs ten times as fast, so that it gives up after one second instead of ten.
  const { code, stdout, stderr } = await demo({
    sabotage: `
    const real = globalThis.fetch;
    globalThis.fetch = (url, options) => {
      const headers = new Headers(options?.headers);
      if (headers.has("x-hub-signature-256")) headers.set("x-hub-signature-256", "sha256=" + "0".repeat(64));
      return real(url, { ...options, headers });
    };
    const now = Date.now, start = now();
    Date.now = () => start + (now() - start) * 10;
  `,
  });

  // The sweep at the start may have found the pull request, but nobody told of what came after.
  expect(code).toBe(1);
  expect(stderr).toContain("Refused a delivery: its signature is wrong or missing");
  expect(stdout).not.toContain("Every step came out as told.");
});
