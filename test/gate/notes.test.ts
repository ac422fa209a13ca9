import fc from "fast-check";
import { describe, expect, test } from "vitest";
import catalogue from "../../src/gate/catalogue.json" with { type: "json" };
import { detectNotes } from "../../src/gate/detect.ts";
import { parseAuthorshipLog } from "../../src/gate/notes.ts";

const cursor = "d9978a8723e02b52";
const claude = "s_a76964380084ef";
const person = "h_dca485b1adf836";

const agent = (tool: string, model: string) => ({ agent_id: { tool, id: "6ef2299e", model }, messages: [] });

/** The data of a log in which one prompt was Cursor's and one session Claude's. */
const data = {
  schema_version: "authorship/3.0.0",
  git_ai_version: "1.7.5",
  base_commit_sha: "7734793b756b3921c88db5375a8c156e9532447b",
  prompts: { [cursor]: agent("cursor", "gpt-5") },
  sessions: { [claude]: agent("claude", "claude-opus-5") },
  humans: { [person]: { author: "June <june@acme.dev>" } },
};

/** A note with these lines about files; `changes` to the data below them. */
function note(lines: readonly string[], changes: Record<string, unknown> = {}): string {
  return [...lines, "---", JSON.stringify({ ...data, ...changes }, null, 2)].join("\n");
}

describe("an authorship log", () => {
  test("says which tool wrote how many lines of which file, whatever the form of its keys", () => {
    const lines = [
      "src/cart.ts",
      `  ${cursor} 1-4,9`,
      `  ${claude}::t_a3a130d3e145e3 28`,
      `  ${person} 30-40`,
      '"src/my cart.ts"',
      `  ${cursor} 7`,
    ];

    expect(parseAuthorshipLog(note(lines))).toEqual({
      kind: "read",
      files: [
        { path: "src/cart.ts", tool: "cursor", lines: 5 },
        { path: "src/my cart.ts", tool: "cursor", lines: 1 },
        { path: "src/cart.ts", tool: "claude", lines: 1 },
      ],
      tools: [
        { tool: "cursor", models: ["gpt-5"], files: 2, lines: 6 },
        { tool: "claude", models: ["claude-opus-5"], files: 1, lines: 1 },
      ],
    });
  });

  test("with nothing about files, or only about people, says nothing of tools", () => {
    const nothing = { kind: "read", files: [], tools: [] };

    expect(parseAuthorshipLog(note([]))).toEqual(nothing);
    expect(parseAuthorshipLog(note(["src/cart.ts", `  ${person} 1-9`]))).toEqual(nothing);
  });

  test("counts a line once per tool, however often it is named and in whatever order", () => {
    const again = "e5be5f8723e02b52";
    const prompts = { ...data.prompts, [again]: agent("cursor", "gpt-6") };
    const lines = ["a", `  ${cursor} 5-8,1-2,2-6`, "b", `  ${cursor} 1`, "a", `  ${again} 8-9`];

    expect(parseAuthorshipLog(note(lines, { prompts }))).toEqual({
      kind: "read",
      files: [
        { path: "a", tool: "cursor", lines: 9 },
        { path: "b", tool: "cursor", lines: 1 },
      ],
      tools: [{ tool: "cursor", models: ["gpt-5", "gpt-6"], files: 2, lines: 10 }],
    });
  });

  test("of n ranges counts as many lines as a list of all of them has different numbers", () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 20 }));
    fc.assert(
      fc.property(fc.array(range, { minLength: 1 }), (ranges) => {
        const text = ranges.map(([from, more]) => (more === 0 ? `${from}` : `${from}-${from + more}`));
        const numbers = ranges.flatMap(([from, more]) =>
          Array.from({ length: more + 1 }, (_, at) => from + at),
        );
        const log = parseAuthorshipLog(note(["a", `  ${cursor} ${text.join(",")}`]));

        expect(log).toMatchObject({ files: [{ lines: new Set(numbers).size }] });
      }),
    );
  });

  test.each([
    ["a prompt that only an older note describes", cursor, { prompts: {} }],
    ["the seven digits of early versions", "d9978a8", {}],
    ["a session without data", "s_0123456789abcd::t_0123456789abcd", { sessions: undefined }],
    ["data without a tool", cursor, { prompts: { [cursor]: { agent_id: null } } }],
    ["an unknown tool", cursor, { prompts: { [cursor]: agent("unknown", "unknown") } }],
    ["a tool without a name", cursor, { prompts: { [cursor]: agent("", "") } }],
  ])("is about some tool where it has %s", (_, key, changes) => {
    expect(parseAuthorshipLog(note(["a", `  ${key} 1-3`], changes))).toEqual({
      kind: "read",
      files: [{ path: "a", tool: null, lines: 3 }],
      tools: [{ tool: null, models: [], files: 1, lines: 3 }],
    });
  });

  test("may have CRLF, blanks at the ends of lines, empty lines, keys of no known form, unknown fields, another 3.x", () => {
    const prompts = { efgh5678efgh5678: { ...agent("cursor", "gpt-5"), cost: 3 } };
    const lines = ["", "a  ", "  efgh5678efgh5678 1-3  ", ""];
    const text = note(lines, { prompts, schema_version: "authorship/3.12.10", rules: [] });

    expect(parseAuthorshipLog(text.replaceAll("\n", "\r\n"))).toMatchObject({
      files: [{ path: "a", tool: "cursor", lines: 3 }],
    });
  });

  test("may have empty lines and lines of blanks between a file and its lines", () => {
    expect(parseAuthorshipLog(note(["a", "", "   ", `  ${cursor} 1`]))).toMatchObject({
      files: [{ path: "a", tool: "cursor", lines: 1 }],
    });
  });

  test("may name the last line there can be", () => {
    expect(parseAuthorshipLog(note(["a", `  ${cursor} 4294967295`]))).toMatchObject({ kind: "read" });
  });

  test("has keys, files and data that are named like what every object has", () => {
    const text = note(["__proto__", "  constructor 1", "toString", "  __proto__ 2"]).replace(
      `"${cursor}"`,
      `"constructor": ${JSON.stringify(agent("amp", "x"))}, "__proto__"`,
    );

    expect(parseAuthorshipLog(text)).toMatchObject({
      files: [
        { path: "__proto__", tool: "amp", lines: 1 },
        { path: "toString", tool: "cursor", lines: 1 },
      ],
    });
    expect(parseAuthorshipLog(note(["a", "  constructor 1"]))).toMatchObject({ kind: "broken" });
  });
});

