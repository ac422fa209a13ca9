import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Acme } from "./acme.ts";

export type ServerProcess = { readonly url: string; readonly log: readonly string[]; stop(): Promise<void> };

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const startsWithinMs = 20_000;

/** The environment of a server that works with the fake GitHub, as `.env` would give it. */
export function environmentFor(
  acme: Acme,
  githubUrl: string,
  more: { dataDir: string; port: number },
): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    APP_ID: String(acme.appId),
    PRIVATE_KEY: acme.privateKey,
    WEBHOOK_SECRET: acme.webhookSecret,
    GHE_HOST: new URL(githubUrl).host,
    GHE_PROTOCOL: "http",
    HOST: "127.0.0.1",
    PORT: String(more.port),
    ...(more.port !== 0 && { PUBLIC_URL: `http://127.0.0.1:${more.port}` }),
    DATA_DIR: more.dataDir,
  };
}

/** Starts the real server as its own process, as `npm start` does, and returns once it listens. */
export async function startServerProcess(env: NodeJS.ProcessEnv): Promise<ServerProcess> {
  const child = spawn(process.execPath, [main], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
    cwd: env["DATA_DIR"],
  });
  const log: string[] = [];
  const url = await listening(child, log);
  return {
    url,
    log,
    async stop() {
      if (child.exitCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

async function listening(child: ChildProcess, log: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const give = (why: string) => {
      child.kill("SIGTERM");
      reject(new Error(`The server did not start: ${why}\n${log.join("")}`));
    };
    const late = setTimeout(() => give(`it took more than ${startsWithinMs / 1000} s`), startsWithinMs);
    const read = (chunk: Buffer) => {
      log.push(chunk.toString());
      const url = /"url":"([^"]+)".*Countersign listens/u.exec(log.join(""))?.[1];
      if (url === undefined) return;
      clearTimeout(late);
      resolve(url);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code) => {
      clearTimeout(late);
      give(`it ended with ${code}`);
    });
  });
}
