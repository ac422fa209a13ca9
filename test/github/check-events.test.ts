import { describe, expect, test } from "vitest";
import { headsOfCheck, headsOfStatus } from "../../src/github/check-events.ts";

const [installation, repository] = [{ id: 7 }, { full_name: "Acme/Shop" }];
const sha = "a".repeat(40);
const head = { repo: "acme/shop", sha, installation: 7 };

/** The heads that the delivery of a check run leads to looks at. */
function ofRun(action: string, more: { name?: string; app?: { id: number } | null } = {}) {
  const check_run = { head_sha: sha, name: "Countersign", app: { id: 3 }, ...more };
  return headsOfCheck({ action, check_run, installation, repository });
}

function ofSuite(action: string) {
  return headsOfCheck({ action, check_suite: { head_sha: sha }, installation, repository });
}

describe("a head is looked at", () => {
  test("when our check run or suite is re-requested, to be written again", () => {
    const again = [{ ...head, rewrite: true, unlessBy: null }];
    expect(ofRun("rerequested")).toEqual(again);
    expect(ofSuite("rerequested")).toEqual(again);
  });

  test.each(["created", "completed"])(
    "when a check run of our name in any case is %s, unless it is ours",
    (action) => {
      expect(ofRun(action, { name: "COUNTERSIGN" })).toEqual([{ ...head, rewrite: false, unlessBy: 3 }]);
      expect(ofRun(action, { app: null })).toEqual([{ ...head, rewrite: false, unlessBy: null }]);
    },
  );

  test("when a commit status of our name in any case is set", () => {
    const status = { sha, context: "countersign", installation, repository };
    expect(headsOfStatus(status)).toEqual([{ ...head, rewrite: false, unlessBy: null }]);
  });

  test("and on no other occasion", () => {
    const others = [
      ofRun("created", { name: "build" }),
      ofRun("completed", { name: "Countersign config" }),
      ofRun("requested_action"),
      ofSuite("requested"),
      headsOfStatus({ sha, context: "ci/countersign", installation, repository }),
    ];
    expect(others).toEqual([[], [], [], [], []]);
  });
});