describe("a note that is broken", () => {
  const entry = (line: string) => note(["a", line]);

  test.each([
    ["Reviewed, fine.", "it has no line --- between files and data"],
    [JSON.stringify(data), "it has no line --- between files and data"],
    ["---\n{", "what follows its line --- is not a JSON object"],
    ["---\n[]", "what follows its line --- is not a JSON object"],
    [`${note([])}\n${note([])}`, "what follows its line --- is not a JSON object"],
    ["---\n{}", "its schema_version is missing, not authorship/3.x"],
    [note([], { schema_version: 3 }), "its schema_version is no text, not authorship/3.x"],
    [
      note([], { schema_version: "authorship/4.0.0" }),
      'its schema_version is "authorship/4.0.0", not authorship/3.x',
    ],
    [
      note([], { schema_version: "an authorship/3.0.0" }),
      'its schema_version is "an authorship/3.0.0", not authorship/3.x',
    ],
    [
      note([], { schema_version: "authorship/3.0.0-beta" }),
      'its schema_version is "authorship/3.0.0-beta", not authorship/3.x',
    ],
    [note([], { schema_version: ["authorship/3.0.0"] }), "its schema_version is no text, not authorship/3.x"],
    [
      note([], { schema_version: "x".repeat(70) }),
      `its schema_version is "${"x".repeat(60)}", not authorship/3.x`,
    ],
    [note([]).replace("3.0.0", "3.0.\n0"), "what follows its line --- is not a JSON object"],
    [note([], { prompts: [] }), "its prompts are not a JSON object"],
    [note([], { sessions: "none" }), "its sessions are not a JSON object"],
    [note([`  ${cursor} 1`]), "line 1: lines before the name of any file"],
    [note(['"a']), "line 1: a file name whose quotation mark is not closed"],
    [note(['"']), "line 1: a file name whose quotation mark is not closed"],
    [note(["b", '""']), "line 2: a file name whose quotation mark is not closed"],
    [note(["b", "c", '"a b']), "line 3: a file name whose quotation mark is not closed"],
    [entry(`  ${cursor}`), "line 2: expected two blanks, a key, a blank and line numbers"],
    [entry(`   ${cursor} 1`), "line 2: expected two blanks, a key, a blank and line numbers"],
    [entry(` ${cursor} 1`), "line 2: expected two blanks, a key, a blank and line numbers"],
    [entry(`  ${cursor} 1, 2`), "line 2: expected two blanks, a key, a blank and line numbers"],
    [entry(`  ${cursor} 0`), 'line 2: "0" are not line numbers such as 1-4,9'],
    [entry(`  ${cursor} 4-1`), 'line 2: "4-1" are not line numbers such as 1-4,9'],
    [entry(`  ${cursor} 1,,2`), 'line 2: "1,,2" are not line numbers such as 1-4,9'],
    [entry(`  ${cursor} -3`), 'line 2: "-3" are not line numbers such as 1-4,9'],
    [entry(`  ${cursor} 1e3`), 'line 2: "1e3" are not line numbers such as 1-4,9'],
    [entry(`  ${cursor} 4294967296`), 'line 2: "4294967296" are not line numbers such as 1-4,9'],
    [entry(`  ${person} x`), 'line 2: "x" are not line numbers such as 1-4,9'],
    [entry("  somebody 1"), 'line 2: "somebody" is the key of no prompt, session or person'],
  ])("is said to be: $1", (text, why) => {
    expect(parseAuthorshipLog(text)).toEqual({ kind: "broken", why });
  });

  test("breaks nothing: any text is read or broken", () => {
    const piece = fc.constantFrom(
      "\n",
      "  ",
      "---\n",
      '"',
      "a",
      cursor,
      person,
      " 1-2",
      ",",
      "{",
      JSON.stringify(data),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join("")),
        ),
        (text) => {
          expect(["read", "broken"]).toContain(parseAuthorshipLog(text).kind);
        },
      ),
    );
  });
});

