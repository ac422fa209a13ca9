/** The beginning of a world. */
import { isoSeconds, type World } from "./world.ts";

/** A GitHub with nobody in it but `web-flow`. With `now` given, that clock is used exactly as it is. */
export function createWorld({ now }: { now?: () => number } = {}): World {
  let lastId = 1000;
  let lastStamp = 0;
  const stamp = () => {
    // Two events in one second would be undistinguishable; only a test that brings its own clock wants that.
    lastStamp = now ? now() : Math.max(Date.now(), lastStamp + 1000);
    return isoSeconds(lastStamp);
  };
  const world: World = {
    url: "http://127.0.0.1",
    now: now ?? Date.now,
    date: now ?? (() => lastStamp || Date.now()),
    stamp,
    nextId: () => ++lastId,
    accounts: new Map(),
    teams: new Map(),
    apps: new Map(),
    installations: new Map(),
    repositories: new Map(),
    formerNames: new Map(),
    tokens: new Map(),
    happened: () => undefined,
    privateMode: false,
    graphqlPointsLeft: 4999,
    hookLog: { list: () => [], again: () => false },
  };
  // The id and address GitHub's own account has in reality.
  world.accounts.set(19864447, {
    id: 19864447,
    type: "User",
    login: "web-flow",
    name: "GitHub",
    emails: ["noreply@github.com"],
    createdAt: isoSeconds(world.now()),
  });
  // Who lands what a merge queue lets through.
  world.accounts.set(mergeQueueId, {
    id: mergeQueueId,
    type: "Bot",
    login: "github-merge-queue[bot]",
    name: "github-merge-queue",
    emails: [`${mergeQueueId}+github-merge-queue@users.noreply.github.com`],
    createdAt: isoSeconds(world.now()),
  });
  return world;
}

/** GitHub's own account. */
export const mergeQueueId = 118344674;
