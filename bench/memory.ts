/**
 * Memory of the server, resident and what it holds after its garbage was collected: idle, while it takes in 100,000 deliveries over 200 pull requests and looks at them, and at the
 * largest pull request there can be. Usage: npm run bench -- memory [THOUSANDS]
 */
import { setTimeout as pause } from "node:timers/promises";
import { startFakeGitHub } from "../test/fake-github/server.ts";
import { inspectable, liveHeapMb } from "./live-heap.ts";
import { bodiesOf, send } from "./load.ts";
import { furnish, openPull, postman } from "./organisations.ts";
import { startCountersign, workedOff } from "./processes.ts";
import { report } from "./report.ts";
import { largest, openPullOf, rerun } from "./sizes.ts";

const thousands = Number(process.argv[3] ?? 100);
const steps = 10;
const pulls = 200;
/** So many that the looks, more on a slow machine, find enough left of the 5,000 queries an hour that each has. */
const installations = 20;
/** Long enough for the server to give back what it will. */
const restMs = 5000;
const inspector = 29_229;

const github = await startFakeGitHub({ validate: false, latencyMs: 50 });
const { acme, owners } = furnish(github, installations);
for (let index = 0; index < pulls; index += 1) await openPull(github, owners[index % installations] ?? "");
const bodies = bodiesOf(github, ["push", "pull_request.opened"]);
const server = await startCountersign(acme, github.url, inspectable(inspector));
await pause(restMs);
const rows = [await rowOf("idle after the start")];
for (let step = 1; step <= steps; step += 1) {
  const sent = await send({
    url: server.url,
    bodies,
    count: (thousands * 1000) / steps,
    atOnce: 16,
  });
  if (sent.refused > 0) throw new Error(`${sent.refused} deliveries were refused.`);
  rows.push(await rowOf(`after ${(thousands * step) / steps},000 deliveries`));
}
await workedOff(server);
await pause(restMs);
rows.push(await rowOf("idle after them"));
const bring = postman(github, server.url, github.deliveries.length);
const pull = await openPullOf(github, owners[0] ?? "", largest);
for (const when of ["first", "second", "third", "fourth"]) {
  await bring();
  await workedOff(server);
  rows.push(await rowOf(`after the ${when} look at the largest pull request`));
  rerun(github, pull);
}
report({
  method: `${thousands},000 deliveries over ${pulls} pull requests of ${installations} installations; SQLite`,
  rows,
});
await server.stop();
await github.close();

async function rowOf(when: string) {
  const { memoryMb, mostMemoryMb } = server.used();
  const resident = { MB: Math.round(memoryMb), "at most so far": Math.round(mostMemoryMb) };
  return { when, ...resident, "live heap": Math.round(await liveHeapMb(inspector)) };
}
