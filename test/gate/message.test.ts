import { describe, expect, test } from "vitest";
import { readMessage, readTrailers } from "../../src/gate/message.ts";

/** What a body says itself, below a subject. */
function said(body: string): readonly string[] {
  return readMessage(`Add upload\n\n${body}`).lines;
}

/** The trailers that git does not see, in a paragraph that is not the last. */
function missed(paragraph: string, after = "That is all of it, and it is prose."): readonly string[] {
  return readTrailers(`Add upload\n\n${paragraph}\n\n${after}\n`)
    .filter(({ byGit }) => !byGit)
    .map(({ key, value }) => `${key}: ${value}`);
}

describe("a message says itself", () => {
  test("its subject, and its lines without the empty ones", () => {
    expect(readMessage("Add upload\n\nOne.  \n\nTwo.\n")).toEqual({
      subject: "Add upload",
      lines: ["One.", "Two."],
      unquoted: ["One.", "Two."],
      trailers: [],
    });
    expect(readMessage("")).toEqual({ subject: "", lines: [], unquoted: [], trailers: [] });
  });

  test.each([
    ["    code", []],
    ["\tcode", []],
    ["   text", ["   text"]],
    ["> quoted", []],
    ["   > quoted", []],
    ["a > b", ["a > b"]],
    ["- [ ] open", []],
    ["  * [ ] open", []],
    ["+ [ ] open", []],
    ["- [x] done", ["- [x] done"]],
    ["see - [ ] open", ["see - [ ] open"]],
  ])("of the line %j: %j", (line, expected) => {
    expect(said(line)).toEqual(expected);
  });

  test.each([
    ["a fence", "```\na\n```\nb", ["b"]],
    ["a fence with a language and blanks", "   ~~~~ts\na\n   ~~~\nb", ["b"]],
    ["a fence that never closes", "```\na", ["```", "a"]],
    ["a fence closed by no fence", "```\na\n``` x\nb", ["```", "a", "``` x", "b"]],
    ["two marks, which are none", "``\na\n``\nb", ["``", "a", "``", "b"]],
    ["two marks before a fence", "`` a\nb\n```", ["`` a", "b", "```"]],
    ["two tildes before a fence", "~~ a\nb\n~~~", ["~~ a", "b", "~~~"]],
    ["a fence closed within a line", "```\na\nb ```", ["```", "a", "b ```"]],
    ["a mark within a line", "a ```\nb\n```", ["a ```", "b", "```"]],
    ["fences one after another", "```\na\n```\nb\n```\nc\n```\nd", ["b", "d"]],
    ["a comment", "<!-- a\nb\n-->\nc", ["c"]],
    ["a comment on one line", "<!-- a -->\nb\n-->\nc", ["<!-- a -->", "b", "-->", "c"]],
    ["a comment that begins where another ends", "a --> <!-- b\nc\n--> d\ne", ["e"]],
    ["a comment that never closes", "<!-- a\nb", ["<!-- a", "b"]],
  ])("nothing of %s", (_, body, expected) => {
    expect(said(body)).toEqual(expected);
  });

  test.each([
    "Release notes",
    "## Release Notes:",
    "**Changelog**",
    "<summary>Full changelog</summary>",
    "<h2>What's Changed</h2>",
    "Bumps [x](https://example.com) from 1 to 2.",
    "Bumps the group with 2 updates.",
    "# 1.2",
    "###### [v10.2.3]",
  ])("nothing of release notes below %s, except that they stand there", (heading) => {
    const body = `Text.\n\n${heading}\nsomething else\n`;
    expect(said(body)).toEqual(["Text."]);
    expect(readMessage(`Add upload\n\n${body}`).unquoted).toEqual(["Text.", heading, "something else"]);
  });

  test.each([
    "Release notes of x",
    "See the changelog",
    "Bumps x",
    "It bumps the group",
    "# 1",
    "1.2",
    "####### 1.2",
  ])("what stands below %s", (line) => {
    expect(said(`${line}\nsomething else\n`)).toEqual([line, "something else"]);
  });

  test("what stands below a subject like that of release notes", () => {
    expect(readMessage("Bumps the group\n\nText.").lines).toEqual(["Text."]);
  });

  test("what stands in a revert after the message it quotes", () => {
    const revert = (body: string) => readMessage(`Revert "Add upload"\n\n${body}`).lines;
    expect(revert("This reverts commit 1.\n\nReviewed-by: Ada <ada@acme.dev>\n")).toEqual([
      "Reviewed-by: Ada <ada@acme.dev>",
    ]);
    const quoted = "Original commit message:\n\nAdd upload\n\nKey-a: v\n";
    expect(revert(quoted)).toEqual([]);
    expect(revert(`${quoted}\nKey-b: w\n`)).toEqual(["Key-b: w"]);
    expect(revert("The original change description\n\nKey-a: v\n")).toEqual([]);
    expect(revert(quoted.trimEnd())).toEqual([]);
    expect(revert("It is not the original message.\n\nKey-a: v\n")).toEqual(["Key-a: v"]);
    expect(readMessage("Reverted things\n\nText.").lines).toEqual(["Text."]);
    expect(readMessage("Do not revert\n\nText.").lines).toEqual(["Text."]);
  });

  test("what git merge --squash indents, and only then", () => {
    const indented = "    Key-a: v";
    expect(said(`Squashed commit of the following:\n\ncommit 1\n\n${indented}\n`)).toEqual([
      "Squashed commit of the following:",
      "commit 1",
      "Key-a: v",
    ]);
    expect(said(`Squashed commit:\n\ncommit 1\n\n${indented}\n`)).not.toContain("Key-a: v");
  });
});

