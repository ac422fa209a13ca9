/**
 * 5,000 deliveries over 200 pull requests of four installations, 64 at a time: whether all are accepted, every pull request ends
 * with the right check run, and GitHub's limits are kept. Usage: npm run bench -- burst
 */
import type { LoggedRequest } from "../test/fake-github/http.ts";
import { startFakeGitHub } from "../test/fake-github/server.ts";
import { findRepository } from "../test/fake-github/world.ts";
import { freshDatabase } from "./databases.ts";
import { bodiesOf, send } from "./load.ts";
import { approve, furnish, openPull, type Pull } from "./organisations.ts";
import { silence, startCountersign, workedOff } from "./processes.ts";
import { quantile, report, rounded } from "./report.ts";

const deliveries = 5000;
const atOnce = 64;
const installations = 4;
const pullsOfEach = 50;

const database = await freshDatabase();
report({
  method: `${deliveries} deliveries over ${installations * pullsOfEach} pull requests of ${installations} installations, ${atOnce} at a time; GitHub answers after 50 ms`,
  rows: [
    { store: "SQLite", ...(await takeBurst({})) },
    { store: "PostgreSQL", ...(await takeBurst({ DATABASE_URL: database.url })) },
  ],
});
await database.drop();

async function takeBurst(env: NodeJS.ProcessEnv) {
  const github = await startFakeGitHub({ validate: false, latencyMs: 50 });
  const { acme, owners } = furnish(github, installations);
  const approved: Pull[] = [];
  const waiting: Pull[] = [];
  for (const owner of owners) {
    const numbers = Array.from({ length: pullsOfEach }, (_, index) => index);
    const pulls = await Promise.all(numbers.map(async () => openPull(github, owner)));
    approved.push(...pulls.filter((_, index) => index % 2 === 0));
    waiting.push(...pulls.filter((_, index) => index % 2 === 1));
  }
  await Promise.all(approved.map(async (pull) => approve(github, pull)));
  const bodies = bodiesOf(github, ["push", "pull_request.opened", "pull_request_review.submitted"]);
  const server = await startCountersign(acme, github.url, env);
  await silence(github);
  const sent = await send({ url: server.url, bodies, count: deliveries, atOnce });
  const began = performance.now();
  await workedOff(server);
  const behind = (performance.now() - began) / 1000;
  const right = [
    ...approved.filter((pull) => conclusions(pull).join() === "success"),
    ...waiting.filter((pull) => conclusions(pull).join() === "action_required"),
  ];
  const asked = github.requests.filter(({ as }) => as === "countersign[bot]");
  const writes = asked.filter(({ method, path }) => method !== "GET" && path !== "/graphql");
  const { memoryMb } = server.used();
  await server.stop();
  await github.close();
  return {
    accepted: deliveries - sent.refused,
    "within s": rounded(sent.seconds),
    "answered after, p99 ms": rounded(quantile(sent.answerMs, 0.99)),
    "decided, and right": right.length,
    "s after the last was sent": rounded(behind),
    looks: asked.filter(({ operation }) => operation === "Facts").length,
    writes: writes.length,
    "of one installation": Math.max(
      ...owners.map((owner) => writes.filter(({ path }) => path.split("/")[2] === owner).length),
    ),
    "requests at once": mostAtOnce(asked),
    "memory, MB": Math.round(memoryMb),
  };

  /** Of all check runs on the head: there must be one. */
  function conclusions({ owner, sha }: Pull) {
    const runs = findRepository(github.world, owner, "shop")?.checkRuns ?? [];
    return runs.filter(({ headSha }) => headSha === sha).map(({ conclusion }) => conclusion);
  }
}

function mostAtOnce(requests: readonly LoggedRequest[]): number {
  const ends = requests.flatMap(({ receivedAt, answeredAt }) => [
    { at: receivedAt, change: 1 },
    { at: answeredAt ?? Number.POSITIVE_INFINITY, change: -1 },
  ]);
  let now = 0;
  let most = 0;
  for (const { change } of ends.toSorted((one, other) => one.at - other.at)) {
    now += change;
    most = Math.max(most, now);
  }
  return most;
}
