/**
 * What npm run model runs: random sequences against the specification, in as many processes as the machine has cores.
 * `COUNTERSIGN_SEQUENCES` says how many, `COUNTERSIGN_MERGES=1` that pull requests are merged, too; `COUNTERSIGN_SEED` and `COUNTERSIGN_PATH` repeat one that failed.
 */
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { playMany } from "./property.ts";

const { COUNTERSIGN_SEQUENCES = "500", COUNTERSIGN_SEED: seed, COUNTERSIGN_PATH: path } = process.env;
const sequences = Number(COUNTERSIGN_SEQUENCES);

if (seed === undefined && process.argv[2] !== "alone") await playInParts();
else await playHere();

/** Each part says what came up in it, or why it failed. */
async function playInParts(): Promise<void> {
  const parts = Math.min(availableParallelism(), sequences);
  const ends = Array.from({ length: parts }, async (_, part) => {
    const share = Math.floor(sequences / parts) + (part < sequences % parts ? 1 : 0);
    const env = { ...process.env, COUNTERSIGN_SEQUENCES: String(share) };
    const child = fork(fileURLToPath(import.meta.url), ["alone"], { env });
    return new Promise<number | null>((resolve) => {
      child.once("exit", resolve);
    });
  });
  const codes = await Promise.all(ends);
  if (codes.some((code) => code !== 0)) process.exitCode = 1;
}

async function playHere(): Promise<void> {
  const began = performance.now();
  try {
    const tally = await playMany({
      sequences,
      ...(seed === undefined ? {} : { seed: Number(seed) }),
      ...(path === undefined ? {} : { path }),
    });
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    const said = [...tally].map(([what, times]) => `${times} ${what}`);
    process.stdout.write(`${said.join(", ")} in ${seconds} s\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
