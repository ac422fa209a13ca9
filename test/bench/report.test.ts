import { expect, test } from "vitest";
import { together } from "../../bench/report.ts";

const line = (ms: number) => [{ what: "commits", points: [{ size: 1, ms }] }];

test("of several runs each number is the median, with the lowest and the highest where they differ", () => {
  const rates = [10, 30, 20];
  const runs = rates.map((rate) => ({
    method: "Looks",
    rows: [
      { store: "SQLite", replicas: 1, rate },
      { store: "PostgreSQL", replicas: 2, rate: 2 * rate },
    ],
    lines: line(rate),
  }));
  expect(together(runs)).toEqual({
    method: "Looks",
    rows: [
      { store: "SQLite", replicas: 1, rate: "20 (10 to 30)" },
      { store: "PostgreSQL", replicas: 2, rate: "40 (20 to 60)" },
    ],
    lines: line(20),
  });
});

test("of words each is said once, and one run is told as it is", () => {
  const run = (exponent: number | string) => ({ method: "Cost", rows: [{ exponent }] });
  expect(together([run(1.1)])).toEqual(run(1.1));
  expect(together([run("does not grow"), run(1), run("does not grow")])).toEqual(run("does not grow or 1"));
});
