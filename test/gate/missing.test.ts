import { describe, expect, test } from "vitest";
import { messageBytesMax } from "../../src/gate/detect.ts";
import type { Facts } from "../../src/gate/facts.ts";
import { missingFacts } from "../../src/gate/missing.ts";
import type { Policy } from "../../src/gate/policy.ts";
import * as small from "./world.ts";

const repair = "Nothing to do: Countersign tries again. To try at once, comment /countersign recheck.";
const why = "GitHub answered 502";

function missing(change: Partial<Facts>, policy: Policy = small.policy()) {
  return missingFacts(small.pull(change), policy);
}

describe("what is missing", () => {
  const files = { kind: "unreadable", why } as const;
  const always = small.rule({});

  test.each([
    [
      "one rule of several is about paths",
      small.policy({ rules: [always, small.rule({ when: { paths: ["a"] } })] }),
    ],
    [
      "one rule of several is about size",
      small.policy({ rules: [always, small.rule({ when: { changedLinesOver: 1 } })] }),
    ],
    ["files may be exempt", small.policy({ exempt: [{ onlyPaths: ["docs/**"] }] })],
  ])("is the changed files where %s", (_, policy) => {
    expect(missing({ files }, policy)).toEqual([
      { what: `The changed files could not be read completely: ${why}.`, repair },
    ]);
  });

  test("is not the changed files where nothing is said of them", () => {
    expect(missing({ files }, small.policy({ rules: [always] }))).toEqual([]);
  });

  test("is the end of a message that is too long", () => {
    const message = "a".repeat(messageBytesMax + 1);
    const commits = small.read([small.plainCommit(), small.plainCommit({ sha: small.olderSha, message })]);
    expect(missing({ commits })).toEqual([
      {
        what: "The message of commit 01de400 is longer than 1000000 bytes.",
        repair: "Shorten the message and push again.",
      },
    ]);
  });
});
