import { describe, expect, test } from "vitest";
import type { Patch } from "../../src/gate/facts.ts";
import {
  ancestorsInRange,
  differenceOf,
  emptyPatch,
  isSamePatch,
  pushesOf,
  updateMergesOf,
  whyNotCompared,
} from "../../src/gate/patches.ts";
import * as small from "./world.ts";

const at = "2026-11-20T09:00:00Z";
const head = { base: "main", sha: small.headSha };
const older = { base: "main", sha: small.olderSha };
const patch = (base: string, sha: string, is: string): Patch => ({ base, sha, fingerprint: small.read(is) });
const unread = (base: string, sha: string, why: string): Patch => ({
  base,
  sha,
  fingerprint: { kind: "unreadable", why },
});

describe("two revisions", () => {
  const same = (one: typeof head, other: typeof head, ...patches: readonly Patch[]) =>
    isSamePatch(small.pull({ patches }), one, other);

  test("are the same patch when they are one, read or not", () => {
    expect(same(head, { ...head })).toBe(true);
  });

  test("are not when nothing was read, even of one SHA against two bases", () => {
    expect(same(head, older)).toBe(false);
    expect(same(head, { ...head, base: "next" })).toBe(false);
  });

  test("are compared by what they change against their own base", () => {
    const elsewhere = patch("next", small.olderSha, "two");
    expect(
      same(head, older, elsewhere, patch("main", small.olderSha, "one"), patch("main", small.headSha, "one")),
    ).toBe(true);
    expect(same(head, older, patch("main", small.olderSha, "two"), patch("main", small.headSha, "one"))).toBe(
      false,
    );
  });

  test("are no proof of each other where both change nothing: they may be in the base branch by now", () => {
    const empty = (sha: string) => patch("main", sha, emptyPatch);
    expect(same(head, older, empty(small.olderSha), empty(small.headSha))).toBe(false);
  });

  test("say why they cannot be compared, and nothing of others", () => {
    const why = (...patches: readonly Patch[]) => whyNotCompared(small.pull({ patches }), older, head);
    const others = [
      patch("main", small.olderSha, "one"),
      unread("next", small.headSha, "of another base"),
      unread("main", small.sha("a1"), "of another head"),
    ];
    expect(why(...others)).toBeNull();
    expect(why(...others, unread("main", small.headSha, "too large"))).toBe("too large");
  });
});

describe("pushes", () => {
  const moved = { before: small.olderSha, after: small.headSha };

  test("are what deliveries tell, and the timeline where it knows both ends", () => {
    const push = { kind: "push", actor: small.sara, ...moved, at } as const;
    const forced = { kind: "force-pushed", actor: small.stan, ...moved, at } as const;
    const facts = small.pull({
      observations: [
        push,
        { ...push, before: null },
        { kind: "review", reviewId: "1", sha: small.headSha, base: "main" },
      ],
      timeline: small.read([
        forced,
        { ...forced, before: null },
        { ...forced, after: null },
        { kind: "labeled", label: "docs", actor: small.june, at },
      ]),
    });
    expect(pushesOf(facts)).toEqual([
      { actor: small.sara, ...moved },
      { actor: small.sara, ...moved, before: null },
      { actor: small.stan, ...moved },
    ]);
  });

  test("are what deliveries tell where the timeline could not be read", () => {
    expect(pushesOf(small.pull({ timeline: { kind: "absent" } }))).toEqual([]);
  });
});

describe("commits", () => {
  const [first, second, outside] = ["a1", "a2", "f00"].map(small.sha);
  const commits = (...list: readonly (readonly [string, ...string[]])[]) =>
    small.pull({
      commits: small.read(
        list.map(([sha, ...parents]) =>
          small.plainCommit({ sha: small.sha(sha), parents: parents.map(small.sha) }),
        ),
      ),
    });

  test("that merge one commit from outside update the branch; those that merge within it, or two, do not", () => {
    const facts = commits(
      ["a1", "ba5e"],
      ["a2", "a1", "f00"],
      ["a3", "a2", "a1"],
      ["a4", "a3", "f00", "f01"],
    );
    expect(updateMergesOf(facts).map(({ rewrite }) => rewrite)).toEqual([
      { actor: small.june, before: first, after: second },
    ]);
  });

  test("lead to all that came before them in the pull request, once", () => {
    const facts = commits(["a1", "ba5e"], ["a2", "a1"], ["a3", "a2", "a1", "f00"], ["a4", "a3"]);
    expect([...ancestorsInRange(facts, small.sha("a3"))].toSorted()).toEqual(
      ["a1", "a2", "a3"].map(small.sha),
    );
    expect([...ancestorsInRange(facts, outside ?? "")]).toEqual([]);
  });
});

