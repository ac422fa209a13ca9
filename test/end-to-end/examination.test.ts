import { expect, test } from "vitest";
import { z } from "zod";
import { doctor } from "../../src/cli/doctor.ts";
import { repositoryNamed } from "../fake-github/setup.ts";
import { land } from "./land.ts";
import { openPull, review } from "./pull-request.ts";
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
  const examined = async () =>
    until("both repositories to be examined", async () => {
      const body = await (await fetch(`${company.url}/health`)).text();
      return healthSchema.parse(JSON.parse(body)).gate.repositories === 2 && body;
    });
  await examined();
  company.github.requireCheck(shop, "release", { context: "Countersign" });
  company.github.push(shop, { branch: "release", pusher: "ada" });
  const before = company.log.length;
  // A start is when everything by the clock is due.
  await company.loseStore();
  const text = await examined();
  expect(healthSchema.parse(JSON.parse(text)).gate).toEqual({
    repositories: 2,
    // Who may bypass the ruleset of main.
    unseen: 1,
    findings: { "config-repository-public": 1, "check-not-required": 1, "check-of-anybody": 1 },
  });
  expect(text).not.toMatch(/acme|shop|release/u);
  const named = company.log
    .slice(before)
    .map(logLine)
    .filter(({ kind }) => kind === "check-of-anybody");
  expect(named).toMatchObject([{ level: 40, repository: shop, branch: "release", severity: "error" }]);
  assertNothingRefused(company.github);
});

test("a check that is not required is one finding of the doctor, and no issue for each merge meanwhile", async () => {
  const company = await ownCompany();
  const repository = repositoryNamed(company.github.world, shop);
  repository.rulesets.length = 0;
  const byHand = await openPull(company, { message: "By hand" });
  const countersigned = await openPull(company);
  await review(company, countersigned, "grace");
  const another = await openPull(company);
  await review(company, another, "vera");
  const waiting = await openPull(company);
  await company.idle();
  for (const pull of [byHand, countersigned, another, waiting]) await land(company, pull, "squash");
  await company.idle();

  const out = { stdout: "", stderr: "" };
  await doctor([shop, "--json"], {
    ...{
      environment: company.environment,
      now: () => Date.now(),
      readFile: () => "",
      colour: false,
      ask: null,
    },
    stdout: (text) => void (out.stdout += text),
    stderr: (text) => void (out.stderr += text),
  });

  const { findings } = reportSchema.parse(JSON.parse(out.stdout));
  expect(findings.filter(({ branch }) => branch !== null)).toEqual([
    { kind: "check-not-required", repository: shop, branch: "main" },
  ]);
  // What lacked a countersignature is a bypass for that, whether the check is required or not.
  expect([...repository.issues.values()].map(({ title }) => title)).toEqual([
    `Merge of #${waiting.number} reached main without the countersignature it needed`,
  ]);
  assertNothingRefused(company.github);
});

const reportSchema = z.object({
  findings: z.array(
    z.object({ kind: z.string(), repository: z.string().nullable(), branch: z.string().nullable() }),
  ),
});
