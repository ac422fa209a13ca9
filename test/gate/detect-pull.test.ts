import { describe, expect, test } from "vitest";
import { counts, detectPull, toolIdentity } from "../../src/gate/detect.ts";
import type { Evidence } from "../../src/gate/evidence.ts";
import type { Account, GitIdentity } from "../../src/gate/accounts.ts";
import { bot, commit, quietPull, user } from "./quiet.ts";

describe("detectPull", () => {
  const kinds = (evidence: readonly Evidence[]) =>
    evidence.map(({ kind, tool, quote }) => `${kind} ${tool} ${quote}`);

  test("reads author, branch and body, and then the commits", () => {
    const body =
      "Adds upload.\n\nLink to Devin run: https://app.devin.ai/sessions/0123456789abcdef0123456789abcdef\nAssisted-by: Cursor\n";
    const facts = {
      ...quietPull,
      author: bot("copilot-swe-agent[bot]", 198982749),
      headRef: "codex/add-upload",
      body,
      commits: {
        kind: "read",
        value: [
          {
            ...commit(`Change\n\nMade-with: Cursor\n`),
            tree: "1",
            parents: [],
            coAuthors: [],
            signedByGitHub: false,
          },
        ],
      },
    } as const;
    expect(kinds(detectPull(facts, []))).toEqual([
      "login copilot copilot-swe-agent[bot]",
      "branch codex codex/add-upload",
      "body cursor Assisted-by: Cursor",
      "body devin Link to Devin run: https://app.devin.ai/sessions/0123456789abcdef0123456789abcdef",
      "trailer cursor Made-with: Cursor",
    ]);
  });

  test("does not take a reviewer's text, a template or a dependency bot's release notes for evidence", () => {
    const template = "Adds upload.\n\n<!-- Write\nGenerated with Claude Code\nif so -->\n";
    expect(detectPull({ ...quietPull, body: template }, [])).toEqual([]);
    expect(detectPull({ ...quietPull, body: "Adds upload.\n\n<!-- CURSOR_SUMMARY -->\n" }, [])).toEqual([]);
    const notes = {
      ...quietPull,
      author: bot("dependabot[bot]", 49699333),
      body: "x\n\nGenerated with Claude Code\n",
    };
    expect(detectPull(notes, [])).toEqual([]);
  });

  test.each([
    ["a workflow's bot", bot("github-actions[bot]", 41898282)],
    ["a person called like a dependency bot", user("dependabot-fan", 7)],
  ])("reads what %s wrote", (_, author) => {
    const body = "Generated with Claude Code\n";
    expect(kinds(detectPull({ ...quietPull, author, body }, []))).toEqual([
      "body claude-code Generated with Claude Code",
    ]);
  });

  test("does not take a person's branch or a tool's trigger label for evidence", () => {
    const labels = { kind: "read", value: ["claude", "jules", "bug"] } as const;
    for (const headRef of [
      "cursor-extension",
      "codegen-fix",
      "crush-fantasy",
      "cursor/blink",
      "feature/claude",
    ]) {
      expect(detectPull({ ...quietPull, headRef, labels }, [])).toEqual([]);
    }
  });

  test("takes a declared label in any case, and remembers who put it on and took it off", () => {
    const at = (second: number) => `2026-11-22T10:00:0${second}Z`;
    const facts = {
      ...quietPull,
      labels: { kind: "read", value: ["AI-Written"] },
      timeline: {
        kind: "read",
        value: [
          { kind: "labeled", label: "AI-Written", actor: user("ada", 1), at: at(1) },
          { kind: "labeled", label: "ai assisted", actor: user("ada", 1), at: at(2) },
        ],
      },
      observations: [
        { kind: "label", action: "unlabeled", label: "ai assisted", actor: user("grace", 2), at: at(3) },
      ],
    } as const;
    const common = { tool: "any", kind: "label", remembered: false };
    expect(detectPull(facts, ["ai-written"])).toEqual([
      {
        ...common,
        role: "assisted",
        confidence: "official",
        place: { kind: "label", by: "ada", at: at(1), removedBy: null },
        quote: "AI-Written",
      },
      {
        ...common,
        role: "wrote",
        confidence: "convention",
        place: { kind: "label", by: "ada", at: at(2), removedBy: "grace" },
        quote: "ai assisted",
      },
    ]);
  });
});

