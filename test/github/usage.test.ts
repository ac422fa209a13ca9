import { expect, test } from "vitest";
import { createUsage, neededPermissions } from "../../src/github/usage.ts";
import { appSettings } from "../fake-github/app-manifest.ts";

const start = 1_000_000_000_000;
const headers = (resource: string, remaining: number, more: Record<string, string> = {}) => ({
  "x-ratelimit-resource": resource,
  "x-ratelimit-limit": "5000",
  "x-ratelimit-remaining": String(remaining),
  "x-ratelimit-reset": String(start / 1000 + 600),
  ...more,
});

/** Usage with a clock of its own, and what may be asked at a time. */
function usageAt(clock = { now: start }) {
  const usage = createUsage(
    () => clock.now,
    () => {},
  );
  const may = (installation: string, kind: "graphql" | "read" | "write") => {
    try {
      usage.requireLeave(installation, kind);
      return true;
    } catch (error) {
      return error instanceof Error && "retryAt" in error ? error.retryAt : error;
    }
  };
  return { usage, clock, may };
}

const call = { installation: "7", kind: "read", status: 200 } as const;

test("an hour that is used up stops requests of this kind and installation until it is over", () => {
  const { usage, clock, may } = usageAt();
  usage.note({ ...call, kind: "graphql" }, headers("graphql", 0), "");
  const before = [may("7", "graphql"), may("7", "read"), may("8", "graphql")];
  clock.now = start + 600_000;
  expect([before, may("7", "graphql")]).toEqual([[start + 600_000, true, true], true]);
});

test("too much at once stops every request of this installation as long as GitHub asks", () => {
  const { usage, clock, may } = usageAt();
  usage.note({ ...call, kind: "write", status: 403 }, headers("core", 4000, { "retry-after": "30" }), "");
  const before = [may("7", "graphql"), may("7", "read"), may("7", "write"), may("8", "write")];
  clock.now = start + 30_000;
  expect([before, may("7", "write")]).toEqual([[start + 30_000, start + 30_000, start + 30_000, true], true]);
});

test.each([
  ["403 in a minute, where GitHub does not say how long", 403, {}, 60_000],
  ["429 in a minute", 429, {}, 60_000],
  ["200 to a query in a minute", 200, {}, 60_000],
  ["403 as long as it says", 403, { "retry-after": "30" }, 30_000],
])("a secondary limit that comes with %s stops every request", (_what, status, more, waitMs) => {
  const { usage, may } = usageAt();
  usage.note({ ...call, status }, headers("core", 4000, more), "You have exceeded a secondary rate limit.");
  expect([may("7", "graphql"), may("7", "write"), may("8", "write")]).toEqual([
    start + waitMs,
    start + waitMs,
    true,
  ]);
});

test("what was asked at the same time and is told to wait less does not shorten the wait", () => {
  const { usage, may } = usageAt();
  const refused = { ...call, status: 403 };
  usage.note(refused, headers("core", 4000, { "retry-after": "300" }), "");
  usage.note(refused, headers("core", 4000), "You have exceeded a secondary rate limit.");
  expect(may("7", "read")).toBe(start + 300_000);
});

test("no other refusal stops anybody", () => {
  const { usage, may } = usageAt();
  usage.note({ ...call, status: 403 }, headers("core", 4000), "Resource not accessible by integration");
  expect(may("7", "read")).toBe(true);
});

test("what is left is told per installation and resource, as the last answer said", () => {
  const { usage } = usageAt();
  usage.note(call, headers("core", 4000), "");
  usage.note(call, headers("core", 3999), "");
  usage.note({ ...call, kind: "graphql" }, headers("graphql", 10), "");
  usage.note({ ...call, installation: "8" }, {}, "");
  expect(usage.quotas()).toEqual([
    { installation: "7", resource: "core", remaining: 3999 },
    { installation: "7", resource: "graphql", remaining: 10 },
  ]);
});

test("every request is told, answered or not", () => {
  const told: unknown[] = [];
  const usage = createUsage(
    () => start,
    (each) => told.push(each),
  );
  usage.note(call, {}, "");
  usage.note({ ...call, status: null }, {}, "");
  expect(told).toEqual([call, { ...call, status: null }]);
});

test("what an installation has not granted is named once, and more than is needed is fine", () => {
  const { usage } = usageAt();
  const { checks: _, ...others } = neededPermissions;
  usage.notePermissions("7", { ...others, checks: "read", pull_requests: "write", administration: "write" });
  usage.notePermissions("8", { ...neededPermissions, checks: "read", members: "write" });
  const before = usage.missingPermissions();
  usage.notePermissions("7", neededPermissions);
  usage.notePermissions("8", { ...neededPermissions, metadata: "write" });
  expect([before, usage.missingPermissions()]).toEqual([["checks: write"], []]);
});

test("what is needed is what app.yml asks for, but for what only rulesets need", () => {
  expect({ ...neededPermissions, statuses: "write" }).toEqual(appSettings.permissions);
});
