import { describe, expect, test } from "vitest";
import { messageBytesMax } from "../../src/gate/detect.ts";
import { evidenceKey } from "../../src/gate/assistance.ts";
import { enforcedBy, judge } from "../../src/gate/judge.ts";
import type { Facts } from "../../src/gate/facts.ts";
import { defaultPolicy } from "../../src/gate/policy.ts";
import type { Config } from "../../src/gate/verdict.ts";
import * as small from "./world.ts";

const trailer = "Co-Authored-By: Claude <noreply@anthropic.com>";

describe("judge", () => {
  test("gives the whole reason for a verdict as plain data", () => {
    expect(judge(small.reviewed(small.review(small.milo)), small.config(defaultPolicy))).toEqual({
      outcome: {
        kind: "waiting",
        needs: [
          { rule: "Senior sign-off", approvals: 1, level: "senior", candidates: ["sara", "stan", "paula"] },
        ],
      },
      mode: "enforce",
      number: 7,
      url: "https://github.com/acme/shop/pull/7",
      headSha: small.headSha,
      siblings: [],
      evidence: [small.evidence({ quote: trailer })],
      contributors: [
        small.contributor({
          parts: ["opened the pull request", "author of c0ffee1", "committer of c0ffee1"],
        }),
      ],
      rules: [
        {
          policy: "built-in defaults",
          name: "Senior sign-off",
          because: "AI-assisted, its lowest contributor is junior",
          require: { approvals: 1, level: "senior" },
          countersignedBy: [],
          missing: 1,
          candidates: ["sara", "stan", "paula"],
        },
      ],
      refused: [{ reviewer: "milo", state: "approval", reason: "is mid; the rules ask for senior or above" }],
      notes: [],
    });
  });

  test("says no more than who countersigned, and asks nobody else", () => {
    const verdict = judge(small.reviewed(small.review(small.sara)), small.config(defaultPolicy));
    const by = [{ login: "sara", level: "senior" }];
    expect(verdict?.outcome).toStrictEqual({ kind: "countersigned", by });
    expect(verdict?.rules).toStrictEqual([
      {
        policy: "built-in defaults",
        name: "Senior sign-off",
        because: "AI-assisted, its lowest contributor is junior",
        require: { approvals: 1, level: "senior" },
        countersignedBy: by,
        missing: 0,
        candidates: [],
      },
    ]);
  });

  test("asks nobody for the look that was had after a dismissed objection", () => {
    const facts = small.reviewed(small.review(small.sara, { state: "DISMISSED" }), small.review(small.stan));
    const event = { kind: "review-dismissed", reviewId: "1", previousState: "CHANGES_REQUESTED" } as const;
    const timeline = small.read([{ ...event, actor: small.june, at: "2026-11-20T11:00:00Z" }]);
    expect(judge({ ...facts, timeline }, small.config(defaultPolicy))?.rules[1]).toEqual({
      policy: "built-in defaults",
      name: "Dismissed objection",
      because: "june dismissed the request for changes by sara",
      require: { approvals: 1, level: "senior" },
      countersignedBy: [{ login: "stan", level: "staff" }],
      missing: 0,
      candidates: [],
    });
  });

  test("without a roster shows what applies, and that nobody can countersign", () => {
    const verdict = judge(small.pull(), { roster: { kind: "absent" }, policies: [] });
    const require = { approvals: 1, level: "senior" };
    expect(verdict?.rules).toEqual([
      {
        policy: "built-in defaults",
        name: "Senior sign-off",
        because: "AI-assisted, the level of its contributors is not known",
        require,
        countersignedBy: [],
        missing: 1,
        candidates: [],
      },
    ]);
    expect(verdict?.notes).toEqual(["There is no roster, so nobody can countersign."]);
  });

  test("without a roster guards no file", () => {
    const proposal = { kind: "broken", problems: ["1:1: no YAML"] } as const;
    const facts = small.pull({
      commits: small.read([small.plainCommit()]),
      configChanges: [{ file: "roster", name: "roster.yml", proposal }],
    });
    expect(judge(facts, { roster: { kind: "absent" }, policies: [] })?.outcome.kind).toBe("not-needed");
  });

  test("tells of five broken notes at most", () => {
    const notes = small.read(Array.from({ length: 6 }, (_, at) => ({ sha: small.sha(`a${at}`), text: "" })));
    expect(judge(small.pull({ notes }), small.config(defaultPolicy))?.notes).toEqual(
      [0, 1, 2, 3, 4].map(
        (at) =>
          `The git-ai note on a${at}00000 could not be read and says nothing: it has no line --- between files and data.`,
      ),
    );
  });

  test("applies the built-in policy where no policy was found", () => {
    const none = { roster: small.read(small.smallRoster), policies: [{ kind: "absent" }] as const };
    expect(judge(small.pull(), none)).toEqual(judge(small.pull(), small.config(defaultPolicy)));
  });

  test("takes a policy that cannot be read for one that gates every base", () => {
    const why = "policy.yml:1:1: broken.";
    const config = {
      roster: small.read(small.smallRoster),
      policies: [{ kind: "unreadable", why }] as const,
    };
    const configChanges = [{ file: "policy", name: "policy.yml", proposal: { kind: "policy" } }] as const;
    for (const change of [{}, { configChanges }]) {
      expect(judge(small.pull({ base: "feature/x", ...change }), config)).toMatchObject({
        mode: "enforce",
        outcome: {
          kind: "undecidable",
          problems: [{ what: why, repair: "Repair the policy file on the default branch." }],
        },
      });
    }
  });

  test.each(["commits", "labels", "reviews", "timeline"] as const)("cannot decide without the %s", (name) => {
    const facts = { ...small.pull(), [name]: { kind: "absent" } };
    const verdict = judge(facts, small.config(defaultPolicy));
    expect(verdict?.outcome).toEqual({
      kind: "undecidable",
      problems: [
        {
          what: `The ${name} could not be read completely: GitHub sent none.`,
          repair: "Nothing to do: Countersign tries again. To try at once, comment /countersign recheck.",
        },
      ],
    });
  });

  test.each([
    [messageBytesMax, "not-needed"],
    [messageBytesMax + 1, "undecidable"],
  ])("with a message of %i bytes is %s", (bytes, kind) => {
    const message = `${"é".repeat(Math.floor(bytes / 2))}${bytes % 2 === 1 ? "a" : ""}`;
    const facts = small.pull({ commits: small.read([small.plainCommit({ message })]) });
    expect(judge(facts, small.config(defaultPolicy))?.outcome.kind).toBe(kind);
  });

  test("names the level a rule asks for in vain", () => {
    const lost = small.policy({ rules: [small.rule({ require: { approvals: 1, level: "wizard" } })] });
    expect(judge(small.pull(), small.config(lost))?.outcome).toEqual({
      kind: "undecidable",
      problems: [
        {
          what: "The rule Two eyes of acme/shop › .github/countersign/policy.yml asks for the level wizard, which acme/.github › .github/countersign/roster.yml does not have.",
          repair:
            "Use one of junior, mid, senior, staff, principal in the policy, or add the level to the roster.",
        },
      ],
    });
  });

  test("leaves out of the candidates who countersigned already, also under a new login", () => {
    const twice = small.policy({ rules: [small.rule({ require: { approvals: 2, level: "senior" } })] });
    const verdict = judge(small.reviewed(small.review(small.user("sara-smith", 103))), small.config(twice));
    expect(verdict?.rules[0]).toMatchObject({ missing: 1, candidates: ["stan", "paula"] });
  });

  test("does not let a dismisser look again under another spelling of the login", () => {
    const facts = small.reviewed(
      small.review(small.sara, { state: "DISMISSED" }),
      small.review(small.user("stan-lee", small.stan.id)),
    );
    const at = "2026-11-20T11:00:00Z";
    const event = {
      kind: "review-dismissed",
      reviewId: "1",
      previousState: "CHANGES_REQUESTED",
      at,
    } as const;
    const dismissed = { ...facts, timeline: small.read([{ ...event, actor: small.stan }]) };
    expect(judge(dismissed, small.config(defaultPolicy))?.outcome.kind).toBe("waiting");
  });

  test("judges each policy by its own mode", () => {
    const observing = small.policy({ mode: "observe" });
    const passing = small.policy({ rules: [] });
    expect(judge(small.pull(), small.config(observing))?.mode).toBe("observe");
    expect(judge(small.pull(), small.config(observing, defaultPolicy))?.mode).toBe("enforce");
    expect(judge(small.pull(), small.config(passing))?.outcome).toEqual({
      kind: "not-needed",
      why: "no rule applies: the lowest level among its contributors is junior",
    });
  });
});