describe("a backslash and an n for a newline", () => {
  test("count where all of the message is one line", () => {
    expect(readMessage("Add upload\\n\\nOne.\\nTwo.\n")).toMatchObject({
      subject: "Add upload",
      lines: ["One.", "Two."],
    });
  });

  test.each([
    ["Text.\\n\\nKey-a: v", ["Text.", "Key-a: v"]],
    ["Text.\\nKey-a: v", ["Text.\\nKey-a: v"]],
    ["Text.\\n\\nkey-a: v", ["Text.\\n\\nkey-a: v"]],
    ["Text.\\n\\nKe: v", ["Text.\\n\\nKe: v"]],
    ["Text.\\n\\nKey-a:v", ["Text.\\n\\nKey-a:v"]],
    ["Write `\\n\\nKey-a: v`", ["Write `\\n\\nKey-a: v`"]],
    ['Write "\\n\\nKey-a: v"', ['Write "\\n\\nKey-a: v"']],
    ["A.\\n\\nKey-a: v.\\n\\nKey-b: w", ["A.", "Key-a: v.", "Key-b: w"]],
  ])("count elsewhere only before a trailer: %j", (body, expected) => {
    expect(said(body)).toEqual(expected);
  });

  test.each([
    ["\\ud83d\\udc98 Made", "Made"],
    ["\\uD83D\\uDC98Made", "Made"],
    ["\\u12 Made", "\\u12 Made"],
    ["a \\ud83d\\udc98 Made", "a \\ud83d\\udc98 Made"],
  ])("are no emoji: %j", (line, expected) => {
    expect(said(`Text.\n${line}`)).toEqual(["Text.", expected]);
  });
});

