/**
 * How many marks a second are claimed and finished, one after the other, among 50,000 of few and of many repositories: a claim
 * compares the best mark of each. On SQLite and PostgreSQL. Usage: npm run bench -- claims [COUNT]
 */
import { claimMark, finishMark, putMarks } from "../src/store/marks.ts";
import { openStore } from "../src/store/store.ts";
import { freshDatabase } from "./databases.ts";
import { freshFolder } from "./processes.ts";
import { report, rounded } from "./report.ts";

const count = Number(process.argv[3] ?? 500);
const marks = 50_000;
const marksAtOnce = 1_000;
const leaseMs = 20_000;

const rows = [];
for (const repositories of [4, 1_000]) {
  const rates: Record<string, number> = {};
  for (const kind of ["SQLite", "PostgreSQL"]) rates[`${kind}, a second`] = await measure(kind, repositories);
  rows.push({ "repositories with marks": repositories, ...rates });
}
report({ method: `${count} claims, each finished before the next, of ${marks} marks`, rows });

async function measure(kind: string, repositories: number): Promise<number> {
  const database = kind === "PostgreSQL" ? await freshDatabase() : null;
  const store = await openStore({ dataDir: freshFolder(), databaseUrl: database?.url ?? null });
  const now = Date.now();
  for (let from = 0; from < marks; from += marksAtOnce) {
    const some = Array.from({ length: marksAtOnce }, (_, at) => ({
      target: `pull:acme/app-${(from + at) % repositories}:${from + at + 1}`,
      installation: 1,
      priority: 1,
    }));
    await putMarks(store, some, now);
  }
  const began = performance.now();
  for (let claim = 0; claim < count; claim += 1) {
    const mark = await claimMark(store, { worker: `bench ${claim}`, now, leaseMs });
    if (mark === null) throw new Error("There is no mark left.");
    await finishMark(store, mark);
  }
  const rate = count / ((performance.now() - began) / 1000);
  await store.close();
  await database?.drop();
  return rounded(rate);
}
