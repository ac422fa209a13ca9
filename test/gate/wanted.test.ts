import { describe, expect, test } from "vitest";
import type { Account } from "../../src/gate/accounts.ts";
import type { Commit, Facts, Observation } from "../../src/gate/facts.ts";
import type { Policy } from "../../src/gate/policy.ts";
import type { Roster } from "../../src/gate/roster.ts";
import type { Config } from "../../src/gate/verdict.ts";
import { acceptersIn, lacks, wanted, wantsPushers } from "../../src/gate/wanted.ts";
import * as small from "./world.ts";

const gone = small.sha("01de4");
const seen = (change: Parameters<typeof small.evidence>[0]): Observation => ({
  kind: "evidence",
  evidence: small.evidence(change),
});
const seenInGone = seen({ place: { kind: "commit", sha: gone } });
const byHand = small.read([small.plainCommit()]);

/** Which commits are looked for in the base branch. */
function located(change: Parameters<typeof small.pull>[0]): readonly string[] {
  return wanted(small.pull(change), null, []).landed;
}

describe("a commit is looked for in the base branch", () => {
  test("when evidence is remembered from it alone, once however many signs it carried", () => {
    const branch = seen({ place: { kind: "commit", sha: gone }, kind: "author", quote: "Claude" });
    expect(located({ commits: byHand, observations: [seenInGone, branch] })).toEqual([gone]);
  });

  test("but not when the policy in force counts a label, which the built-in one would not", () => {
    const facts = small.pull({ commits: byHand, observations: [seenInGone], labels: small.read(["robot"]) });
    const counting = small.policy({ ai: { ...small.policy().ai, labels: ["robot"] } });
    expect(wanted(facts, null, []).landed).toEqual([gone]);
    expect(wanted(facts, null, [counting]).landed).toEqual([]);
  });

  test.each([
    ["nothing is remembered", { commits: byHand }],
    ["another commit has evidence now", { observations: [seenInGone] }],
    [
      "evidence is remembered from the pull request itself, too",
      {
        commits: byHand,
        observations: [seenInGone, seen({ place: { kind: "pull-request" }, kind: "body" })],
      },
    ],
    [
      "the commit is still there",
      {
        commits: byHand,
        observations: [seen({ quote: "a note that is gone" })],
      },
    ],
    [
      "the commits could not be read",
      {
        commits: { kind: "unreadable", why: "502" } as const,
        observations: [seenInGone],
      },
    ],
  ])("but not when %s", (_why, change) => {
    expect(located(change)).toEqual([]);
  });
});

