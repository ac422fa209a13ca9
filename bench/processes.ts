/** Servers as processes of their own, as an operator runs them, and what they use. Reads /proc, so for Linux. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { environmentFor } from "../demo/server-process.ts";
import type { Acme } from "../demo/acme.ts";
import { health } from "../test/end-to-end/company.ts";
import { until } from "../test/end-to-end/until.ts";
import type { FakeGitHub } from "../test/fake-github/server.ts";

export type Started = {
  readonly url: string;
  /** Processor time so far, ms; resident memory now and at its most, MB. */
  readonly used: () => { readonly cpuMs: number; readonly memoryMb: number; readonly mostMemoryMb: number };
  /** Ends it with SIGTERM. @throws when it does not end well. */
  readonly stop: () => Promise<void>;
};

const startsWithinMs = 30_000;
const worksOffWithinMs = 300_000;
const askEveryMs = 250;
/** Of /proc/PID/stat, on every Linux there is. */
const msPerTick = 10;

/** What this process leaves neither running nor lying about, however it ends. */
const children = new Set<ChildProcess>();
const folders: string[] = [];
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/** A folder that is gone when this process ends. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "countersign-bench-"));
  folders.push(folder);
  return folder;
}

/** Starts Countersign's server on a new port, with a store of its own unless `env` names another. */
export async function startCountersign(
  acme: Acme,
  githubUrl: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Started> {
  const dataDir = freshFolder();
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  return startProcess(main, { ...environmentFor(acme, githubUrl, { dataDir, port: 0 }), ...env });
}

let port = 20_000 + (process.pid % 20_000);

/** Starts a server that answers `/ping`; whatever happens to this process, it does not outlive it. */
export async function startProcess(script: string, env: NodeJS.ProcessEnv): Promise<Started> {
  port += 1;
  const url = `http://127.0.0.1:${port}`;
  const folder = env["DATA_DIR"] ?? freshFolder();
  const logFile = join(folder, `log-${port}`);
  const log = openSync(logFile, "a");
  const child = spawn(process.execPath, [...profiling(), script], {
    env: { ...env, PORT: String(port) },
    stdio: ["ignore", log, log],
    cwd: folder,
  });
  closeSync(log);
  children.add(child);
  const complain = (what: string) => new Error(`${what}: ${readFileSync(logFile, "utf8").slice(-2000)}`);
  await until(
    `${script} to listen`,
    async () => {
      if (child.exitCode !== null) throw complain(`${script} ended with ${child.exitCode}`);
      return fetch(`${url}/ping`).then(
        ({ ok }) => ok,
        () => false,
      );
    },
    startsWithinMs,
  );
  return {
    url,
    used: () => usedBy(child),
    stop: async () => {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
      children.delete(child);
      if (child.exitCode !== 0 && child.signalCode !== "SIGTERM") throw complain(`${script} ended badly`);
    },
  };
}

/** `COUNTERSIGN_PROFILE=folder npm run bench -- NAME` leaves a profile of every server there. */
function profiling(): string[] {
  const folder = process.env["COUNTERSIGN_PROFILE"];
  return folder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}`];
}

function usedBy({ pid }: ChildProcess) {
  // The command's name, in parentheses, may hold spaces; the fields of proc(5) count from after it.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const ticks = Number(fields[11]) + Number(fields[12]);
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const megabytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`, "u").exec(status)?.[1]) / 1024;
  return { cpuMs: ticks * msPerTick, memoryMb: megabytes("VmRSS"), mostMemoryMb: megabytes("VmHWM") };
}

/** Waits until nothing waits for a look. Asks rarely: an answer takes a transaction. */
export async function workedOff({ url }: Started): Promise<void> {
  const deadline = Date.now() + worksOffWithinMs;
  while ((await health(url)).backlog !== 0) {
    if (Date.now() > deadline) throw new Error("The looks do not come to an end.");
    await pause(askEveryMs);
  }
}

/** Long enough for a server that has more to ask at its start. */
const silentMs = 2_000;

/** Waits until GitHub is asked nothing more: at its start a server sweeps, and examines every repository. */
export async function silence({ requests }: Pick<FakeGitHub, "requests">): Promise<void> {
  for (let seen = -1; seen < requests.length; ) {
    seen = requests.length;
    await pause(silentMs);
  }
}
