import { requireNode } from "./node-version.ts";

/** Starts the server, and stops it on SIGTERM or SIGINT. What it needs is loaded only after the Node version was checked. */
async function main(): Promise<void> {
  const wrongNode = requireNode(process.versions.node);
  if (wrongNode !== null) fail([wrongNode]);
  const { readFileSync } = await import("node:fs");
  const { loadEnvFile, readEnvironment } = await import("./config/environment.ts");
  loadEnvFile(".env");
  const environment = readEnvironment(process.env, (path) => readFileSync(path, "utf8"));
  if (environment.kind === "broken") fail(environment.problems);
  const { start } = await import("./start.ts");
  const running = await start(environment.value, { write: (line) => void process.stdout.write(line) });
  const stop = (signal: string) => {
    // A second signal, or a look that hangs past the promise of 25 s, ends the process; its work is claimed again.
    setTimeout(() => process.exit(1), stopWithinMs).unref();
    void running.stop(signal).then(
      () => process.exit(0),
      (error: unknown) => fail([`Stopping failed: ${String(error)}`]),
    );
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

const stopWithinMs = 25_000;

function fail(problems: readonly string[]): never {
  for (const problem of problems) process.stderr.write(`countersign: ${problem}\n`);
  process.exit(2);
}

await main().catch((error: unknown) => fail([error instanceof Error ? error.message : String(error)]));
