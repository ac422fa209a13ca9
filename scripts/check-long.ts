/**
 * What npm run check:long runs: npm run check, with as many sequences of the model, of merges too, and as many faults as a night has time for, and
 * the mutation tests.
 */
import { execFileSync } from "node:child_process";

const npm = process.env["npm_execpath"];
if (npm === undefined) throw new Error("Run it by npm: npm run check:long");
const model = { COUNTERSIGN_SEQUENCES: "10000", COUNTERSIGN_MERGES: "1" };
const env = { ...model, COUNTERSIGN_KILLS: "50", COUNTERSIGN_STORIES: "10", ...process.env };
for (const script of ["check", "mutation"])
  execFileSync(process.execPath, [npm, "run", script], { stdio: "inherit", env });
