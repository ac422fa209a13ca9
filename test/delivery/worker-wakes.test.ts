import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { createOutages } from "../../src/delivery/outages.ts";
import { startWorker } from "../../src/delivery/worker.ts";
import { putMarks } from "../../src/store/marks.ts";
import { openEmptyStore } from "../../src/store/store.ts";

const silent = { info() {}, warn() {}, error() {} };

/** More than it takes to find that nothing is due. */
const momentsMax = 150;

it("looks at once for a mark that becomes due at the very moment in which the last search for one ends", async () => {
  const late: number[] = [];
  for (let moments = 0; moments < momentsMax; moments++) {
    if (!(await beginsAtOnce(moments))) late.push(moments);
  }
  expect(late).toEqual([]);
});

/** Whether the look of a mark begins at once that is due so many turns of the microtask queue after a search for one began. */
async function beginsAtOnce(moments: number): Promise<boolean> {
  const clock = { now: 1000 };
  const store = await openEmptyStore();
  await putMarks(store, [{ target: "pull:acme/shop:1", installation: 7, priority: 0, dueAt: 2000 }], 1000);
  const begun: number[] = [];
  const worker = startWorker({
    store,
    appId: 1,
    configRepo: ".github",
    worker: "w",
    random: () => 0,
    pages: null,
    issues: true,
    now: () => clock.now,
    log: silent,
    outages: createOutages({ now: () => clock.now, random: () => 0 }),
    clientFor: async (installation) => {
      begun.push(installation);
      throw new Error("There is no GitHub here.");
    },
  });
  for (let moment = 0; moment < moments; moment++) await Promise.resolve();
  clock.now = 2000;
  worker.wake();
  await turn();
  const atOnce = begun.length > 0;
  await worker.stop();
  await store.close();
  return atOnce;
}