describe("a trailer that git misses", () => {
  test.each([
    ["Key-a: v", ["Key-a: v"]],
    ["Key-a:v", ["Key-a: v"]],
    ["   Key-a: v", ["Key-a: v"]],
    ["Key-a:", []],
    ["Note: v", []],
    ["1-key: v", []],
    ["Key_a: v", []],
    ["See Key-a: v", []],
    ["Key-a2: v", ["Key-a2: v"]],
    [`${"K-".repeat(29)}Ka: v`, [`${"K-".repeat(29)}Ka: v`]],
    [`${"K-".repeat(29)}Key: v`, []],
    ["Assisted by: v", ["Assisted-by: v"]],
    ["Reviewed by: v", ["Reviewed-by: v"]],
    ["Assited-by: v", ["assisted-by: v"]],
    ["Assiisted-by: v", ["assisted-by: v"]],
    ["Assasted-by: v", ["assisted-by: v"]],
    ["Co-authered-by: v", ["co-authored-by: v"]],
    ["Generatd-by: v", ["generated-by: v"]],
    ["ssisted-by: v", ["assisted-by: v"]],
    ["Assisted-byx: v", ["assisted-by: v"]],
    ["Assisetd-by: v", ["Assisetd-by: v"]],
    ["Assistedd-byy: v", ["Assistedd-byy: v"]],
    ["GENERATED-BY: v", ["GENERATED-BY: v"]],
    ["Co-authored-by Ada", ["Co-authored-by: Ada"]],
    ["   assisted-by Ada: v", ["assisted-by: Ada: v"]],
    ["    assisted-by Ada", []],
    ["Text, assisted-by Ada", []],
    ["Reviewed-by Ada", []],
    ["Tests: Assisted-by: v", []],
  ])("of the line %j: %j", (line, expected) => {
    expect(missed(line)).toEqual(expected);
  });

  test("may be on one line with prose at the end of the message", () => {
    expect(missed("Text.", "Tests: Assisted-by: v")).toEqual(["Assisted-by: v"]);
    expect(missed("Text.", "Tests: generated-by: v w")).toEqual(["generated-by: v w"]);
    expect(missed("Text.", "Tests: Reviewed-by: v")).toEqual([]);
    expect(missed("Text.", "Tests: Assisted-by:v")).toEqual([]);
    expect(missed("Text.", "Tests: see Assisted-by: v")).toEqual([]);
    expect(missed("Text.", "x: Assisted-by: v")).toEqual(["Assisted-by: v"]);
    expect(missed("Text.", ": Assisted-by: v")).toEqual([]);
  });

  test("goes on in lines with more indentation", () => {
    expect(missed("Key-a: v\n  w\n   x\nKey-b: y")).toEqual(["Key-a: v w x", "Key-b: y"]);
    expect(missed("  Key-a: v\n  Key-b: w")).toEqual(["Key-a: v", "Key-b: w"]);
  });

  test("is told once, and not again when git sees it", () => {
    expect(readTrailers("Add upload\n\nKey-a: v\n\nText.\n\nkey-a: v\n\nText.\n\nKey-b: w\n")).toEqual([
      { key: "Key-b", value: "w", byGit: true },
      { key: "Key-a", value: "v", byGit: false },
    ]);
    expect(readTrailers("Add upload\n\nkey-b: w\n\nText.\n\nKey-b: w\n")).toEqual([
      { key: "Key-b", value: "w", byGit: true },
    ]);
  });

  test("is none in the subject", () => {
    expect(readTrailers("Key-a: v\n\nText.")).toEqual([]);
  });

  test("is none that the line before announces", () => {
    expect(missed("The last line reads:\nKey-a: v")).toEqual([]);
    expect(missed("The last line reads:\n\nKey-a: v")).toEqual([]);
    expect(missed("The last line reads\n\nKey-a: v")).toEqual(["Key-a: v"]);
    expect(missed("The last line reads:\n\nText.\n\nKey-a: v")).toEqual(["Key-a: v"]);
    expect(readTrailers("Read:\n\nKey-a: v\n\nText goes on.").map(({ key }) => key)).toEqual(["Key-a"]);
    expect(readTrailers("\nKey-a: v\n\nText goes on.").map(({ key }) => key)).toEqual(["Key-a"]);
    expect(missed("The last line is this:", "   Key-a: v")).toEqual(["Key-a: v"]);
  });

  test("is none where the sentence goes on", () => {
    expect(missed("Key-a: v\nis what it says")).toEqual([]);
    expect(missed("Key-a: v\nIs what it says")).toEqual(["Key-a: v"]);
    expect(missed("Key-a: v\nkey-b: w")).toEqual(["Key-a: v", "key-b: w"]);
    expect(missed("Key-a: v\ntests: assisted-by: w")).toEqual(["Key-a: v"]);
  });

  test.each([
    ["Key: v", true],
    ["---", true],
    ["(cherry picked from commit 1)", true],
    ["Assisted-by Ada", true],
    ["Generated with Crush", true],
    ["  folded", true],
    ["🤖 Generated with Crush", true],
    ["> Generated with Crush", false],
    ["--", false],
    ["-", false],
    ["Made by hand", true],
    ["This was generated with Crush", false],
    ["- a list", false],
    ["> quoted: v", false],
  ])("may be announced at the end of a message, of which %j is a part: %j", (line, expected) => {
    const message = `Add upload\n\nText.\n\nAnd:\n\nKey-a: v\n\n${line}\n`;
    expect(readTrailers(message).some(({ key }) => key === "Key-a")).toBe(expected);
  });
});