describe("a label", () => {
  const at = (second: number) => `2026-11-22T10:00:0${second}Z`;
  const told = (action: "labeled" | "unlabeled", login: string, second: number) =>
    ({ kind: "label", action, label: "ai", actor: user(login, second), at: at(second) }) as const;
  const place = (observations: readonly ReturnType<typeof told>[], present: readonly string[] = []) =>
    detectPull({ ...quietPull, labels: { kind: "read", value: present }, observations }, ["ai"])[0]?.place;

  test.each([[[1, 2, 3, 4]], [[4, 3, 2, 1]], [[3, 1, 4, 2]]])(
    "was put on by the first and taken off by the last, told in the order %j",
    (order) => {
      const all = [
        told("labeled", "ada", 1),
        told("unlabeled", "ben", 2),
        told("labeled", "cleo", 3),
        told("unlabeled", "dan", 4),
      ];
      expect(place(order.flatMap((second) => all[second - 1] ?? []))).toEqual({
        kind: "label",
        by: "ada",
        at: at(1),
        removedBy: "dan",
      });
    },
  );

  test("told of twice in one second was put on by whoever is told of first", () => {
    expect(place([told("labeled", "ada", 1), { ...told("labeled", "ben", 1) }])).toMatchObject({ by: "ada" });
  });

  test("was put on by whoever did that, not by who took it off", () => {
    const events = [told("unlabeled", "ada", 1), told("labeled", "ben", 2)];
    expect(place(events)).toEqual({ kind: "label", by: "ben", at: at(2), removedBy: "ada" });
  });

  test("may have been put on and taken off by deleted accounts", () => {
    const events = [told("labeled", "ada", 1), told("unlabeled", "ben", 2)];
    const timeline = {
      kind: "read",
      value: events.map((event) => ({ ...event, kind: event.action, actor: null })),
    } as const;
    expect(detectPull({ ...quietPull, timeline }, ["ai"])[0]?.place).toEqual({
      kind: "label",
      by: null,
      at: at(1),
      removedBy: null,
    });
  });

  test("that is there was taken off by nobody", () => {
    const events = [told("labeled", "ada", 1), told("unlabeled", "ben", 2)];
    expect(place(events, ["ai"])).toMatchObject({ removedBy: null });
  });
});

describe("counts", () => {
  const sign = (confidence: Evidence["confidence"], kind: Evidence["kind"]): Evidence => ({
    ...{
      tool: "cursor",
      kind,
      role: "wrote",
      confidence,
      place: { kind: "pull-request" },
      quote: kind,
      remembered: false,
    },
  });

  test("drops a reported sign that stands alone, however often", () => {
    expect(counts([sign("reported", "author")])).toEqual([]);
    expect(
      counts([sign("reported", "author"), sign("reported", "committer"), sign("reported", "login")]),
    ).toEqual([]);
  });

  test("keeps a reported sign beside another one", () => {
    const beside = [sign("reported", "author"), sign("observed", "branch")];
    const two = [sign("reported", "author"), sign("reported", "branch")];
    expect([counts(beside), counts(two), counts([])]).toEqual([beside, two, []]);
  });
});

describe("toolIdentity", () => {
  const identity = (name: string, email: string, account: Account | null = null): GitIdentity => ({
    name,
    email,
    account,
  });

  test("names the tool of an identity or account", () => {
    expect(toolIdentity(identity("Claude", "noreply@anthropic.com"))).toBe("claude-code");
    expect(toolIdentity(identity("Copilot", "198982749+Copilot@users.noreply.github.com"))).toBe("copilot");
    expect(toolIdentity(identity("Copilot", "", user("Copilot", 198982749)))).toBe("copilot");
    expect(
      toolIdentity(identity("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com")),
    ).toBe("automation");
    expect(toolIdentity(identity("Copilot", "copilot@github.com"))).toBe("copilot");
    expect(toolIdentity(identity("v0", "", bot("v0[bot]", 123)))).toBe("v0");
    expect(toolIdentity(identity("claude", "", bot("claude[bot]", null)))).toBe("claude-code");
  });

  test("leaves people contributors, whatever mark they carry", () => {
    const people = [
      identity("Ada Lovelace", "ada@example.com"),
      identity("Ada Lovelace (aider)", "ada@example.com"),
      identity("Claude Code", "ada@example.com"),
      identity("Grace Hopper", "openhands@all-hands.dev"),
      identity("GitHub", "noreply@github.com"),
      identity("claude[bot]", "7+claude@users.noreply.github.com"),
      identity("copilot", "", user("copilot", 7)),
      identity("gpt-5 via Crush", "ada@example.com"),
      identity("Devin", "devin@cognition.ai"),
      identity("claude", "", user("claude", 242468646)),
    ];
    expect(people.map(toolIdentity)).toEqual(people.map(() => null));
  });
});
