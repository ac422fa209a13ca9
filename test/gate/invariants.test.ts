import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Account } from "../../src/gate/accounts.ts";
import type { Commit, Facts, Observation } from "../../src/gate/facts.ts";
import { judge } from "../../src/gate/judge.ts";
import type { Policy } from "../../src/gate/policy.ts";
import { blocks } from "../../src/gate/strictest.ts";
import {
  commit,
  configChange,
  evidence,
  facts,
  others,
  policies,
  policy,
  push,
  seniors,
  someone,
} from "./arbitrary-facts.ts";
import * as small from "./world.ts";

/** FC_RUNS=5000 for a long run; the default keeps the whole folder within seconds. */
const runs = { numRuns: Number(process.env["FC_RUNS"] ?? 60) };

/** Whether the change is held up; one that is not gated is not. */
function isBlocked(facts: Facts, policies: readonly Policy[]): boolean {
  const verdict = judge(facts, small.config(...policies));
  return verdict !== null && blocks(verdict);
}

/**
 * Whether it waits for the look after a dismissed objection. That is asked for at the lowest level of the rules that match, so
 * one more rule that matches may lower it: the one thing in which more evidence or more contributors may ask for less.
 */
function looksAgain(facts: Facts, policies: readonly Policy[]): boolean {
  const rules = judge(facts, small.config(...policies))?.rules ?? [];
  return rules.some(({ name }) => name === "Dismissed objection");
}

/** Checks that what `change` adds never lets pass what is held up without it. */
function neverOpens<T>(added: fc.Arbitrary<T>, change: (facts: Facts, added: T) => Facts): void {
  fc.assert(
    fc.property(facts, policies, added, (facts, policies, added) => {
      fc.pre(isBlocked(facts, policies) && !looksAgain(facts, policies));
      expect(isBlocked(change(facts, added), policies)).toBe(true);
    }),
    runs,
  );
}

function withCommit(facts: Facts, commit: Commit): Facts {
  return facts.commits.kind === "read"
    ? { ...facts, commits: small.read([...facts.commits.value, commit]) }
    : facts;
}

function withReview(facts: Facts, author: Account): Facts {
  const last = small.review(author, { id: "99", submittedAt: "2026-11-20T11:59:00Z" });
  return facts.reviews.kind === "read"
    ? { ...facts, reviews: small.read([...facts.reviews.value, last]) }
    : facts;
}

function withObservation(facts: Facts, observation: Observation): Facts {
  return { ...facts, observations: [...facts.observations, observation] };
}

describe("a blocked change stays blocked", () => {
  test("after an approval by anybody who is no senior", () => {
    neverOpens(fc.constantFrom(...others), withReview);
  });

  test("after an approval of a commit with another patch, except that it ends its author's objection", () => {
    neverOpens(fc.constantFrom(...seniors), (facts, author) => {
      const { reviews } = facts;
      if (reviews.kind !== "read") return facts;
      const without = reviews.value.filter((each) => each.author?.id !== author.id);
      return without.length < reviews.value.length
        ? facts
        : withObservation(withReview(facts, author), {
            kind: "review",
            reviewId: "99",
            sha: small.sha("dead1"),
            base: facts.base,
          });
    });
  });

  test("after more evidence of any role and confidence", () => {
    neverOpens(evidence, withObservation);
  });

  test("after a label that declares AI assistance", () => {
    const labeled = { kind: "label", action: "labeled", label: "ai-assisted", actor: small.june } as const;
    neverOpens(fc.constant({ ...labeled, at: "2026-11-20T09:00:00Z" }), withObservation);
  });

  test("after one more commit by anybody", () => {
    // A commit of its own: one that ties others together could show that they came with a rebase.
    const parents = [small.sha("ba5e")];
    neverOpens(commit, (facts, commit) => withCommit(facts, { ...commit, sha: small.sha("feed"), parents }));
  });

  test("after one more push by anybody", () => {
    neverOpens(push, withObservation);
  });

  test("after one more pull request of the same change by anybody", () => {
    neverOpens(someone, (facts, author) => ({ ...facts, otherAuthors: [...facts.otherAuthors, author] }));
  });

  test("under one more policy, whatever that says and wherever it stands", () => {
    fc.assert(
      fc.property(facts, policies, policy, (facts, policies, more) => {
        fc.pre(isBlocked(facts, policies));
        expect(isBlocked(facts, [...policies, more])).toBe(true);
        expect(isBlocked(facts, [more, ...policies])).toBe(true);
      }),
      runs,
    );
  });
});

