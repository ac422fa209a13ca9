import { expect, test } from "vitest";
import type { Facts, Observation } from "../../src/gate/facts.ts";
import {
  asMerged,
  atMerge,
  clears,
  type Found,
  type Landing,
  unproven,
  whyNotAccepted,
  withAcceptances,
} from "../../src/gate/landing.ts";
import type { Outcome } from "../../src/gate/verdict.ts";
import * as small from "./world.ts";

const [before, at, after] = ["2026-11-20T10:59:59Z", "2026-11-20T11:00:00Z", "2026-11-20T11:00:01Z"];
const mergeSha = small.sha("ab1e");
const merge = { at, by: small.paula, onto: small.olderSha, commit: small.plainCommit({ sha: mergeSha }) };

function merged(change: Partial<Facts> = {}): Facts {
  return small.pull({ merged: true, open: false, merge, ...change });
}

const passing = (outcome: Outcome) => small.verdict({ outcome });
const countersigned = passing({ kind: "countersigned", by: [] });
const waiting = passing({ kind: "waiting", needs: [] });

test("what passes an enforced policy clears; what is observed, waits, or cannot be decided does not", () => {
  const by = { login: "stan", level: "staff" };
  expect(
    [
      countersigned,
      passing({ kind: "overridden", by, reason: "It burns" }),
      passing({ kind: "not-needed", why: "no sign" }),
      waiting,
      passing({ kind: "objected", by: [by] }),
      passing({ kind: "undecidable", problems: [] }),
      { ...countersigned, mode: "observe" as const },
    ].map(clears),
  ).toEqual([true, true, true, false, false, false, false]);
});

test("of one that is not merged nothing is taken away", () => {
  const facts = small.reviewed(small.review(small.sara));
  expect([atMerge(facts), asMerged(facts)]).toEqual([facts, facts]);
});

test("reviews count up to the second of the merge, and no later ones", () => {
  const reviews = [before, at, after].map((submittedAt) =>
    small.review(small.sara, { id: submittedAt, submittedAt }),
  );
  expect(idsOf(atMerge(merged({ reviews: small.read(reviews) })))).toEqual([before, at]);
});

test("a review that was dismissed after the merge is what it was; one dismissed before it stays dismissed", () => {
  const dismissed = (reviewId: string, time: string) =>
    ({ kind: "review-dismissed", actor: small.stan, reviewId, previousState: "APPROVED", at: time }) as const;
  const gone = (id: string, state: "DISMISSED" | "CHANGES_REQUESTED") =>
    small.review(small.sara, { id, state, submittedAt: before });
  const facts = merged({
    reviews: small.read([
      gone("earlier", "DISMISSED"),
      gone("in its second", "DISMISSED"),
      gone("later", "DISMISSED"),
      gone("unknown", "DISMISSED"),
      gone("kept", "CHANGES_REQUESTED"),
    ]),
    timeline: small.read([
      dismissed("earlier", before),
      dismissed("in its second", at),
      dismissed("later", after),
      dismissed("kept", after),
    ]),
  });
  const { reviews, timeline } = atMerge(facts);
  expect(reviews.kind === "read" && reviews.value.map(({ state }) => state)).toEqual([
    "DISMISSED",
    "DISMISSED",
    "APPROVED",
    "DISMISSED",
    "CHANGES_REQUESTED",
  ]);
  expect(timeline.kind === "read" && timeline.value.map((event) => event.at)).toEqual([before, at]);
});

test("a label that was put on only after the merge was not there; one that was taken off or came back was", () => {
  const labeled = (label: string, time: string) =>
    ({ kind: "labeled", label, actor: small.june, at: time }) as const;
  const taken = { kind: "unlabeled", label: "late", actor: small.june, at: before } as const;
  const facts = merged({
    labels: small.read(["late", "early", "again", "always"]),
    timeline: small.read([
      taken,
      labeled("late", after),
      labeled("early", at),
      labeled("again", before),
      { ...taken, label: "again", at: after },
      labeled("again", after),
      { ...taken, label: "gone", at: after },
    ]),
  });
  expect(atMerge(facts).labels).toEqual(small.read(["early", "always", "gone", "again"]));
});

