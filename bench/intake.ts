/**
 * How many deliveries a second are stored and answered, looks going on meanwhile, beside a Probot app that does nothing.
 * Usage: npm run bench -- intake [COUNT]
 */
import { fileURLToPath } from "node:url";
import { environmentFor } from "../demo/server-process.ts";
import { startFakeGitHub } from "../test/fake-github/server.ts";
import { freshDatabase } from "./databases.ts";
import { bodiesOf, send } from "./load.ts";
import { furnish, openPull } from "./organisations.ts";
import { freshFolder, type Started, startCountersign, startProcess } from "./processes.ts";
import { median, quantile, report, rounded } from "./report.ts";

type Compared = {
  readonly name: string;
  readonly server: Started;
  rate: number;
  answerMs: readonly number[];
};

const count = Number(process.argv[3] ?? 2000);
const atOnce = 64;
const doesNothing = fileURLToPath(new URL("./probot-app.ts", import.meta.url));

const github = await startFakeGitHub({ validate: false, latencyMs: 50 });
const { acme, owners } = furnish(github, 1);
await openPull(github, owners[0] ?? "");
const bodies = bodiesOf(github, ["pull_request.opened"]);
const database = await freshDatabase();
const probotEnv = environmentFor(acme, github.url, { dataDir: freshFolder(), port: 0 });
// Without it Probot writes its log for people to read, which takes longer.
const probot = await startProcess(doesNothing, { ...probotEnv, NODE_ENV: "production" });
const sqlite = await startCountersign(acme, github.url);
const postgresql = await startCountersign(acme, github.url, { DATABASE_URL: database.url });
const all: readonly Compared[] = [
  { name: "a Probot app that does nothing", server: probot, rate: 0, answerMs: [] },
  { name: "Countersign on SQLite", server: sqlite, rate: 0, answerMs: [] },
  { name: "Countersign on PostgreSQL", server: postgresql, rate: 0, answerMs: [] },
];
// The first turn warms up.
for (let turn = 0; turn < 2; turn += 1) {
  for (const one of all) {
    const sent = await send({ url: one.server.url, bodies, count, atOnce });
    if (sent.refused > 0) throw new Error(`${one.name} refused ${sent.refused} deliveries.`);
    one.rate = count / sent.seconds;
    one.answerMs = sent.answerMs;
  }
}
const kilobytes = rounded((bodies[0]?.body.length ?? 0) / 1024);
report({
  method: `${count} deliveries pull_request.opened of ${kilobytes} KB, ${atOnce} at a time`,
  rows: all.map(({ name, rate, answerMs }) => ({
    server: name,
    "deliveries a second": Math.round(rate),
    "of Probot's": Math.round((rate / (all[0]?.rate ?? 0)) * 100) / 100,
    "answered after, median ms": rounded(median(answerMs)),
    "p99 ms": rounded(quantile(answerMs, 0.99)),
  })),
});
for (const { server } of all) await server.stop();
await database.drop();
await github.close();