describe("a branch is gated in enforce mode", () => {
  const by = (config: Config, change: Partial<Facts> = {}) => enforcedBy(small.pull(change), config);
  const main = small.policy({ origin: "main", branches: ["main"] });
  const next = small.policy({ origin: "next", branches: ["next"] });
  const observing = small.policy({ origin: "observing", mode: "observe" });

  test("by the policies that name it and do not only observe", () => {
    expect(by(small.config(main, next, observing, small.policy({ origin: "default" })))).toEqual([
      "main",
      "default",
    ]);
    expect([by(small.config(observing)), by(small.config(next))]).toEqual([[], []]);
  });

  test("by those that name the base of its stack, and by all where a ruleset requires the check", () => {
    expect(by(small.config(main, next), { stackBase: "next" })).toEqual(["main", "next"]);
    expect(by(small.config(main, next, observing), { requiredOnBase: small.read(true) })).toEqual([
      "main",
      "next",
    ]);
  });

  test("by the built-in policy where there is none, and by none that cannot be read", () => {
    const broken = { kind: "unreadable", why: "broken" } as const;
    expect(by({ ...small.config(), policies: [{ kind: "absent" }] })).toEqual(["built-in defaults"]);
    expect(by({ ...small.config(main), policies: [broken, small.read(main)] })).toEqual(["main"]);
  });
});

