import { describe, expect, test } from "vitest";
import type { Account } from "../../src/gate/accounts.ts";
import type { Facts } from "../../src/gate/facts.ts";
import { judge } from "../../src/gate/judge.ts";
import { defaultPolicy } from "../../src/gate/policy.ts";
import * as small from "./world.ts";

const people = [small.june, small.milo, small.sara, small.stan, small.paula, small.mallory];
const signs = ["no evidence", "evidence", "unreadable commits"] as const;
const approvals = ["at the head", "of the same patch", "before it changed", "nobody saw arrive"] as const;
type Row = {
  readonly author: Account;
  readonly sign: (typeof signs)[number];
  readonly approver: Account;
  readonly approval: (typeof approvals)[number];
};
const rows: readonly Row[] = people.flatMap((author) =>
  signs.flatMap((sign) =>
    people.flatMap((approver) => approvals.map((approval) => ({ author, sign, approver, approval }))),
  ),
);

function factsOf({ author, sign, approver, approval }: Row): Facts {
  const identity = small.gitIdentity(author);
  const commit = sign === "evidence" ? small.commit : small.plainCommit;
  const older = approval === "of the same patch" || approval === "before it changed";
  const after = approval === "of the same patch" ? "one" : "another";
  const patches = [
    { base: "main", sha: small.olderSha, fingerprint: small.read("one") },
    { base: "main", sha: small.headSha, fingerprint: small.read(after) },
  ];
  const pushed = {
    kind: "force-pushed",
    actor: author,
    before: small.olderSha,
    after: small.headSha,
    at: "2026-11-20T11:00:00Z",
  } as const;
  return small.pull({
    author,
    commits:
      sign === "unreadable commits"
        ? { kind: "unreadable", why: "GitHub answered 502" }
        : small.read([commit({ author: identity, committer: identity })]),
    reviews: small.read([small.review(approver, { commitSha: older ? small.olderSha : small.headSha })]),
    timeline: small.read(approval === "nobody saw arrive" ? [pushed] : []),
    patches,
  });
}

/** What design says in words: who is below senior needs a senior, who is somebody else, for what would land. */
function expected({ author, sign, approver, approval }: Row): string {
  const seniors: readonly string[] = ["sara", "stan", "paula"];
  if (sign === "unreadable commits") return "undecidable";
  if (sign === "no evidence" || seniors.includes(author.login)) return "not-needed";
  const stands = approval === "at the head" || approval === "of the same patch";
  return stands && seniors.includes(approver.login) ? "countersigned" : "waiting";
}

describe("the truth table", () => {
  test.each(rows)("by $author.login, $sign, approved by $approver.login $approval", (row) => {
    expect(judge(factsOf(row), small.config(defaultPolicy))?.outcome.kind).toBe(expected(row));
  });

  test("has a row for everything that can meet", () => {
    expect(rows).toHaveLength(6 * 3 * 6 * 4);
  });
});
