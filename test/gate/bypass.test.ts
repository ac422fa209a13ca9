import { expect, test } from "vitest";
import { describeBypass, isBypass } from "../../src/gate/bypass.ts";
import type { Landing } from "../../src/gate/landing.ts";
import type { Outcome, Verdict } from "../../src/gate/verdict.ts";
import * as small from "./world.ts";

const merge = { at: "2026-11-20T11:00:00Z", by: small.paula, onto: small.olderSha, commit: null };
const arrival = { branch: "main", sha: small.sha("ab1e"), commits: 1, by: "paula" };

const waiting: Outcome = {
  kind: "waiting",
  needs: [
    { rule: "Senior sign-off", approvals: 1, level: "senior", candidates: ["sara"] },
    { rule: "High blast radius", approvals: 2, level: "staff", candidates: [] },
  ],
};

function landing(change: Partial<Verdict> = {}, facts: Partial<Landing["facts"]> = {}): Landing {
  const verdict = small.verdict({ outcome: waiting, ...change });
  const merged = small.pull({ merged: true, open: false, merge, ...facts });
  const more = { policies: [], config: small.config(small.policy()), unproven: null };
  return { facts: merged, later: merged, verdict, since: verdict, ...more };
}

function asks(...candidates: readonly string[]): Verdict["rules"][number] {
  return {
    policy: "acme/shop › .github/countersign/policy.yml",
    name: "Senior sign-off",
    because: "AI-assisted",
    require: { approvals: 1, level: "senior" },
    countersignedBy: [],
    missing: 1,
    candidates,
  };
}

test("what landed against an enforced policy is a bypass, and what is only observed is none", () => {
  const passed = { outcome: { kind: "countersigned", by: [] } } as const;
  expect([landing(), landing({ mode: "observe" }), landing(passed)].map(isBypass)).toEqual([
    true,
    false,
    false,
  ]);
});

test("the issue about a merge says what, who, what was missing and how to repair it", () => {
  const merged = landing({ evidence: [small.evidence()], rules: [asks("sara", "stan"), asks("sara")] });
  expect(describeBypass(merged, arrival)).toMatchInlineSnapshot(`
    "Merge of #7 reached main without the countersignature it needed

    \`paula\` merged #7 (\`Add a parser\`) into \`main\` as https://github.com/acme/shop/commit/ab1e000000000000000000000000000000000000.

    At that moment: 1 approval by senior or above missing for the rule \`Senior sign-off\`. 2 approvals by staff or above missing for the rule \`High blast radius\`.

    Signs of AI assistance:

    - trailer, \`claude-code\`: \`Co-Authored-By: Claude <noreply@anthropic.com>\`

    **To repair it**, one of these:

    - Whoever could have countersigned it before (\`sara\`, \`stan\`) looks at it and approves #7, or comments \`/countersign accept ab1e000000000000000000000000000000000000\` here, as the first line.
    - Revert it: the button is on the pull request.

    Until then the ledger has it as not cleared. This issue is closed by Countersign when it is."
  `);
});

test("the issue about what is not what was approved says so, and that only its own SHA accepts it", () => {
  const { sha } = arrival;
  const unproven = { sha, why: "what landed in @acme/x.ts is not what was approved" };
  const text = describeBypass({ ...landing(), unproven }, arrival);
  expect(text.split("\n").slice(3, 7)).toEqual([
    "",
    "No approval holds for it, because what landed in @\u2060acme/x.ts is not what was approved.",
    "",
    expect.stringContaining("At that moment: "),
  ]);
  expect(text.split("\n")).toContain(
    `- Whoever could have countersigned it before looks at it and comments \`/countersign accept ${sha}\` here, as the first line.`,
  );
});

test("the issue about a push says how much came, and names no pull request", () => {
  const pushed = landing({}, { merge: null, number: 0, url: "https://github.com/acme/shop/commit/ab1e" });
  expect(describeBypass(pushed, { ...arrival, commits: 3, by: null })).toMatchInlineSnapshot(`
    "Push of ab1e000 reached main without the countersignature it needed

    Somebody pushed 3 commits to \`main\` that no pull request brought, https://github.com/acme/shop/commit/ab1e.

    At that moment: 1 approval by senior or above missing for the rule \`Senior sign-off\`. 2 approvals by staff or above missing for the rule \`High blast radius\`.

    **To repair it**, one of these:

    - Whoever could have countersigned it before looks at it and comments \`/countersign accept ab1e000000000000000000000000000000000000\` here, as the first line.
    - Revert it.

    Until then the ledger has it as not cleared. This issue is closed by Countersign when it is."
  `);
  expect(describeBypass(pushed, arrival)).toContain("`paula` pushed a commit to `main`");
});

test("the commit is linked in its repository, whatever that is named", () => {
  const merged = landing({}, { number: 17, url: "https://github.com/pull/2/pull/17" });
  expect(describeBypass(merged, arrival)).toContain(`as https://github.com/pull/2/commit/${arrival.sha}.`);
});

test.each<[string, Outcome, string]>([
  [
    "that somebody objected",
    {
      kind: "objected",
      by: [
        { login: "sara", level: "senior" },
        { login: "stan", level: "staff" },
      ],
    },
    "At that moment: changes were requested by `sara`, `stan`.",
  ],
  [
    "what could not be read",
    {
      kind: "undecidable",
      problems: [
        { what: "The roster is broken.", repair: "Correct it." },
        { what: "So is the policy.", repair: "Too." },
      ],
    },
    "At that moment: it could not be decided. The roster is broken. So is the policy.",
  ],
  ["that nothing was missing", { kind: "countersigned", by: [] }, "At that moment: nothing was missing."],
  [
    "that nothing was missing",
    { kind: "overridden", by: { login: "stan", level: "staff" }, reason: "It burns" },
    "At that moment: nothing was missing.",
  ],
  [
    "that nothing was missing",
    { kind: "not-needed", why: "no sign" },
    "At that moment: nothing was missing.",
  ],
])("the issue says %s", (_what, outcome, line) => {
  expect(describeBypass(landing({ outcome }), arrival).split("\n")).toContain(line);
});

test("of evidence and of people it names ten", () => {
  const evidence = Array.from({ length: 11 }, (_, at) => small.evidence({ quote: `sign ${at}` }));
  const people = Array.from({ length: 11 }, (_, at) => `senior-${at}`);
  const text = describeBypass(landing({ evidence, rules: [asks(...people)] }), arrival);
  expect(text.match(/^- trailer, /gmu)).toHaveLength(10);
  expect(text.match(/`senior-\d+`/gu)).toHaveLength(10);
});

test("what people wrote fakes no line, and stands as code below the title, which mentions nobody", () => {
  const quote = "@acme/everyone\n# Repaired";
  const text = describeBypass(landing({ evidence: [small.evidence({ quote })] }, { title: quote }), {
    ...arrival,
    branch: quote,
  });
  expect(text.split("\n").filter((line) => line.startsWith("#"))).toEqual([]);
  expect(text.match(/(?<!`)@acme/gu)).toHaveLength(1);
  expect(text.split("\n")[0]).toBe(
    "Merge of #7 reached @acme/everyone # Repaired without the countersignature it needed",
  );
});