describe("what landed differs from what was approved", () => {
  /** A file where the head left the base, as it was approved, as the base had it, and as it landed; "" where it is not there. */
  const compare = (...files: readonly (readonly [string, string, string, string])[]) => {
    const [before, approved, onto, landed] = [0, 1, 2, 3].map(
      (at) =>
        new Map(files.flatMap((file, name) => (file[at] === "" ? [] : [[`${name}.ts`, file[at] ?? ""]]))),
    );
    const none = new Map<string, string>();
    return differenceOf({
      ...{ before: before ?? none, approved: approved ?? none },
      ...{ onto: onto ?? none, landed: landed ?? none },
    });
  };
  const nowhere = { strange: [], mixed: [] };

  test.each([
    ["nowhere a file that neither side touched", ["a", "a", "a", "a"], nowhere],
    ["nowhere a file that landed as it was approved", ["a", "b", "a", "b"], nowhere],
    ["nowhere a file that was added as it was approved", ["", "b", "", "b"], nowhere],
    ["nowhere a file that was deleted as it was approved", ["a", "", "a", ""], nowhere],
    ["nowhere a file that only the base had changed", ["a", "a", "c", "c"], nowhere],
    ["nowhere a file that the base had changed in the same way", ["a", "b", "b", "b"], nowhere],
    ["in a file that nobody had changed", ["a", "a", "a", "x"], { strange: ["0.ts"], mixed: [] }],
    ["in a file that was not there", ["", "", "", "x"], { strange: ["0.ts"], mixed: [] }],
    ["in a file that is gone", ["a", "a", "a", ""], { strange: ["0.ts"], mixed: [] }],
    ["in a file that was approved otherwise", ["a", "b", "a", "x"], { strange: ["0.ts"], mixed: [] }],
    ["in a file that was added otherwise", ["", "b", "", "x"], { strange: ["0.ts"], mixed: [] }],
    ["in a file that was left as it was", ["a", "b", "a", "a"], { strange: ["0.ts"], mixed: [] }],
    ["in a file whose newer text was lost", ["a", "a", "c", "a"], { strange: ["0.ts"], mixed: [] }],
    ["perhaps in a file that both had changed", ["a", "b", "c", "x"], { strange: [], mixed: ["0.ts"] }],
    ["perhaps in one that both had added", ["", "b", "c", "b"], { strange: [], mixed: ["0.ts"] }],
  ] as const)("%s", (_where, file, difference) => {
    expect(compare(file)).toEqual(difference);
  });

  test.each([
    ["the base moved and the approved change edited", ["a", "b", "", ""], ["", "", "a", "b"]],
    ["the approved change moved and the base edited", ["a", "", "b", ""], ["", "a", "", "b"]],
  ] as const)("perhaps in a file that %s", (_how, from, to) => {
    expect(compare(from, to)).toEqual({ strange: [], mixed: ["0.ts", "1.ts"] });
    expect(compare(from, to, ["", "", "", "x"], ["a", "a", "a", "x"]).strange).toEqual(["2.ts", "3.ts"]);
    expect(compare(from, to, ["a", "b", "c", "d"])).toEqual({ strange: [], mixed: ["0.ts", "1.ts", "2.ts"] });
  });

  test("in a new file where none was moved", () => {
    expect(compare(["", "", "a", "b"], ["", "a", "", "b"], ["a", "b", "c", "d"])).toEqual({
      strange: ["0.ts", "1.ts"],
      mixed: ["2.ts"],
    });
  });

  test("in several files, which are named in order", () => {
    expect(
      compare(["a", "a", "a", "x"], ["a", "b", "c", "d"], ["", "", "", "y"], ["a", "b", "c", "c"]),
    ).toEqual({
      strange: ["0.ts", "2.ts"],
      mixed: ["1.ts", "3.ts"],
    });
  });
});
