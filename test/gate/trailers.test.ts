import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseTrailers } from "../../src/gate/trailers.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-trailers-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What git says, message by message. One shell for all of them: starting it costs more than git does. */
function askGit(messages: readonly string[]): string[] {
  for (const [index, message] of messages.entries()) writeFileSync(join(folder, `${index}.in`), message);
  const script = `i=0; while [ $i -lt ${messages.length} ]; do git interpret-trailers --parse <$i.in >$i.out || exit 1; i=$((i+1)); done`;
  const env = {
    PATH: process.env["PATH"],
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
  };
  execFileSync("sh", ["-c", script], { cwd: folder, env, timeout: 60_000 });
  return messages.map((_, index) => readFileSync(join(folder, `${index}.out`), "utf8"));
}

function print(message: string): string {
  return parseTrailers(message)
    .map(({ key, value }) => `${key}: ${value}\n`)
    .join("");
}

// No scissors line here: below a `---` line it sends git 2.39 into an endless loop. A case by hand covers it.
const line = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom("Signed-off-by: A <a@example.com>", "Key: value", "Key2 : value", ""),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[
        "(cherry picked from commit 0a1b2c3)",
        "  folded",
        "\tfolded",
        "   ",
        "\t",
        "\r",
        "Key: v\r",
        "Key:",
        "a b: c",
      ],
      ...[
        "# a comment",
        "# Key: value",
        "---",
        "--- a/file",
        "----",
        "---\r",
        "Conflicts:",
        "\tfile",
        "prose",
        "x:y:z",
        ":x",
      ],
      ...[
        "-: x",
        "ä: x",
        "Key\u00a0: x",
        "K: \u000bv",
        "Signed-off-by:x",
        "Conflicts: x",
        "# --- >8 ---",
        "9: nine",
      ],
    ),
  },
  { weight: 1, arbitrary: fc.stringMatching(/^[a-zA-Z0-9 :#\t-]{0,12}$/) },
);

const message = fc
  .tuple(
    fc.constantFrom("", "title\n\n", "title\nmore\n\nbody\n\n"),
    fc.array(line, { maxLength: 9 }),
    fc.constantFrom("", "\n", "\n\n"),
  )
  .map(([title, lines, end]) => title + lines.join("\n") + end);

describe("parseTrailers", () => {
  test("agrees with git on any message", () => {
    // Messages are drawn together, so that one shell can ask git about all of them.
    fc.assert(
      fc.property(fc.array(message, { minLength: 150, maxLength: 150, size: "max" }), (messages) => {
        expect(messages.map((text) => ({ text, trailers: print(text) }))).toEqual(
          askGit(messages).map((trailers, index) => ({ text: messages[index], trailers })),
        );
      }),
      { numRuns: 4, endOnFailure: true },
    );
  }, 60_000);

  const cases: Record<string, [string, string]> = {
    "reads the last paragraph": ["t\n\nKey: v\nOther: w\n", "Key: v\nOther: w\n"],
    "never takes the title for trailers": ["Key: v\nOther: w\n", ""],
    "does not look at earlier paragraphs": ["t\n\nKey: v\n\nprose\n", ""],
    "refuses prose beside trailers": ["t\n\nprose\nKey: v\nOther: w\n", ""],
    "accepts three quarters of prose beside a sign-off": [
      "t\n\na\nb\nc\nSigned-off-by: A <a@b>\n",
      "Signed-off-by: A <a@b>\n",
    ],
    "refuses more prose than that": ["t\n\na\nb\nc\nd\nSigned-off-by: A <a@b>\n", ""],
    "counts a cherry-pick line as git's own": ["t\n\na\nKey: v\n(cherry picked from commit 1)\n", "Key: v\n"],
    "unfolds values": ["t\n\nKey: v\n  w\n\tx\n", "Key: v w x\n"],
    "keeps duplicates and empty values": ["t\n\nKey: v\nKey: v\nNone:\n", "Key: v\nKey: v\nNone: \n"],
    "stops at a divider": ["t\n\nKey: v\n---\n\nOther: w\n", "Key: v\n"],
    "takes four dashes for prose": ["t\n\nKey: v\n----\n\nOther: w\n", "Other: w\n"],
    "skips comments and what follows the scissors": [
      "t\n\nKey: v\n# note\n# ------------------------ >8 ------------------------\nOther: w\n",
      "Key: v\n",
    ],
    "skips an old list of conflicts": ["t\n\nKey: v\n\nConflicts:\n\ta\n\tb\n", "Key: v\n"],
    "drops the carriage return of CRLF": ["t\r\n\r\nKey: v\r\n", "Key: v\n"],
    "allows blanks before the colon": ["t\n\nKey : v\n", "Key: v\n"],
    "takes a key of two words for prose": ["t\n\nKey: v\na b: c\n", ""],
    "reads a last line without newline": ["t\n\nKey: v", "Key: v\n"],
    "takes any letter and digit into a key": ["t\n\nAz09: v\nza90: w\n", "Az09: v\nza90: w\n"],
    "stops at a divider that ends the message": ["t\n\nKey: v\n---\n", "Key: v\n"],
    "takes a divider without newline for prose": ["t\n\nKey: v\n---", ""],
    "takes scissors without newline for a comment": [
      "t\n\nKey: v\n# ------------------------ >8 ------------------------",
      "Key: v\n",
    ],
    "takes a heading of conflicts without newline for a trailer": [
      "t\n\nKey: v\nConflicts:",
      "Key: v\nConflicts: \n",
    ],
    "takes conflicts before a trailer for trailers": [
      "t\n\nConflicts:\n\ta\nKey: v\n",
      "Conflicts: a\nKey: v\n",
    ],
    "takes no indented line before conflicts for one of them": ["t\n\nKey: v\n\n\ta\nConflicts:\n\tb\n", ""],
    "takes prose below conflicts for the end": ["t\n\nKey: v\n\nConflicts:\nprose\n", ""],
    "takes a title with a number sign at its end for a title": ["t#\nKey: v\n\nOther: w\n", "Other: w\n"],
    "takes comments before the title for no title": ["# note\nt\n\nKey: v\n", "Key: v\n"],
    "takes a comment alone for a title": ["# note\n\nKey: v\n", "Key: v\n"],
    "never takes the only line": ["Key: v", ""],
    "counts folds without a trailer as prose": ["t\n\n  x\nKey: v\n", ""],
    "counts folds of prose as prose": [
      "t\n\nprose\n  x\n  y\nSigned-off-by: A <a@b>\n",
      "Signed-off-by: A <a@b>\n",
    ],
    "counts folds above a comment as prose": ["t\n\nKey: v\n  w\n# note\n  x\n", ""],
    "counts folds on both sides of a comment": ["t\n\n  a\n  b\n  c\n# x\n  d\nSigned-off-by: A <a@b>\n", ""],
    "finds nothing in comments": ["t\n\nprose\n\n# a\n# b\n", ""],
    "takes a line of blanks for an empty one": ["t\n \t\nKey: v\n\n \n", "Key: v\n"],
    "leaves out blanks around values, tabs too": ["t\n\nKey:  \t v w \t\n", "Key: v w\n"],
    "leaves out a comment at the very end": ["t\n\nKey: v\n#", "Key: v\n"],
    "finds nothing in nothing": ["", ""],
  };
  for (const [name, [text, expected]] of Object.entries(cases))
    test(name, () => expect(print(text)).toBe(expected));

  test("the hand-written cases are what git says, too", () => {
    const texts = Object.values(cases);
    expect(askGit(texts.map(([text]) => text))).toEqual(texts.map(([, expected]) => expected));
  });
});
