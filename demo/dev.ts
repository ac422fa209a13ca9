import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startFakeGitHub } from "../test/fake-github/server.ts";
import { furnish } from "./acme.ts";
import { environmentFor } from "./server-process.ts";

/**
 * `npm run dev`: the server against the fake GitHub, restarted whenever a file of src changes. GitHub, its pull requests
 * and the store outlive the restarts.
 */
const port = 3000;
const webhookSecret = "a secret for this machine only";
const github = await startFakeGitHub({ port: 3001 });
const acme = furnish(github, webhookSecret);
const dataDir = mkdtempSync(join(tmpdir(), "countersign-dev-"));
const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const env = { ...environmentFor(acme, github.url, { dataDir, port }), LOG_LEVEL: "debug" as const };
const server = spawn(process.execPath, ["--watch", "--watch-preserve-output", main], {
  env,
  stdio: "inherit",
  cwd: dataDir,
});

github.setWebhookUrl(`http://127.0.0.1:${port}/api/github/webhooks`);
github.installApp("acme", { repositories: "all" });
process.stdout.write(
  `The fake GitHub is at ${github.url}/api/v3 (people: ada, grace, milo, juno), Countersign at http://127.0.0.1:${port}/health.\n`,
);

const stop = () => {
  server.kill("SIGTERM");
  void github.close();
};
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
