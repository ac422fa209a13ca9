import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startFakeGitHub } from "../test/fake-github/server.ts";
import { furnish, incidentsRoster, policyFile, rosterFile } from "./acme.ts";
import { freePort } from "./free-port.ts";
import { incidentsPolicy, playIncidents } from "./incidents.ts";
import { environmentFor, startServerProcess } from "./server-process.ts";
import { play } from "./story.ts";

const help = `npm run demo -- [incidents] [--stay] [--readme]

Plays Countersign's story in the terminal: the real server against a fake GitHub on
this machine, everything over HTTP. Ends with 0 only if every step came out as told.

  incidents  what has happened to others, and where each is stopped
  --stay     leave both running afterwards, until Ctrl-C
  --readme   write the check run of the first step into README.md
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: "boolean", short: "h" }, stay: { type: "boolean" }, readme: { type: "boolean" } },
});
const [story = "", ...others] = positionals;
if (values.help === true) process.stdout.write(help);
else if (others.length > 0 || !["", "incidents"].includes(story)) {
  process.stderr.write(`There is no story ${positionals.join(" ")}.\n\n${help}`);
  process.exitCode = 2;
} else process.exitCode = await run();

async function run(): Promise<number> {
  const say = (text: string) => void process.stdout.write(`${text}\n`);
  const dataDir = mkdtempSync(join(tmpdir(), "countersign-demo-"));
  const github = await startFakeGitHub();
  const secret = randomBytes(32).toString("hex");
  const rules = { [rosterFile]: incidentsRoster, [policyFile]: incidentsPolicy };
  const acme = story === "incidents" ? furnish(github, secret, rules) : furnish(github, secret);
  const environment = environmentFor(acme, github.url, { dataDir, port: await freePort() });
  const server = await startServerProcess(environment);
  try {
    github.setWebhookUrl(`${server.url}/api/github/webhooks`);
    github.installApp("acme", { repositories: "all" });
    if (story === "incidents") {
      github.guardEnvironment("acme/shop", "production");
      await playIncidents(github, { say });
    } else {
      const shown = await play(github, { say });
      if (values.readme === true) writeReadme(shown);
    }
    if (github.refused.length > 0)
      throw new Error(
        `GitHub refused calls:\n${github.refused.map((call) => JSON.stringify(call)).join("\n")}`,
      );
    say("\nEvery step came out as told.");
    if (values.stay === true) await stay(say, { github: github.url, server: server.url });
    return 0;
  } catch (error) {
    process.stderr.write(
      `\nThe story did not come out as told. ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.stderr.write(
      `The end of the server's log:\n${server.log.join("").split("\n").slice(-12).join("\n")}\n`,
    );
    return 1;
  } finally {
    await server.stop();
    await github.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function stay(say: (text: string) => void, urls: { github: string; server: string }): Promise<void> {
  say(
    `\nOpen ${urls.server}/acme/shop/pull/1 in a browser: the page that the check leads to.\nStill running: Countersign at ${urls.server}/health, the fake GitHub at ${urls.github}/api/v3. Ctrl-C ends both.`,
  );
  await new Promise<void>((resolve) => process.once("SIGINT", () => resolve()));
}

function writeReadme(shown: string): void {
  const file = fileURLToPath(new URL("../README.md", import.meta.url));
  const block = /(<!-- demo:check-run -->\n)[\s\S]*?(\n<!-- \/demo:check-run -->)/u;
  const text = readFileSync(file, "utf8");
  if (!block.test(text)) throw new Error("README.md has no <!-- demo:check-run --> block.");
  writeFileSync(
    file,
    text.replace(block, (_all, start: string, end: string) => `${start}\`\`\`text\n${shown}\n\`\`\`${end}`),
  );
}
