/** What npm run check:long runs: npm run check, with the model playing as many sequences as a night has time for. */
import { execFileSync } from "node:child_process";

const sequences = process.env["COUNTERSIGN_SEQUENCES"] ?? "10000";
const npm = process.env["npm_execpath"];
if (npm === undefined) throw new Error("Run it by npm: npm run check:long");
const env = { ...process.env, COUNTERSIGN_SEQUENCES: sequences };
execFileSync(process.execPath, [npm, "run", "check"], { stdio: "inherit", env });
