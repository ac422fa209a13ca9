/**
 * How many commits a second `countersign detect --jsonl` gets through, as its own process, on one core: invented commits of
 * the usual forms, half of them with a sign of AI assistance; start-up of the process included. Usage: npm run bench -- detect-speed
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { report } from "./report.ts";

const commitsCount = 100_000;
const command = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const body =
  "\n\nThe cart asked for its total on every render. It is kept now,\nand forgotten when a line changes.\n";
const signs = [
  "\nCo-Authored-By: Claude <noreply@anthropic.com>\n",
  "\nSigned-off-by: Ada Byron <ada@acme.dev>\n",
  "",
  "\nMade-with: Cursor\n",
];

const lines = Array.from({ length: commitsCount }, (_, index) => {
  const person = { name: "Ada Byron", email: "ada@acme.dev" };
  const message = `Keep the total of cart ${index}${body}${signs[index % signs.length]}`;
  return JSON.stringify({
    sha: index.toString(16).padStart(40, "0"),
    message,
    author: person,
    committer: person,
  });
});
const input = `${lines.join("\n")}\n`;

const bytes = Math.round(input.length / commitsCount);
report({
  method: `${commitsCount} commits, on one core`,
  rows: [{ "bytes of each": bytes, "commits a second": await measure() }],
});

async function measure(): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, [command, "detect", "--jsonl"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let answered = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 10) answered++;
  });
  child.stdin.end(input);
  await once(child, "exit");
  if (answered !== commitsCount) throw new Error(`${answered} answers to ${commitsCount} commits`);
  return Math.round(commitsCount / ((performance.now() - started) / 1000));
}