test("of what was seen, overrides and labels count up to the merge, and everything else for good", () => {
  const override = (time: string): Observation => ({
    kind: "override",
    comment: time,
    by: small.stan,
    reason: "It burns",
    sha: small.headSha,
    at: time,
  });
  const label = (time: string): Observation => ({
    kind: "label",
    action: "labeled",
    label: "ai-assisted",
    actor: small.june,
    at: time,
  });
  const push: Observation = {
    kind: "push",
    actor: small.june,
    before: null,
    after: small.headSha,
    at: after,
  };
  const accepted: Observation = accept(small.sara, mergeSha);
  const observations = [override(at), override(after), label(at), label(after), push, accepted];
  expect(atMerge(merged({ observations })).observations).toEqual([override(at), label(at), push, accepted]);
});

test("who was assigned only after the merge was not yet", () => {
  const assigned = (account: typeof small.sara | null, time: string) =>
    ({ kind: "assigned", account, actor: small.june, at: time }) as const;
  const left = (...timeline: readonly ReturnType<typeof assigned>[]) =>
    atMerge(merged({ assignees: [small.sara, small.stan, small.paula], timeline: small.read(timeline) }))
      .assignees;
  expect([
    left(assigned(small.stan, at), assigned(small.sara, after), assigned(null, after)),
    left(assigned(small.paula, after), assigned(small.sara, after)),
    left(assigned(small.stan, at)),
  ]).toEqual([[small.stan, small.paula], [small.stan], [small.sara, small.stan, small.paula]]);
});

test("what could not be read stays so", () => {
  const unreadable = { kind: "unreadable", why: "GitHub does not answer" } as const;
  const facts = merged({ reviews: unreadable, labels: unreadable, timeline: unreadable });
  expect(atMerge(facts)).toMatchObject({ reviews: unreadable, labels: unreadable, timeline: unreadable });
});

test("an acceptance is an approval of the head, whichever commit of what landed it names", () => {
  const commits = small.read([small.commit(), small.commit({ sha: small.olderSha })]);
  const accepted = [small.headSha, small.olderSha, mergeSha, small.sha("e15e")].map((sha) =>
    accept(small.sara, sha),
  );
  const facts = withAcceptances(merged({ commits, observations: accepted }));
  expect(facts.reviews).toEqual(
    small.read(
      [small.headSha, small.olderSha, mergeSha].map((sha) => ({
        id: `accept-${sha}`,
        author: small.sara,
        canPush: true,
        state: "APPROVED",
        submittedAt: after,
        commitSha: small.headSha,
      })),
    ),
  );
});

test("an acceptance stands beside the reviews, and can push only who is known to", () => {
  const review = small.review(small.paula);
  const access = [
    small.pushes(small.sara),
    { account: small.stan, canPush: small.read(false) },
    { account: small.milo, canPush: { kind: "unreadable", why: "no answer" } as const },
  ];
  const people = [small.sara, small.stan, small.milo, small.mallory];
  const observations = people.map((by) => accept(by, small.headSha, by.login));
  const { reviews } = withAcceptances(
    merged({ reviews: small.read([review]), pushAccess: access, observations }),
  );
  expect(reviews.kind === "read" && reviews.value.map(({ id, canPush }) => [id, canPush])).toEqual([
    ["1", true],
    ["accept-sara", true],
    ["accept-stan", false],
    ["accept-milo", false],
    ["accept-mallory", false],
  ]);
});

test("without an acceptance, or with none of what landed, the facts stay as they are", () => {
  const facts = merged({ commits: { kind: "absent" }, observations: [accept(small.sara, small.olderSha)] });
  expect(withAcceptances(facts)).toBe(facts);
  expect(withAcceptances({ ...facts, merge: null })).toEqual({ ...facts, merge: null });
});

test("only acceptances accept: an override or another command of what landed does not", () => {
  const by = small.sara;
  const command = { kind: "command", comment: "1", by, at: after } as const;
  const override = {
    kind: "override",
    comment: "2",
    by,
    reason: "It burns",
    sha: small.headSha,
    at,
  } as const;
  const facts = merged({ merge: { ...merge, commit: null }, observations: [command, override] });
  expect(withAcceptances(facts)).toBe(facts);
  expect(whyNotAccepted(accept(by, mergeSha), { ...landingOf(facts), since: waiting })).toContain(
    "accepts nothing",
  );
});