describe("the patches that are compared", () => {
  const at = "2026-11-20T09:00:00Z";
  const approval = { kind: "review", reviewId: "1", sha: gone, base: "main" } as const;
  const approved = small.reviewed(small.review(small.sara));
  const compared = (facts: Facts, roster: Roster | null = small.smallRoster) =>
    wanted(facts, roster, []).patches.map(({ base, sha }) => `${base} ${sha.slice(0, 7)}`);

  test("are those of every older approval and of the head, each once", () => {
    const twice = small.reviewed(small.review(small.sara), small.review(small.stan));
    const observations = [approval, { ...approval, reviewId: "2" }];
    expect(compared({ ...twice, observations })).toEqual(["main 01de400", "main c0ffee1"]);
  });

  test.each<[string, Facts]>([
    ["an approval of the head", approved],
    [
      "a request for changes",
      {
        ...small.reviewed(small.review(small.sara, { state: "CHANGES_REQUESTED" })),
        observations: [approval],
      },
    ],
    ["an approval for another base", { ...approved, observations: [{ ...approval, base: "next" }] }],
    ["an approval of a commit nobody knows", small.reviewed(small.review(small.sara, { commitSha: null }))],
    ["reviews that could not be read", small.pull({ reviews: { kind: "absent" } })],
    [
      "an approval of more files than can be read",
      {
        ...approved,
        observations: [approval],
        files: { kind: "unreadable", why: "too many", pastLimit: true },
      },
    ],
  ])("are none for %s", (_, facts) => {
    expect(compared(facts)).toEqual([]);
  });

  test("are none without a roster: nobody can countersign", () => {
    const push = { kind: "push", actor: small.sara, before: gone, after: small.headSha, at } as const;
    expect(compared({ ...approved, observations: [approval, push] }, null)).toEqual([]);
  });

  test("are those before and after each push of somebody who did nothing else", () => {
    const push = { kind: "push", before: gone, after: small.headSha, at } as const;
    const again = { ...push, before: small.sha("a1"), after: small.sha("a2") };
    const observations = [
      { ...push, actor: small.sara },
      { ...again, actor: small.sara },
      { ...push, actor: small.june, before: small.sha("a3") },
    ];
    expect(compared(small.pull({ observations }))).toEqual([
      "main 01de400",
      "main c0ffee1",
      "main a100000",
      "main a200000",
    ]);
  });

  test.each([
    { kind: "force-pushed", before: null, after: small.headSha },
    { kind: "force-pushed", before: gone, after: null },
  ] as const)("are none for a force-push from %o", (event) => {
    const timeline = small.read([{ ...event, actor: small.sara, at }]);
    expect(compared(small.pull({ timeline }))).toEqual([]);
  });

  test("is the one after the first push of a branch, which may have brought nothing", () => {
    const push = { kind: "push", actor: small.sara, before: null, after: small.headSha, at } as const;
    expect(compared(small.pull({ observations: [push] }))).toEqual(["main c0ffee1"]);
  });
});

describe("suggestions", () => {
  const signed = (...coAuthors: readonly Account[]) =>
    small.plainCommit({ coAuthors: coAuthors.map(small.gitIdentity), signedByGitHub: true });
  const asked = (commits: readonly Commit[], roster: Roster | null = small.smallRoster) =>
    wanted(small.pull({ commits: small.read(commits) }), roster, []).suggestions;

  test("are read when one of the co-authors of one commit may have left one", () => {
    expect(asked([small.plainCommit(), signed(small.june, small.sara)])).toBe(true);
  });

  test("are not read otherwise, nor without a roster", () => {
    expect(asked([small.plainCommit(), signed(small.june)])).toBe(false);
    expect(asked([])).toBe(false);
    expect(asked([signed(small.sara)], null)).toBe(false);
  });
});

describe("push access", () => {
  const by = (by: Account, sha = small.headSha): Observation => ({
    kind: "override",
    comment: `${by.login} ${sha}`,
    by,
    reason: "outage",
    sha,
    at: "2026-11-20T11:00:00Z",
  });
  const observations = [
    by(small.mallory),
    by(small.sara),
    by(small.stan, gone),
    by(small.user("sara-smith", small.sara.id)),
    by(small.paula),
    seenInGone,
  ];
  const asked = (policies: readonly Policy[], roster: Roster | null = small.smallRoster) =>
    wanted(small.pull({ observations }), roster, policies).pushAccess.map(({ login }) => login);
  const lets = small.policy({ override: { level: "staff" } });

  test("is asked about people of the roster who overrode at this head, each once, and about others who wait for an answer", () => {
    expect(asked([small.policy(), lets])).toEqual(["sara", "paula", "mallory"]);
  });

  test("is asked about nobody else where no policy lets anybody override, and nobody without a roster", () => {
    expect(asked([small.policy()])).toEqual(["mallory"]);
    expect(asked([lets], null)).toEqual([]);
  });
});

describe("notes and old paths", () => {
  const asked = (...policies: readonly Policy[]) => {
    const { notes, oldPaths } = wanted(small.pull(), small.smallRoster, policies);
    return { notes, oldPaths };
  };
  const none = small.policy({ rules: [small.rule({})] });

  test("are read where one policy looks at them", () => {
    const noted = small.policy({ ai: { ...none.ai, notes: true } });
    const exempting = small.policy({ exempt: [{ onlyPaths: ["docs/**"] }] });
    const byPath = small.policy({ rules: [small.rule({}), small.rule({ when: { paths: ["src/**"] } })] });
    expect(asked(none, noted)).toEqual({ notes: true, oldPaths: false });
    expect(asked(none, exempting)).toEqual({ notes: false, oldPaths: true });
    expect(asked(none, byPath)).toEqual({ notes: false, oldPaths: true });
    expect(asked(none, none)).toEqual({ notes: false, oldPaths: false });
  });
});