const why = "GitHub answered 502";
const unreadable = { kind: "unreadable", why } as const;

describe("what cannot be read never opens", () => {
  test.each(["commits", "files", "reviews", "labels", "timeline", "requiredOnBase"] as const)(
    "%s",
    (part) => {
      neverOpens(fc.constant(null), (facts) => ({ ...facts, [part]: unreadable }));
    },
  );

  test("files past their limit", () => {
    neverOpens(fc.constant(null), (facts) => ({ ...facts, files: { ...unreadable, pastLimit: true } }));
  });

  // Only proof lets an approval of another commit stand or a pusher countersign, so less of it holds up more, and reading
  // more patches or suggestions can only open: a look may judge before they are read, and never has to take a pass back.
  test("a patch", () => {
    neverOpens(fc.nat({ max: 3 }), (facts, which) => ({
      ...facts,
      patches: facts.patches.map((patch, at) =>
        at === which ? { ...patch, fingerprint: unreadable } : patch,
      ),
    }));
  });

  test("who left suggestions", () => {
    neverOpens(fc.constant(null), (facts) => ({ ...facts, suggestedBy: [] }));
  });

  test("the roster", () => {
    fc.assert(
      fc.property(facts, policies, (facts, policies) => {
        fc.pre(isBlocked(facts, policies));
        const verdict = judge(facts, { ...small.config(...policies), roster: unreadable });
        expect(verdict !== null && blocks(verdict)).toBe(true);
      }),
      runs,
    );
  });

  test("a policy", () => {
    fc.assert(
      fc.property(facts, policies, (facts, policies) => {
        const { roster, policies: readable } = small.config(...policies);
        const verdict = judge(facts, { roster, policies: [...readable, unreadable] });
        expect(verdict !== null && blocks(verdict)).toBe(true);
      }),
      runs,
    );
  });
});

describe("a change of the roster in force", () => {
  test("is never let pass by what asked for less before", () => {
    neverOpens(configChange, (facts, change) => ({
      ...facts,
      configChanges: [...facts.configChanges, change],
    }));
  });

  test("passes only with an approval that counts, whatever the policies say", () => {
    fc.assert(
      fc.property(facts, policies, configChange, (facts, policies, change) => {
        const verdict = judge({ ...facts, configChanges: [change] }, small.config(...policies));
        const guard = verdict?.rules.find(({ name }) => name === "The rules guard themselves");
        expect((verdict !== null && blocks(verdict)) || guard?.missing === 0).toBe(true);
      }),
      runs,
    );
  });
});

describe("a verdict", () => {
  test("is the same for the same facts, and plain JSON", () => {
    fc.assert(
      fc.property(facts, policies, (facts, policies) => {
        const config = small.config(...policies);
        const verdict = judge(facts, config);
        const replayed: unknown = JSON.parse(JSON.stringify(verdict));
        expect(judge(structuredClone(facts), structuredClone(config))).toStrictEqual(verdict);
        expect(replayed).toStrictEqual(verdict);
      }),
      runs,
    );
  });

  test("is the same whatever the order of the policies", () => {
    fc.assert(
      fc.property(facts, policies, (facts, policies) => {
        const turned = judge(facts, small.config(...policies.toReversed()));
        expect(turned).toStrictEqual(judge(facts, small.config(...policies)));
      }),
      runs,
    );
  });

  test("is countersigned only where a senior, who shaped nothing of it, approved the head or the same patch", () => {
    fc.assert(
      fc.property(facts, policies, (facts, policies) => {
        const verdict = judge(facts, small.config(...policies));
        const shaped = verdict?.contributors.flatMap(({ account }) => account?.id ?? []) ?? [];
        const approved = (facts.reviews.kind === "read" ? facts.reviews.value : []).flatMap((each) =>
          each.state === "APPROVED" && each.canPush && wouldLand(facts, each.commitSha)
            ? (each.author?.id ?? [])
            : [],
        );
        const could = seniors.some(({ id }) => id !== null && approved.includes(id) && !shaped.includes(id));
        expect(could || verdict?.outcome.kind !== "countersigned").toBe(true);
      }),
      runs,
    );
  });
});

function wouldLand(facts: Facts, sha: string | null): boolean {
  const is = (wanted: string) => facts.patches.find((patch) => patch.sha === wanted)?.fingerprint;
  const [then, now] = [sha === null ? undefined : is(sha), is(facts.headSha)];
  const same = then?.kind === "read" && now?.kind === "read" && then.value === now.value;
  return sha === facts.headSha || same;
}
