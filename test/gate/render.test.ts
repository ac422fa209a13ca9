import { describe, expect, test } from "vitest";
import type { Facts } from "../../src/gate/facts.ts";
import { judge } from "../../src/gate/judge.ts";
import { render } from "../../src/gate/render.ts";
import type { Config } from "../../src/gate/verdict.ts";
import * as small from "./world.ts";

/** The check run as people see it: conclusion, title, summary. */
function checkRun(facts: Facts, config: Config = small.config(small.policy())): string {
  const verdict = judge(facts, config);
  if (verdict === null) return "no check run";
  const { conclusion, title, summary } = render(verdict);
  return `${conclusion}\n${title}\n\n${summary}`;
}

describe("the check run of", () => {
  test("a junior's AI-assisted pull request that a colleague and the author's pair approved", () => {
    const facts = small.reviewed(small.review(small.milo), small.review(small.sara));
    const pushed = { kind: "push", before: null, after: small.headSha, at: "2026-11-20T09:00:00Z" } as const;
    expect(checkRun({ ...facts, observations: [{ ...pushed, actor: small.sara }] })).toMatchInlineSnapshot(`
      "action_required
      Waiting for 1 approval by senior or above: stan or paula can

      Waiting for 1 approval by \`senior\` or above: \`stan\` or \`paula\` can.

      To countersign, approve \`c0ffee1\` in a review on GitHub. A later push asks for a new approval, unless it leaves the patch as it is.

      ### Evidence of AI assistance

      | Tool | Sign | Where |
      | --- | --- | --- |
      | \`claude-code\` | \`Co-Authored-By: Claude <noreply@anthropic.com>\` | trailer of [\`c0ffee1\`](https://github.com/acme/shop/pull/7/commits/c0ffee1000000000000000000000000000000000) |

      ### Contributors

      | Who | Level | Level from | What they did |
      | --- | --- | --- | --- |
      | \`june\` | \`junior\` | roster | opened the pull request, author of c0ffee1, committer of c0ffee1 |
      | \`sara\` | \`senior\` | roster | pushed c0ffee1 |

      ### Rules that apply

      | Rule | Because | Asks for | Countersigned by | Still needs |
      | --- | --- | --- | --- | --- |
      | \`Senior sign-off\` | AI-assisted, its lowest contributor is junior | 1 × \`senior\` or above | – | 1 by \`stan\` or \`paula\` |

      ### Reviews that do not count

      | By | Review | Why |
      | --- | --- | --- |
      | \`sara\` | approval | is a contributor to this change (pushed c0ffee1) |
      | \`milo\` | approval | is mid; the rules ask for senior or above |"
    `);
  });

  test("a pull request that a senior countersigned", () => {
    expect(checkRun(small.reviewed(small.review(small.sara)))).toMatchInlineSnapshot(`
      "success
      Countersigned by sara (senior)

      Countersigned by \`sara\` (\`senior\`).

      ### Evidence of AI assistance

      | Tool | Sign | Where |
      | --- | --- | --- |
      | \`claude-code\` | \`Co-Authored-By: Claude <noreply@anthropic.com>\` | trailer of [\`c0ffee1\`](https://github.com/acme/shop/pull/7/commits/c0ffee1000000000000000000000000000000000) |

      ### Contributors

      | Who | Level | Level from | What they did |
      | --- | --- | --- | --- |
      | \`june\` | \`junior\` | roster | opened the pull request, author of c0ffee1, committer of c0ffee1 |

      ### Rules that apply

      | Rule | Because | Asks for | Countersigned by | Still needs |
      | --- | --- | --- | --- | --- |
      | \`Senior sign-off\` | AI-assisted, its lowest contributor is junior | 1 × \`senior\` or above | \`sara\` (\`senior\`) | nothing |"
    `);
  });

  test("a pull request that a senior objects to", () => {
    const objection = small.review(small.sara, { state: "CHANGES_REQUESTED" });
    expect(checkRun(small.reviewed(objection, small.review(small.stan)))).toMatchInlineSnapshot(`
      "failure
      sara (senior) requested changes

      \`sara\` (\`senior\`) requested changes.

      This stands until \`sara\` approves. If somebody else dismisses it, one more approval is needed, from somebody who did not dismiss it.

      ### Evidence of AI assistance

      | Tool | Sign | Where |
      | --- | --- | --- |
      | \`claude-code\` | \`Co-Authored-By: Claude <noreply@anthropic.com>\` | trailer of [\`c0ffee1\`](https://github.com/acme/shop/pull/7/commits/c0ffee1000000000000000000000000000000000) |

      ### Contributors

      | Who | Level | Level from | What they did |
      | --- | --- | --- | --- |
      | \`june\` | \`junior\` | roster | opened the pull request, author of c0ffee1, committer of c0ffee1 |

      ### Rules that apply

      | Rule | Because | Asks for | Countersigned by | Still needs |
      | --- | --- | --- | --- | --- |
      | \`Senior sign-off\` | AI-assisted, its lowest contributor is junior | 1 × \`senior\` or above | \`stan\` (\`staff\`) | nothing |"
    `);
  });

  test("a pull request nobody can countersign, under two policies", () => {
    const roster = { ...small.smallRoster, people: [small.entry(small.june, "junior")] };
    const infra = small.rule({
      name: "High blast radius",
      when: { paths: ["src/**"], provenance: "any" },
      require: { approvals: 2, level: "staff" },
    });
    const organisation = small.policy({ origin: "acme/.github › .github/countersign/policy.yml" });
    const policies = [organisation, small.policy({ rules: [infra] })].map((value) => small.read(value));
    expect(checkRun(small.pull(), { roster: small.read(roster), policies })).toMatchInlineSnapshot(`
      "action_required
      Waiting for 2 approvals by staff or above: nobody can

      Waiting for 2 approvals by \`staff\` or above: nobody can.

      No way to satisfy High blast radius as it stands. Too few people can countersign: the others are contributors to this change, away, or below the level asked for. Ways out: add people to the roster.

      No way to satisfy Senior sign-off as it stands. Too few people can countersign: the others are contributors to this change, away, or below the level asked for. Ways out: add people to the roster.

      ### Evidence of AI assistance

      | Tool | Sign | Where |
      | --- | --- | --- |
      | \`claude-code\` | \`Co-Authored-By: Claude <noreply@anthropic.com>\` | trailer of [\`c0ffee1\`](https://github.com/acme/shop/pull/7/commits/c0ffee1000000000000000000000000000000000) |

      ### Contributors

      | Who | Level | Level from | What they did |
      | --- | --- | --- | --- |
      | \`june\` | \`junior\` | roster | opened the pull request, author of c0ffee1, committer of c0ffee1 |

      ### Rules that apply

      | Rule | Because | Asks for | Countersigned by | Still needs |
      | --- | --- | --- | --- | --- |
      | \`High blast radius\` of \`acme/shop › .github/countersign/policy.yml\` | changes src/parser.ts | 2 × \`staff\` or above | – | 2, but nobody can |
      | \`Senior sign-off\` of \`acme/.github › .github/countersign/policy.yml\` | AI-assisted, its lowest contributor is junior | 1 × \`senior\` or above | – | 1, but nobody can |"
    `);
  });

  test("a pull request in an organisation without a roster", () => {
    expect(checkRun(small.pull(), { roster: { kind: "absent" }, policies: [] })).toMatchInlineSnapshot(`
      "action_required
      Waiting for 1 approval by senior or above: nobody can, because there is no roster

      Waiting for 1 approval by \`senior\` or above: nobody can, because there is no roster.

      Put this on the default branch as \`.github/countersign/roster.yml\`, in the organisation's \`.github\` repository or in this one, with your own names:

      \`\`\`yaml
      people:
        ada: senior
        grace: junior
      \`\`\`

      ### Evidence of AI assistance

      | Tool | Sign | Where |
      | --- | --- | --- |
      | \`claude-code\` | \`Co-Authored-By: Claude <noreply@anthropic.com>\` | trailer of [\`c0ffee1\`](https://github.com/acme/shop/pull/7/commits/c0ffee1000000000000000000000000000000000) |

      ### Rules that apply

      | Rule | Because | Asks for | Countersigned by | Still needs |
      | --- | --- | --- | --- | --- |
      | \`Senior sign-off\` | AI-assisted, the level of its contributors is not known | 1 × \`senior\` or above | – | 1, but nobody can |"
    `);
  });

  test("a pull request whose facts are incomplete", () => {
    const why = "GitHub answered 502";
    const facts = small.pull({
      reviews: { kind: "unreadable", why },
      labels: { kind: "unreadable", why: "permission denied" },
    });
    expect(checkRun(facts)).toMatchInlineSnapshot(`
      "failure
      Could not decide: The labels could not be read completely: permission denied. The reviews could not be read completely: GitHub answered 502. Nothing to do: Countersign tries again. To try at once, comment /countersign recheck.

      Could not decide: The labels could not be read completely: permission denied. The reviews could not be read completely: GitHub answered 502. Nothing to do: Countersign tries again. To try at once, comment /countersign recheck.

      ### Evidence of AI assistance

      | Tool | Sign | Where |
      | --- | --- | --- |
      | \`claude-code\` | \`Co-Authored-By: Claude <noreply@anthropic.com>\` | trailer of [\`c0ffee1\`](https://github.com/acme/shop/pull/7/commits/c0ffee1000000000000000000000000000000000) |

      ### Contributors

      | Who | Level | Level from | What they did |
      | --- | --- | --- | --- |
      | \`june\` | \`junior\` | roster | opened the pull request, author of c0ffee1, committer of c0ffee1 |"
    `);
  });

  test("a pull request without a sign of AI assistance", () => {
    const facts = small.pull({ commits: small.read([small.plainCommit()]) });
    expect(checkRun(facts)).toMatchInlineSnapshot(`
      "success
      No countersignature needed: no sign of AI assistance

      No countersignature needed: no sign of AI assistance.

      ### Contributors

      | Who | Level | Level from | What they did |
      | --- | --- | --- | --- |
      | \`june\` | \`junior\` | roster | opened the pull request, author of c0ffee1, committer of c0ffee1 |"
    `);
  });

  test("a bot's pull request in observe mode, with remembered evidence and a label taken off", () => {
    const at = "2026-11-20T09:00:00Z";
    const facts = small.pull({
      author: small.copilot,
      assignees: [small.sara],
      commits: small.read([small.plainCommit({ author: small.gitIdentity(small.copilot) })]),
      timeline: small.read([
        { kind: "labeled", label: "ai-assisted", actor: small.sara, at },
        { kind: "unlabeled", label: "ai-assisted", actor: small.june, at },
      ]),
      observations: [
        {
          kind: "evidence",
          evidence: small.evidence({ place: { kind: "commit", sha: small.olderSha } }),
        },
      ],
    });
    expect(checkRun(facts, small.config(small.policy({ mode: "observe" })))).toMatchInlineSnapshot(`
      "neutral
      Observe only: Waiting for 1 approval by senior or above: stan or paula can

      **Observe only:** Waiting for 1 approval by \`senior\` or above: \`stan\` or \`paula\` can.

      To countersign, approve \`c0ffee1\` in a review on GitHub. A later push asks for a new approval, unless it leaves the patch as it is.

      ### Evidence of AI assistance

      | Tool | Sign | Where |
      | --- | --- | --- |
      | \`copilot\` | \`copilot-swe-agent[bot]\` | [account that opened the pull request](https://github.com/acme/shop/pull/7) |
      | – | \`ai-assisted\` | [label](https://github.com/acme/shop/pull/7), put on by \`sara\`, taken off by \`june\`, still counts |
      | \`copilot\` | \`copilot-swe-agent[bot]\` | account of [\`c0ffee1\`](https://github.com/acme/shop/pull/7/commits/c0ffee1000000000000000000000000000000000) |
      | \`claude-code\` | \`Co-Authored-By: Claude <noreply@anthropic.com>\` | trailer, seen on [\`01de400\`](https://github.com/acme/shop/pull/7/commits/01de400000000000000000000000000000000000), no longer in the branch |

      ### Contributors

      | Who | Level | Level from | What they did |
      | --- | --- | --- | --- |
      | \`sara\` | \`senior\` | roster | is assigned to the bot's pull request |
      | \`june\` | \`junior\` | roster | committer of c0ffee1 |

      ### Rules that apply

      | Rule | Because | Asks for | Countersigned by | Still needs |
      | --- | --- | --- | --- | --- |
      | \`Senior sign-off\` | observing only: AI-assisted, opened by a bot account, which counts as junior | 1 × \`senior\` or above | – | 1 by \`stan\` or \`paula\` |"
    `);
  });
});