describe("facts that were read for other rules", () => {
  const suggestion = small.plainCommit({
    signedByGitHub: true,
    coAuthors: [small.gitIdentity(small.sara)],
  });
  const overriding: Observation = {
    kind: "override",
    comment: "9",
    by: small.user("stan", 9_104),
    reason: "urgent",
    sha: small.headSha,
    at: "2026-11-20T11:00:00Z",
  };
  const told: Observation = {
    kind: "push",
    actor: small.june,
    before: null,
    after: small.headSha,
    at: "2026-11-20T09:00:00Z",
  };
  const overridable = small.policy({ override: { level: "staff" } });
  const withNotes = small.policy({ ai: { ...small.policy().ai, notes: true } });
  const withExempt = small.policy({ exempt: [{ onlyPaths: ["docs/**"] }] });
  const forced = (before: string, after: string) =>
    [{ kind: "force-pushed", actor: small.june, before, after, at: "2026-11-20T09:00:00Z" }] as const;
  const old: Partial<Facts> = { timeline: small.read(forced(gone, small.headSha)) };
  const older = small.reviewed(small.review(small.sara, { commitSha: small.olderSha }));
  const byOlder = {
    ...older,
    observations: [{ kind: "review", reviewId: "1", sha: small.olderSha, base: "main" } as const],
  };
  const toldOlder = { ...byOlder, observations: [...byOlder.observations, told] };
  const patch = { base: "main", fingerprint: small.read("same") };
  const compared = [small.olderSha, small.headSha].map((sha) => ({ ...patch, sha }));

  test.each([
    ["notes, which nobody read", {}, withNotes, true],
    ["notes, of which there are none", { notes: small.read([]) }, withNotes, false],
    ["where evidence landed", { commits: byHand, observations: [seenInGone] }, small.policy(), true],
    ["a head that was replaced", old, small.policy(), true],
    [
      "a head that was replaced and read",
      { ...old, oldHeads: [{ sha: gone, commits: byHand }] },
      small.policy(),
      false,
    ],
    [
      "one of two heads that were replaced",
      {
        timeline: small.read([...forced(small.sha("02de4"), gone), ...forced(gone, small.headSha)]),
        oldHeads: [{ sha: gone, commits: byHand }],
      },
      small.policy(),
      true,
    ],
    ["who left suggestions", { commits: small.read([suggestion]) }, small.policy(), true],
    [
      "who left suggestions, which is known",
      { commits: small.read([suggestion]), suggestedBy: [small.sara] },
      small.policy(),
      false,
    ],
    ["a patch that was not compared", byOlder, small.policy(), true],
    [
      "a patch that was not compared, where another of the same base was",
      { ...toldOlder, patches: [{ ...patch, sha: small.sha("a1") }] },
      small.policy(),
      true,
    ],
    [
      "a patch that was compared with another base",
      { ...toldOlder, patches: compared.map((one) => ({ ...one, base: "next" })) },
      small.policy(),
      true,
    ],
    ["a patch that was compared", { ...toldOlder, patches: compared }, small.policy(), false],
    [
      "who pushed what is approved, of whom nobody told",
      small.reviewed(small.review(small.sara)),
      small.policy(),
      true,
    ],
    [
      "who pushed what is approved, which was told",
      { ...small.reviewed(small.review(small.sara)), observations: [told] },
      small.policy(),
      false,
    ],
    ["whether who overrode can push", { observations: [overriding], pushAccess: [] }, overridable, true],
    [
      "whether who overrode can push, which is known",
      { observations: [{ ...overriding, by: small.stan }, told] },
      overridable,
      false,
    ],
    ["the old names of renamed files", {}, withExempt, true],
    ["nothing special", {}, small.policy(), false],
  ])("for %s", (_what, change, policy, expected) => {
    expect(lacks(small.pull(change), small.config(policy), { samePolicies: false })).toBe(expected);
  });

  test("lack what one file makes matter though the other cannot be read, and nothing without a roster", () => {
    const rules = (change: Partial<Config>) => ({ ...small.config(), ...change });
    const broken = { kind: "unreadable", why: "broken" } as const;
    expect(
      [rules({ policies: [broken] }), rules({ roster: broken }), rules({ roster: { kind: "absent" } })].map(
        (config) => lacks(small.pull(byOlder), config, { samePolicies: false }),
      ),
    ).toEqual([true, false, false]);
  });

  test("hold the old names of renamed files where only the roster differs", () => {
    expect(lacks(small.pull(), small.config(withExempt), { samePolicies: true })).toBe(false);
  });
});

