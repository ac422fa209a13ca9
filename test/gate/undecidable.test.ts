import { expect, test } from "vitest";
import { blocks } from "../../src/gate/strictest.ts";
import { undecidable } from "../../src/gate/verdict.ts";
import * as small from "./world.ts";

test("a verdict about what could not be read says why, blocks, and claims nothing besides", () => {
  const problem = { what: "GitHub does not answer.", repair: "Try again." };
  const verdict = undecidable({ number: 7, headSha: small.headSha, mode: "enforce" }, problem);
  expect(verdict).toEqual({
    ...small.verdict({ outcome: { kind: "undecidable", problems: [problem] } }),
    url: "",
  });
  expect(blocks(verdict)).toBe(true);
});
