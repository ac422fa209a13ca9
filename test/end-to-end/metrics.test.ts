import { expect, test } from "vitest";
import { ownCompany } from "./company.ts";
import { openPull } from "./pull-request.ts";

/** What `/metrics` says, by name and labels; histograms by their count alone. */
async function metricsOf(url: string): Promise<Record<string, number>> {
  const answer = await fetch(`${url}/metrics`);
  expect(answer.headers.get("content-type")).toContain("text/plain");
  const lines = (await answer.text()).split("\n").filter((line) => !line.startsWith("#") && line !== "");
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, name = "", value = ""] = /^(\S+(?:\{.*\})?) (\S+)$/u.exec(line) ?? [];
      return name.includes("_bucket") || name.includes("_sum") ? [] : [[name, Number(value)] as const];
    }),
  );
}

test("the metrics tell deliveries, requests, looks, verdicts and what waits", async () => {
  const company = await ownCompany();
  await company.idle();
  const before = await metricsOf(company.url);
  const { sha } = await openPull(company);
  await company.check(sha);
  const after = await metricsOf(company.url);

  const grown = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
  expect({
    opened: grown('countersign_deliveries_total{event="pull_request",outcome="accepted"}'),
    waiting: grown('countersign_verdicts_total{verdict="waiting"}'),
    writes: grown('countersign_api_calls_total{kind="write",status="201"}'),
    points: grown('countersign_api_points_total{kind="write"}'),
    looks: grown('countersign_look_seconds_count{phase="read"}'),
    published: grown('countersign_look_seconds_count{phase="publish"}'),
    toCheck: grown("countersign_delivery_to_check_seconds_count"),
    marks: after["countersign_marks"],
    failing: after["countersign_failing_marks"],
    oldest: after["countersign_oldest_mark_seconds"],
  }).toEqual({
    opened: 1,
    waiting: 1,
    writes: 1,
    points: 5,
    looks: 1,
    published: 1,
    toCheck: 1,
    marks: 0,
    failing: 0,
    oldest: 0,
  });
  expect(Object.keys(after)).toContainEqual(
    expect.stringMatching(/^countersign_quota_left\{installation="\d+",resource="graphql"\}$/u),
  );
});

test("the metrics name no repository, no person and no pull request", async () => {
  const company = await ownCompany();
  const { sha } = await openPull(company);
  await company.check(sha);
  const text = await (await fetch(`${company.url}/metrics`)).text();
  expect(text.match(/acme|shop|juno|grace|[0-9a-f]{40}/giu)).toBeNull();
});
