import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cell, code, plain, prose } from "../../src/gate/markdown.ts";

/** Text as somebody writes it who wants it to be more than text. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...Array.from("\\`*_{}[]()<>#+!|~&:.=$-@1 \n\r\t"),
        "```",
        "](https://evil.example)",
        "www.",
        "://",
        "GH-1",
        ":octocat:",
        "&#64;",
        "\u202e",
        "\u200b",
        "\u2028",
        "\ud83d",
        "🤖",
        "\u0000",
      ),
      fc.string({ unit: "binary", maxLength: 5 }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(""));

const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u;

describe("plain text", () => {
  test.each([
    ["two\nlines\tand  blanks", "two lines and blanks"],
    [" around ", "around"],
    ["a\u202eb\u200bc\u0000d", "abcd"],
    ["half \ud83d a character", "half  a character"],
  ])("of %j is %j", (text, expected) => {
    expect(plain(text)).toBe(expected);
  });

  test("is cut at its limit, with a sign, and never within a character", () => {
    expect(plain("abcdef", 6)).toBe("abcdef");
    expect(plain("abcdefg", 6)).toBe("abcde…");
    expect(plain("abcd🤖🤖", 6)).toBe("abcd…");
  });

  test("is one line of visible characters within the limit, whatever it is made of", () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 50 }), (text, most) => {
        const line = plain(text, most);
        expect(line.length).toBeLessThanOrEqual(most);
        expect(line).not.toMatch(unseen);
      }),
    );
  });
});

describe("prose", () => {
  test.each([
    ["[x](https://evil.example)", "\\[x\\](https:\u2060//evil.example)"],
    ["![x](y)", "!\\[x\\](y)"],
    ["fine :+1: :Shipit: and a:b, 2:14: no", "fine :\u2060+1: :\u2060Shipit: and a:b, 2:14: no"],
    ["see www.evil.example and WWW.b", "see www\u2060.evil.example and WWW\u2060.b"],
    ["@acme/all in #1 and GH-2", "@\u2060acme/all in #\u20601 and GH\u2060-2"],
    ["# heading", "#\u2060 heading"],
    ["=== heading", "\\=== heading"],
    ["--- heading", "\\--- heading"],
    ["1. item", "1\\. item"],
    ["- item", "\\- item"],
    [":-", "\\:-"],
    ["<b>&amp;", "\\<b\\>\\&amp;"],
    ["a | b", "a \\| b"],
    ["`code` *a* _b_ ~c~ $d$ \\", "\\`code\\` \\*a\\* \\_b\\_ \\~c\\~ \\$d\\$ \\\\"],
    ["the file a-b.c: fine (really)", "the file a-b.c: fine (really)"],
  ])("of %j is %j", (text, expected) => {
    expect(prose(text)).toBe(expected);
  });

  test("has no live mention, link, image, heading, list, HTML or table cell, whatever it is made of", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const escaped = prose(text, 10_000);
        // Every escape taken away, what is left must hold nothing that GitHub acts on.
        const bare = escaped.replace(/\\[!-/:-@[-`{-~]/gu, "");
        expect(bare).not.toMatch(/[\\`*_[\]<>~|&$\n]/u);
        expect(bare).not.toMatch(/[@#](?!\u2060)/u);
        expect(bare).not.toMatch(/:\/\/|www\.|GH-/iu);
        const rendered = escaped.replace(/\\([!-/:-@[-`{-~])/gu, "$1");
        expect(rendered).not.toMatch(/:(?!\d*:)[\w+-]+:/u);
        expect(escaped).not.toMatch(/^(#+ |[-+=:]|\d+[.)])/u);
      }),
      { numRuns: 1000 },
    );
  });

  test("loses nothing that can be seen", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = prose(text, 10_000)
          .replaceAll("\u2060", "")
          .replace(/\\([!-/:-@[-`{-~])/gu, "$1");
        expect(shown).toBe(plain(text, 10_000));
      }),
    );
  });
});

describe("code", () => {
  test.each([
    ["plain", "`plain`"],
    ["a`b", "``a`b``"],
    ["`a`", "`` `a` ``"],
    ["", "`(empty)`"],
    ["\u200b", "`(empty)`"],
    ["@acme/all <b> [x](y)", "`@acme/all <b> [x](y)`"],
  ])("of %j is %j", (text, expected) => {
    expect(code(text)).toBe(expected);
  });

  test("is one span that ends where its text ends, whatever it is made of", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const span = code(text, 10_000);
        const fence = /^`+/u.exec(span)?.[0] ?? "";
        const inside = span.slice(fence.length, -fence.length);
        expect(span.endsWith(fence)).toBe(true);
        expect(inside).not.toMatch(/^`|`$|\n/u);
        expect((inside.match(/`+/gu) ?? []).every((run) => run.length !== fence.length)).toBe(true);
      }),
    );
  });
});

describe("a cell", () => {
  test.each([
    ["a | b", "`a \\| b`"],
    ["a \\| b", "`a \\ \\| b`"],
    ["||", "`\\|\\|`"],
  ])("of %j is %j", (text, expected) => {
    expect(cell(text)).toBe(expected);
  });

  test("has no bar that ends it: each has exactly one backslash before it", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(cell(text, 10_000)).not.toMatch(/(?<!\\)\||\\\\\|/u);
      }),
    );
  });
});
