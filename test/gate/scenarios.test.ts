import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { saidOf } from "../../src/cli/scenario-file.ts";
import { answers } from "../../src/gate/answers.ts";
import { judge } from "../../src/gate/judge.ts";
import type { Facts } from "../../src/gate/facts.ts";
import { pool } from "../../src/gate/pool.ts";
import { render } from "../../src/gate/render.ts";
import { strictest } from "../../src/gate/strictest.ts";
import type { Config, Verdict } from "../../src/gate/verdict.ts";
import { configOf, factsOf, type Scenario, scenarioSchema } from "./scenario-file.ts";

const folder = new URL("../scenarios/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".yml"));

describe("scenarios", () => {
  test.each(files)("%s", (name) => {
    const parsed = scenarioSchema.safeParse(parse(readFileSync(new URL(name, folder), "utf8")));
    expect(parsed.error?.issues).toBeUndefined();
    if (parsed.data === undefined) return;
    const scenario = parsed.data;
    const outcome = play(scenario);
    expect(outcome.said).toEqual(outcome.wanted);
    for (const line of scenario.expect.shows) expect(outcome.summary).toContain(line);
    for (const line of scenario.expect.hides) expect(outcome.summary).not.toContain(line);
  });

  test("are named by one sentence each, in small letters and hyphens", () => {
    expect(files.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+){3,}\.yml$/u.test(name))).toEqual([]);
  });

  test("are not fewer than they were", () => {
    expect(files.length).toBeGreaterThanOrEqual(306);
  });
});

/** The same steps as a look: pool the pull requests, judge each, publish the strictest. */
function play(scenario: Scenario) {
  const config = configOf(scenario);
  const judged = pool(factsOf(scenario)).flatMap((facts) => {
    const verdict = judge(facts, config);
    return verdict === null ? [] : [{ facts, verdict }];
  });
  const verdicts = judged.map(({ verdict }) => verdict);
  const wanted = scenario.expect;
  if (verdicts.length === 0) {
    return { said: { outcome: "not gated" }, wanted: { outcome: wanted.outcome }, summary: "" };
  }
  const verdict = strictest(verdicts);
  const said = {
    ...saidOf(verdict, wanted),
    ...(wanted.answers !== undefined && { answers: answered(config, judged) }),
    ...(wanted.people !== undefined && { people: people(verdict) }),
  };
  const { shows: _shows, hides: _hides, ...expected } = wanted;
  return { said, wanted: expected, summary: render(verdict).summary };
}

function answered({ roster }: Config, judged: readonly { facts: Facts; verdict: Verdict }[]) {
  if (roster.kind !== "read") return {};
  const all = judged.flatMap(({ facts, verdict }) => answers(facts, roster.value, verdict));
  return Object.fromEntries(all.map(({ to, body }) => [to.login, body]));
}

function people(verdict: Verdict): string[] {
  return verdict.contributors.map(({ name, level, source }) => `${name}: ${level}, ${source}`);
}
