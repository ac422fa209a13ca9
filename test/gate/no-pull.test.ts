import { expect, test } from "vitest";
import { judge } from "../../src/gate/judge.ts";
import { withoutPull } from "../../src/gate/no-pull.ts";
import * as small from "./world.ts";

const { headSha, base, defaultBranch, author, commits, files, readAt } = small.pull();
const known = { headSha, base, defaultBranch, author, commits, files, readAt };

test("a change without a pull request has nothing of what only a pull request has", () => {
  expect(withoutPull(known)).toMatchSnapshot();
});

test("it is judged like one that nobody has reviewed, and what is known besides counts", () => {
  const config = small.config(small.policy());
  expect(judge(withoutPull(known), config)?.outcome).toEqual(judge(small.pull(), config)?.outcome);
  const landed = [headSha];
  expect(withoutPull({ ...known, landed }).landed).toBe(landed);
});