test("who accepts is told why it did not do, and nobody else is told anything", () => {
  const landing = landingOf(merged());
  const bots = small.read({ ...small.smallRoster, people: [small.entry(small.copilot, "senior")] });
  const refused = {
    reviewer: "milo",
    state: "approval",
    reason: "is mid; the rules ask for senior or above",
  };
  const another = { reviewer: "june", state: "approval", reason: "opened the pull request" };
  const said = [
    whyNotAccepted(accept(small.sara, small.sha("e15e")), landing),
    whyNotAccepted(accept(small.milo, mergeSha), {
      ...landing,
      since: { ...waiting, refused: [another, refused] },
    }),
    whyNotAccepted(accept(small.sara, mergeSha), landing),
    whyNotAccepted(accept(small.sara, mergeSha), { ...landing, since: countersigned }),
    whyNotAccepted(accept(small.copilot, mergeSha), {
      ...landing,
      config: { ...landing.config, roster: bots },
    }),
    whyNotAccepted(accept(small.sara, mergeSha), {
      ...landing,
      config: { ...landing.config, roster: { kind: "absent" } },
    }),
    whyNotAccepted(accept(small.mallory, mergeSha), { ...landing, facts: merged({ pushAccess: [] }) }),
  ];
  expect(said).toEqual([
    "this accepts nothing: the full SHA of a commit that landed belongs behind the command.",
    "this acceptance does not count (is mid; the rules ask for senior or above).",
    "this acceptance counts, and is not enough: more people have to countersign.",
    null,
    null,
    null,
    null,
  ]);
});

/** A merge by stan of the pull request that sara approved; @param change what is found of it. */
function landedAs(change: Partial<Found> = {}, facts: Partial<Facts> = {}): Landing {
  const approved = small.reviewed(small.review(small.sara));
  const rules = [small.rule({ when: { paths: ["infra/**"] }, require: { approvals: 1, level: "staff" } })];
  const landing = { ...landingOf(merged({ reviews: approved.reviews, ...facts })), verdict: countersigned };
  const config = small.config(small.policy(), small.policy({ origin: "infra", rules }));
  const commit = small.plainCommit({ sha: mergeSha, author: small.gitIdentity(small.stan) });
  const found: Found = {
    commit,
    merge: { ...merge, by: small.paula },
    isMerge: true,
    difference: small.read({ strange: ["infra/a.tf"], mixed: [] }),
    files: small.read([{ path: "infra/a.tf", previousPath: null, additions: 1, deletions: 0 }]),
    ...change,
  };
  return unproven({ ...landing, config }, found);
}

const github = { isMerge: false, difference: small.read({ strange: [], mixed: ["a.ts"] }) };

test("what somebody wrote into what landed waits for somebody else, by the rules for its files, too", () => {
  const { verdict, since } = landedAs();
  const needs = [
    { rule: "Senior sign-off", candidates: ["sara"] },
    { rule: "Two eyes", candidates: [] },
  ];
  expect(verdict).toMatchObject({ headSha: mergeSha, outcome: { kind: "waiting", needs } });
  expect(since).toEqual(verdict);
  expect(verdict.contributors.map(({ name, parts }) => [name, parts])).toEqual([
    [
      "june",
      ["opened the pull request", "author of c0ffee1", "committer of c0ffee1", "committer of ab1e000"],
    ],
    ["stan", ["author of ab1e000"]],
    ["paula", ["pushed ab1e000"]],
  ]);
});

test.each<[string, Partial<Found>]>([
  ["a merge that anybody can have made", { difference: github.difference }],
  ["a squash that is not what was approved", { isMerge: false }],
])("%s counts as written by whoever made it, and as approved by nobody", (_what, change) => {
  const { verdict } = landedAs(change);
  expect([verdict.outcome.kind, verdict.contributors.map(({ name }) => name)]).toEqual([
    "waiting",
    ["june", "stan", "paula"],
  ]);
});

