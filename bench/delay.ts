/**
 * From a webhook to the check run under ten events a second, every answer of GitHub's 50 ms late: round trips, the whole time, and
 * how much of it the server did not spend waiting for GitHub. Usage: npm run bench -- delay [SECONDS]
 */
import { setTimeout as pause } from "node:timers/promises";
import { type LoggedRequest } from "../test/fake-github/http.ts";
import { startFakeGitHub } from "../test/fake-github/server.ts";
import { approve, furnish, openPull, postman, type Pull } from "./organisations.ts";
import { silence, startCountersign, workedOff } from "./processes.ts";
import { median, quantile, report, rounded } from "./report.ts";

type Event = { readonly what: "opened" | "approved"; readonly owner: string; readonly sentAt: number };

const latencyMs = 50;
const eventsPerSecond = 10;
const seconds = Number(process.argv[3] ?? 30);
/** GitHub allows each 180 writes a minute. And no two looks are at one of them at once, so that its requests are known. */
const installations = 16;

const github = await startFakeGitHub({ validate: false, latencyMs });
const { acme, owners } = furnish(github, installations);
const server = await startCountersign(acme, github.url);
const bring = postman(github, server.url);
// First looks also get the installation's token and the roster.
for (const owner of owners) await openPull(github, owner);
await bring();
await workedOff(server);
await silence(github);

const events: Event[] = [];
const opened: Pull[] = [];
const from = github.requests.length;
const began = performance.now();
for (let index = 0; index < seconds * eventsPerSecond; index += 1) {
  await pause(Math.max(0, began + (index * 1000) / eventsPerSecond - performance.now()));
  events.push(await happen(index));
}
await workedOff(server);
const asked = github.requests.slice(from).filter(({ as }) => as === "countersign[bot]");
const looks = events.map((event) => ({ ...event, ...lookAfter(event) }));
report({
  method: `${events.length} events, ${eventsPerSecond} a second; ${latencyMs} ms for each answer of GitHub's; ms`,
  rows: (["opened", "approved"] as const).map((what) => rowOf(what)),
});
await server.stop();
await github.close();

/** A pull request is opened in every second organisation's turn; in the others' the one opened a turn before is approved. */
async function happen(index: number): Promise<Event> {
  const round = Math.floor(index / installations);
  const owner = owners[index % installations] ?? "";
  const waiting = opened.findIndex((pull) => pull.owner === owner);
  const [pull] = round % 2 === 1 && waiting !== -1 ? opened.splice(waiting, 1) : [];
  if (pull === undefined) opened.push(await openPull(github, owner));
  else await approve(github, pull);
  return { what: pull === undefined ? "opened" : "approved", owner, sentAt: await bring() };
}

/** The look that an event led to: what was asked for its organisation from then until its next event, but for looks at a branch. */
function lookAfter({ owner, sentAt }: Event) {
  const next = events.find((other) => other.owner === owner && other.sentAt > sentAt)?.sentAt ?? Infinity;
  const requests = asked
    .filter(({ receivedAt, operation }) => receivedAt > sentAt && receivedAt < next && operation !== "Branch")
    .filter((request) => ownerOf(request) === owner);
  const last = requests.at(-1);
  if (last === undefined || last.method === "GET" || last.path === "/graphql")
    throw new Error(`No check run was written for ${owner} in time.`);
  const waited = requests.reduce((sum, request) => sum + (answered(request) - request.receivedAt), 0);
  const total = answered(last) - sentAt;
  return { trips: requests.length, total, own: total - waited };
}

function ownerOf({ path, variables }: LoggedRequest): string {
  return path === "/graphql" ? String(variables["owner"]) : (path.split("/")[2] ?? "");
}

function answered({ answeredAt }: LoggedRequest): number {
  if (answeredAt === null) throw new Error("A request was not answered.");
  return answeredAt;
}

function rowOf(what: Event["what"]) {
  const those = looks.filter((look) => look.what === what);
  const [own, total] = [those.map((look) => look.own), those.map((look) => look.total)];
  return {
    event: what,
    events: those.length,
    "round trips, most": Math.max(...those.map(({ trips }) => trips)),
    "to the check, median": rounded(median(total)),
    "to the check, p99": rounded(quantile(total, 0.99)),
    "besides waiting, median": rounded(median(own)),
    "besides waiting, p99": rounded(quantile(own, 0.99)),
  };
}
