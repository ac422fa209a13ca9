/**
 * Does in an empty folder what our Dockerfile does in an image, for machines without an engine for images: each stage is a folder, COPY
 * copies, RUN runs with the stage's paths, then CMD starts the server and HEALTHCHECK asks it. `node scripts/run-dockerfile.ts FOLDER`
 * wants Node 24 and the npm registry. The base image, USER and EXPOSE are not played.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { environmentOf, readDockerfile, type Stage, textsOf } from "./dockerfile.ts";

const context = fileURLToPath(new URL("../", import.meta.url));
/** Seconds the server may take to answer, and to stop. */
const patienceS = 30;

/** Plays one stage in `root`. `stages` are the folders of those before it. */
function build(stage: Stage, root: string, stages: ReadonlyMap<string, string>): string {
  let workdir = root;
  for (const { name, text } of stage.instructions) {
    if (name === "WORKDIR") workdir = join(root, text);
    if (name === "WORKDIR") mkdirSync(workdir, { recursive: true });
    if (name === "COPY") copy(text, workdir, stages);
    if (name === "RUN") {
      // Of the folders of an image only ours are named in a RUN; who is not root can give nothing away.
      const command = text.replaceAll(/(?<=\s)\/(?=var|opt)/g, `${root}/`);
      const isRoot = process.getuid?.() === 0;
      // What npm has in its cache need not be fetched again.
      const env = { ...process.env, npm_config_prefer_offline: "true" };
      const args = ["-euc", isRoot ? command : `chown() { :; }; ${command}`];
      execFileSync("bash", args, { cwd: workdir, env, stdio: "inherit" });
    }
  }
  return workdir;
}

function copy(text: string, workdir: string, stages: ReadonlyMap<string, string>): void {
  const words = text.split(/\s+/);
  const stage = /^--from=(.+)$/.exec(words[0] ?? "")?.[1];
  const sources = words.slice(stage === undefined ? 0 : 1, -1);
  const target = join(workdir, words.at(-1) ?? "");
  for (const source of sources) {
    const from = stage === undefined ? join(context, source) : join(stages.get(stage) ?? "", source);
    const intoFolder = sources.length > 1 || (words.at(-1) ?? "").endsWith("/");
    cpSync(from, intoFolder ? join(target, source) : target, { recursive: true });
  }
}

/** Every file with its size and when it was written. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((path) => [path, statSync(join(folder, path), { throwIfNoEntry: false })] as const)
    .map(([path, stat]) => `${path} ${stat?.size} ${stat?.mtimeMs}`);
}

/** The words of an instruction that is written as a JSON list. */
function wordsOf(list = "[]"): string[] {
  return z.array(z.string()).parse(JSON.parse(list));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Starts the server as CMD says, asks it as HEALTHCHECK says, and stops it. @throws when anything is not as it should be. */
async function run(stage: Stage, root: string, workdir: string): Promise<void> {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const own = environmentOf(stage);
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
    ...own,
    DATA_DIR: join(root, own["DATA_DIR"] ?? ""),
    HOST: "127.0.0.1",
    PORT: String(await freePort()),
    APP_ID: "1",
    WEBHOOK_SECRET: "a secret of this run alone",
    PRIVATE_KEY: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    GHE_HOST: "127.0.0.1:9",
    GHE_PROTOCOL: "http",
  };
  const before = filesOf(workdir);
  const [command = "", ...args] = wordsOf(textsOf(stage, "CMD")[0]);
  const server = spawn(command, args, { cwd: workdir, env, stdio: ["ignore", "inherit", "inherit"] });
  const exited = once(server, "exit");
  try {
    const [program = "", ...rest] = wordsOf(
      /CMD (\[.*\])$/.exec(textsOf(stage, "HEALTHCHECK")[0] ?? "")?.[1],
    );
    let healthy = false;
    for (let second = 0; second < patienceS && !healthy; second++) {
      healthy = spawnSync(program, rest, { env }).status === 0;
      if (!healthy) await sleep(1_000);
    }
    if (!healthy) throw new Error("HEALTHCHECK found no healthy server.");
  } finally {
    server.kill("SIGTERM");
  }
  await exited;
  if (server.exitCode !== 0) throw new Error(`The server ended with ${server.exitCode}.`);
  const changed = filesOf(workdir).filter((file) => !before.includes(file));
  if (changed.length > 0) throw new Error(`The server wrote into its own folder:\n${changed.join("\n")}`);
}

if (import.meta.main) {
  const folder = process.argv[2];
  if (folder === undefined)
    throw new Error("expected an empty folder: node scripts/run-dockerfile.ts FOLDER");
  mkdirSync(folder, { recursive: true });
  const stages = readDockerfile(readFileSync(join(context, "Dockerfile"), "utf8"));
  const roots = new Map<string, string>();
  let workdir = folder;
  for (const stage of stages) {
    const root = mkdtempSync(join(folder, "stage-"));
    workdir = build(stage, root, roots);
    roots.set(stage.name, root);
  }
  await run(stages.at(-1) ?? { name: "", from: "", instructions: [] }, roots.get("") ?? folder, workdir);
  console.log(
    "What the Dockerfile does was done; the server answered HEALTHCHECK, stopped, and wrote nothing but its data.",
  );
}