test("what GitHub alone can have made keeps the verdict, and is not cleared by it", () => {
  const { verdict, since, unproven: found } = landedAs(github);
  expect(verdict).toEqual(countersigned);
  expect(since.outcome.kind).toBe("waiting");
  expect(since.contributors.map(({ name }) => name)).toEqual(["june"]);
  expect(found?.sha).toBe(mergeSha);
});

test("who had no part in it clears it by naming the commit that landed, and by no other", () => {
  const accepting = (by: typeof small.sara, sha: string) => {
    const observations = [accept(by, sha)];
    return landedAs({ ...github, files: small.read([]) }, { observations }).since.outcome.kind;
  };
  expect([accepting(small.sara, mergeSha), accepting(small.paula, mergeSha)]).toEqual([
    "countersigned",
    "countersigned",
  ]);
  expect([accepting(small.sara, small.headSha), accepting(small.june, mergeSha)]).toEqual([
    "waiting",
    "waiting",
  ]);
});

test("nobody has to say anything about what needs nobody, whatever landed", () => {
  const facts = merged({ commits: small.read([small.plainCommit()]) });
  const landing = landingOf(facts);
  const found = { commit: small.plainCommit({ sha: mergeSha }), merge, ...github, files: facts.files };
  expect(unproven(landing, found)).toBe(landing);
  const elsewhere = { ...landing, config: small.config(small.policy({ branches: ["next"] })) };
  expect(unproven(elsewhere, found)).toBe(elsewhere);
});

test("who merged it is left out where GitHub does not say who it was", () => {
  const { verdict } = landedAs({ merge: { ...merge, by: null } });
  expect(verdict.contributors.map(({ name }) => name)).toEqual(["june", "stan"]);
});

test("files of which one list is not complete are not known", () => {
  const unread = { kind: "unreadable", why: "too many", pastLimit: true } as const;
  expect(landedAs({ files: unread }).facts.files).toEqual(unread);
  expect(landedAs({}, { files: unread }).facts.files).toEqual(unread);
  const both = landedAs().facts.files;
  expect(both.kind === "read" && both.value.map(({ path }) => path)).toEqual(["src/parser.ts", "infra/a.tf"]);
});

test.each<[string, Partial<Found>, string]>([
  ["names the files", {}, "what landed in infra/a.tf is not what was approved"],
  [
    "names two files of many",
    { difference: small.read({ strange: ["a", "b", "c", "d"], mixed: ["e"] }) },
    "what landed in a, b and 2 more is not what was approved",
  ],
  [
    "says what a merge may be",
    { difference: small.read({ strange: [], mixed: ["a", "b"] }) },
    "the merge is not signed as one of GitHub's own, and main had changed a, b, too",
  ],
  [
    "says why nobody can tell",
    github,
    "main had changed a.ts, too, so what landed there is another text than was approved",
  ],
  [
    "says what could not be read",
    { isMerge: false, difference: { kind: "unreadable", why: "the tree is too large" } },
    "what landed cannot be compared with what was approved: the tree is too large",
  ],
  [
    "says what GitHub does not show",
    { isMerge: false, difference: { kind: "absent" } },
    "what landed cannot be compared with what was approved: GitHub does not show what it was made on",
  ],
])("the reason %s", (_what, change, why) => {
  expect(landedAs(change).unproven).toEqual({ sha: mergeSha, why });
});

test("who accepts something else than what landed is told what to accept", () => {
  const landing = landedAs(github);
  expect(whyNotAccepted(accept(small.sara, small.headSha), landing)).toBe(
    `this accepts nothing, because main had changed a.ts, too, so what landed there is another text than was approved. Look at \`${mergeSha}\`, and accept that.`,
  );
  expect(whyNotAccepted(accept(small.stan, mergeSha), landing)).toContain("is not enough");
});

function landingOf(facts: Facts): Landing {
  const more = { policies: [], config: small.config(small.policy()), unproven: null };
  return { facts, later: facts, verdict: waiting, since: waiting, ...more };
}

function accept(by: typeof small.sara, sha: string, comment = sha): Extract<Observation, { kind: "accept" }> {
  return { kind: "accept", comment, by, sha, at: after };
}

function idsOf({ reviews }: Facts): string[] {
  return reviews.kind === "read" ? reviews.value.map(({ id }) => id) : [];
}
