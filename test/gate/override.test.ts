import { describe, expect, test } from "vitest";
import { overrideOf } from "../../src/gate/override.ts";
import * as small from "./world.ts";

const at = "2026-11-20T11:00:00Z";
const written = {
  kind: "override",
  comment: "1",
  by: small.sara,
  reason: "outage",
  sha: small.headSha,
  at,
} as const;

function overriddenAt(level: string) {
  const facts = small.pull({ observations: [written] });
  return overrideOf(facts, small.policy({ override: { level } }), [], small.smallRoster);
}

describe("an override", () => {
  test.each(["mid", "senior"])("by a senior counts at the level %s", (level) => {
    expect(overriddenAt(level)).toEqual({
      outcome: { kind: "overridden", by: { login: "sara", level: "senior" }, reason: "outage" },
      refused: [],
    });
  });

  test("does not count at a level that the roster does not have", () => {
    const reason = "the policy asks for wizard, which the roster does not have";
    expect(overriddenAt("wizard")).toEqual({
      outcome: null,
      refused: [
        {
          reviewer: "sara",
          state: "override",
          reason,
          command: { comment: "1", instead: "The check run says whose approval is needed." },
        },
      ],
    });
  });
});