test.each(["ai-assisted", "AI-generated"])(
  "the label %s declares AI where no policy says which do",
  (label) => {
    const facts = small.pull({ commits: small.read([small.plainCommit()]), labels: small.read([label]) });
    expect(judge(facts, small.config())).toMatchObject({
      outcome: { kind: "waiting" },
      evidence: [{ tool: "any", kind: "label", role: "assisted", confidence: "official", quote: label }],
    });
  },
);

describe("the key of a piece of evidence", () => {
  test("is the same for the same sign seen earlier, another for another commit, tool, kind or quote", () => {
    const seen = small.evidence();
    const others = [
      small.evidence({ tool: "cursor" }),
      small.evidence({ kind: "author" }),
      small.evidence({ quote: "x" }),
      small.evidence({ place: { kind: "commit", sha: small.olderSha } }),
      small.evidence({ place: { kind: "pull-request" } }),
      small.evidence({ place: { kind: "label", by: null, at: null, removedBy: null } }),
    ];
    expect(evidenceKey({ ...seen, remembered: true })).toBe(evidenceKey(seen));
    expect(new Set([seen, ...others].map(evidenceKey)).size).toBe(7);
  });

  test("keeps its parts apart", () => {
    const one = small.evidence({ place: { kind: "commit", sha: "ab" }, quote: "c" });
    const other = small.evidence({ place: { kind: "commit", sha: "a" }, quote: "bc" });
    expect(evidenceKey(one)).not.toBe(evidenceKey(other));
  });
});
