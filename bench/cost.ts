/**
 * What one look costs the server, by the number of commits, files, reviews, and of other open pull requests: processor time, for
 * it hardly depends on what else the machine does. Draws docs/look-cost.svg. Usage: npm run bench -- cost
 */
import { startFakeGitHub } from "../test/fake-github/server.ts";
import { until } from "../test/end-to-end/until.ts";
import { furnish, openPull, postman } from "./organisations.ts";
import { silence, startCountersign, workedOff } from "./processes.ts";
import { type Line, report, rounded } from "./report.ts";
import { largest, openPullOf, rerun } from "./sizes.ts";

const smallest = { commits: 1, files: 1, reviews: 0 };
const sizesOf = {
  commits: [1, 250, 500, 1000, 1500, largest.commits],
  files: [1, 375, 750, 1500, 2250, largest.files],
  reviews: [0, 125, 250, 500, 750, largest.reviews],
  "open pull requests": [1, 50, 100, 200, 300, 400],
};
const looksOfEach = 8;

const github = await startFakeGitHub({ validate: false });
// GitHub's limits hold for each installation, so that each size has one of its own.
const { acme, owners } = furnish(github, 1 + Object.values(sizesOf).flat().length);
const server = await startCountersign(acme, github.url, { LOG_LEVEL: "warn" });
const bring = postman(github, server.url);
await bring();
await silence(github);
// What is compiled while the first looks go on costs more than they do.
const warm = await openPull(github, owners.pop() ?? "");
for (let run = 0; run < 10; run += 1) await costOf(warm);

const lines: Line[] = [];
const rows = [];
for (const [what, sizes] of Object.entries(sizesOf)) {
  const points: { size: number; ms: number }[] = [];
  for (const size of sizes) {
    const owner = owners.pop() ?? "";
    const pull = await openPullOf(github, owner, { ...smallest, [what]: size });
    if (what === "open pull requests") await openOthers(owner, size - 1);
    await bring();
    await workedOff(server);
    points.push({ size, ms: await costOf(pull) });
  }
  lines.push({ what, points });
  const ms = points.map((point) => point.ms);
  const [first = 0, half = 0, last = 0] = [ms[0], ms[3], ms.at(-1)];
  rows.push({
    "number of": what,
    ...Object.fromEntries(
      ["none or one", "1/8", "1/4", "1/2", "3/4", "all"].map((part, at) => [
        part,
        rounded(points[at]?.ms ?? 0),
      ]),
    ),
    "all are": sizes.at(-1) ?? 0,
    // 1 where it grows with the number, 2 where with its square.
    exponent: last > 2 * first ? rounded(Math.log2((last - first) / (half - first))) : "does not grow",
  });
}
report({ method: `Processor time of the server for one look of ${looksOfEach}, ms`, rows, lines });
await server.stop();
await github.close();

/** Into a branch that is not gated: their looks write nothing, of which GitHub would allow 180 a minute. */
async function openOthers(owner: string, count: number): Promise<void> {
  github.push(`${owner}/shop`, { branch: "side", pusher: "ada" });
  for (let others = 0; others < count; others += 1) await openPull(github, owner, undefined, "side");
}

/** ms of a look, when somebody re-runs the checks: it writes, so that its end can be seen. */
async function costOf(pull: Awaited<ReturnType<typeof openPull>>): Promise<number> {
  const before = server.used().cpuMs;
  for (let look = 0; look < looksOfEach; look += 1) {
    const from = github.requests.length;
    rerun(github, pull);
    await bring();
    await until("the check run", () =>
      github.requests.slice(from).some(({ method, status }) => method === "PATCH" && status === 200),
    );
  }
  return (server.used().cpuMs - before) / looksOfEach;
}
