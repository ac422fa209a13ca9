import { expect, test } from "vitest";
import { z } from "zod";
import { assertNothingRefused, ownCompany, shop } from "./company.ts";
import { logLine } from "./log-line.ts";
import { until } from "./until.ts";

const healthSchema = z.object({
  gate: z.object({
    repositories: z.number(),
    unseen: z.number(),
    findings: z.record(z.string(), z.number()),
  }),
});

test("the server examines by itself whether the gate is closed: /health counts, the log names", async () => {
  const company = await ownCompany();
  company.github.requireCheck(shop, "release", { context: "Countersign" });
  company.github.push(shop, { branch: "release", pusher: "ada" });
  // A start is when everything by the clock is due.
  await company.loseStore();
  const text = await until("both repositories to be examined", async () => {
    const body = await (await fetch(`${company.url}/health`)).text();
    return healthSchema.parse(JSON.parse(body)).gate.repositories === 2 && body;
  });
  expect(healthSchema.parse(JSON.parse(text)).gate).toEqual({
    repositories: 2,
    // Who may bypass the ruleset of main.
    unseen: 1,
    findings: { "config-repository-public": 1, "check-not-required": 1, "check-of-anybody": 1 },
  });
  expect(text).not.toMatch(/acme|shop|release/u);
  const named = company.log.map(logLine).filter(({ kind }) => kind === "check-of-anybody");
  expect(named).toMatchObject([{ level: 40, repository: shop, branch: "release", severity: "error" }]);
  assertNothingRefused(company.github);
});