describe("who pushed is asked of GitHub", () => {
  const push = {
    kind: "push",
    actor: small.june,
    before: null,
    after: small.headSha,
    at: "2026-11-20T10:00:00Z",
  } as const;
  const approved = small.reviewed(small.review(small.sara));
  const plain = { commits: small.read([small.plainCommit()]) };
  const anyLevel = small.rule({ when: { levelBelow: "junior", provenance: "any" } });
  const aiOnly = small.rule({ when: { levelBelow: "junior" } });
  const anyPath = small.rule({ when: { paths: ["infra/**"], provenance: "any" } });
  const broken = { kind: "unreadable", why: "broken" } as const;

  test.each<[string, Facts, Config, boolean]>([
    ["where people let it pass", approved, small.config(), true],
    ["not where every push was told of", { ...approved, observations: [push] }, small.config(), false],
    ["not where it waits all the same", small.pull(), small.config(), false],
    [
      "not where only observing lets it through",
      small.pull(),
      small.config(small.policy({ mode: "observe" })),
      false,
    ],
    ["not where nothing gates the base", { ...approved, base: "topic" }, small.config(), false],
    [
      "not where no AI was seen and no level matters",
      small.pull(plain),
      small.config(small.policy({ rules: [aiOnly, anyPath] })),
      false,
    ],
    [
      "where no AI was seen and a level matters",
      small.pull(plain),
      small.config(small.policy({ rules: [aiOnly, anyLevel] })),
      true,
    ],
    [
      "where one of several policies asks for a level",
      small.pull(plain),
      small.config(small.policy(), small.policy({ rules: [anyLevel] })),
      true,
    ],
    [
      "where people let pass what no AI was seen in, whatever the level",
      { ...approved, ...plain },
      small.config(small.policy({ rules: [small.rule({ when: { provenance: "any" } })] })),
      true,
    ],
    [
      "not where there is no policy of its own and no AI was seen",
      small.pull(plain),
      { ...small.config(), policies: [{ kind: "absent" }] },
      false,
    ],
    ["where AI was seen and no rule applies", small.pull(), small.config(small.policy({ rules: [] })), true],
    [
      "not where a policy cannot be read",
      small.pull(plain),
      { ...small.config(), policies: [broken] },
      false,
    ],
  ])("%s", (_when, facts, config, expected) => {
    expect(wantsPushers(facts, config)).toBe(expected);
  });
});

test("those who accepted what was merged are asked about once each", () => {
  const accept = (by: typeof small.sara, comment: string) =>
    ({ kind: "accept", comment, by, sha: small.headSha, at: "2026-11-20T12:00:00Z" }) as const;
  const command = { kind: "command", comment: "4", by: small.milo, at: "2026-11-20T12:00:00Z" } as const;
  const observations = [accept(small.sara, "1"), accept(small.stan, "2"), accept(small.sara, "3"), command];
  expect(acceptersIn(small.pull({ observations }))).toEqual([small.sara, small.stan]);
});