describe("the evidence in notes", () => {
  const sign = { kind: "note", role: "wrote", confidence: "official", remembered: false };

  test("is one sign for each tool that wrote lines of a commit; a broken note is none and is told", () => {
    const lines = ["a", `  ${cursor} 1-11`, "b", `  ${cursor} 3`, `  ${claude} 4`];
    const notes = [
      { sha: "1".repeat(40), text: note(lines) },
      { sha: "2".repeat(40), text: "Reviewed, fine." },
      { sha: "3".repeat(40), text: note(["a", `  ${person} 1-9`]) },
      { sha: "4".repeat(40), text: note([]) },
      { sha: "5".repeat(40), text: note(["a", `  ${cursor} 1-2`], { prompts: {} }) },
    ];
    const [first, last] = ["1", "5"].map((digit) => ({ kind: "commit", sha: digit.repeat(40) }));

    expect(detectNotes(notes)).toEqual({
      evidence: [
        { ...sign, tool: "cursor", place: first, quote: "git-ai: 12 lines in 2 files by cursor (gpt-5)" },
        {
          ...sign,
          tool: "claude-code",
          place: first,
          quote: "git-ai: 1 line in 1 file by claude (claude-opus-5)",
        },
        { ...sign, tool: "any", place: last, quote: "git-ai: 2 lines in 1 file by an AI tool" },
      ],
      broken: [{ sha: "2".repeat(40), why: "it has no line --- between files and data" }],
    });
  });

  test("names all models of a tool", () => {
    const prompts = { [cursor]: agent("cursor", "gpt-5"), abcd1234abcd1234: agent("cursor", "gpt-6") };
    const text = note(["a", `  ${cursor} 1`, "  abcd1234abcd1234 2"], { prompts });
    expect(detectNotes([{ sha: "1", text }]).evidence.map(({ quote }) => quote)).toEqual([
      "git-ai: 2 lines in 1 file by cursor (gpt-5, gpt-6)",
    ]);
  });

  test.each([
    ["claude", "claude-code"],
    ["claude-web", "claude-code"],
    ["codex-cloud", "codex"],
    ["cursor-agent", "cursor"],
    ["github-copilot", "copilot"],
    ["github-copilot-cli", "copilot"],
    ["gemini", "gemini-cli"],
    ["droid", "factory-droid"],
    ["continue", "continue"],
    ["continue-cli", "continue"],
    ["amp", "amp"],
    ["opencode", "opencode"],
    ["windsurf", "windsurf"],
    ["firebender", "firebender"],
    ["junie", "junie"],
    ["kiro", "kiro"],
    ["kilo", "kilo"],
    ["kilo-code", "kilo"],
    ["pi", "pi"],
    ["devin", "devin"],
    ["roo-background", "roo"],
    ["qoder", "other-models"],
    ["hermes", "self-hosted"],
    ["a-tool-of-their-own", "any"],
  ])("calls git-ai's %s by the catalogue's name %s", (tool, slug) => {
    const text = note(["a", `  ${cursor} 1`], { prompts: { [cursor]: agent(tool, "claude-opus-5") } });

    expect(detectNotes([{ sha: "1", text }]).evidence.map((one) => one.tool)).toEqual([slug]);
    expect(catalogue.map((entry) => entry.slug)).toContain(slug);
  });
});
