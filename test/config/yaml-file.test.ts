import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { fileBytesMax, formatProblem, parseYamlFile } from "../../src/config/yaml-file.ts";

const anything = z.looseObject({});

/** The problems of a text in which any key may have any value, as they are printed. */
function problemsOf(text: string): string[] {
  const parsed = parseYamlFile(
    text,
    () => anything,
    () => [],
  );
  return parsed.kind === "ok" ? [] : parsed.problems.map((problem) => formatProblem("f.yml", problem));
}

describe("a file that is not read", () => {
  test.each([
    ["empty", ""],
    ["only a comment", "# people:\n"],
    ["only a document's beginning", "---\n"],
  ])("because it is %s says so", (_, text) => {
    expect(problemsOf(text)).toEqual([
      'f.yml:1:1: expected keys with values, one to a line, such as "people:"; the file is empty',
    ]);
  });

  test.each(["- ada\n", "ada\n", "42\n"])("because it holds %j instead of keys says so", (text) => {
    expect(problemsOf(text)).toEqual([
      'f.yml:1:1: expected keys with values, one to a line, such as "people:"; the file holds something else',
    ]);
  });

  test("because it is larger than 256 KB says how large it is and may be", () => {
    const comment = (bytes: number) => `# ${"é".repeat((bytes - 2) / 2)}`;
    expect(problemsOf(`a: 12\n${comment(fileBytesMax - 6)}`)).toEqual([]);
    expect(problemsOf(`a: 123\n${comment(fileBytesMax - 6)}`)).toEqual([
      "f.yml:1:1: the file has 262145 bytes; at most 262144 are read, so make it smaller",
    ]);
  });
});

describe("YAML that is wrong has line and column:", () => {
  test.each([
    [
      "an open list",
      "a: [1\nb: 2\n",
      "f.yml:2:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    ["a tab", "a:\n\tb: 1\n", "f.yml:2:1: not valid YAML: Tabs are not allowed as indentation"],
    [
      "two documents",
      "a: 1\n---\nb: 2\n",
      'f.yml:2:1: the file holds several YAML documents; remove the line "---" and what does not belong',
    ],
    [
      "a tag",
      "a: !!timestamp 2026-01-01\n",
      "f.yml:1:4: the YAML tag tag:yaml.org,2002:timestamp is not known here; remove it",
    ],
    ["a list as key", "? [a]\n: 1\n", "f.yml:1:3: not valid YAML: With stringKeys, all keys must be strings"],
    ["an alias of nothing", "a: *b\n", "f.yml:1:4: the alias *b has no anchor &b before it"],
    [
      "an alias of what it is in",
      "a: &a [*a]\n",
      "f.yml:1:8: the alias *a stands inside what it repeats; write the value out",
    ],
  ])("%s", (_, text, problem) => {
    expect(problemsOf(text)).toContain(problem);
  });

  test("a key that stands twice, wherever it is and whatever it looks like", () => {
    expect(problemsOf('a: 1\nb:\n  - { c: 1, c: 2 }\n"a": 2\n')).toEqual([
      'f.yml:3:13: b[0].c: duplicate key: "c" already stands on line 3; remove one of the two',
      'f.yml:4:1: a: duplicate key: "a" already stands on line 1; remove one of the two',
    ]);
  });

  test("__proto__ as a key", () => {
    expect(problemsOf("a: { __proto__: { b: 1 } }\n")).toEqual([
      "f.yml:1:6: a.__proto__: this key is not allowed; remove it",
    ]);
  });
});

describe("a file made to exhaust its reader", () => {
  test("by aliases of aliases is refused at the first one", () => {
    const list = (name: string) => `[${Array.from({ length: 9 }, () => `*${name}`).join(",")}]`;
    expect(
      problemsOf(`a: &a [x,x,x,x,x,x,x,x,x]\nb: &b ${list("a")}\nc: &c ${list("b")}\nd: &d ${list("c")}\n`),
    ).toEqual(["f.yml:2:8: the aliases (*name) expand to too many values; write the values out"]);
  });

  test("by many aliases is refused at the first one too many", () => {
    expect(problemsOf(`a: &a 1\n${Array.from({ length: 101 }, (_, at) => `k${at}: *a\n`).join("")}`)).toEqual(
      ["f.yml:102:7: more than 100 aliases (*name); write the values out"],
    );
  });

  test("by depth is refused", () => {
    const deep = (levels: number) => `a: ${"[".repeat(levels)}${"]".repeat(levels)}\n`;
    expect(problemsOf(deep(20))).toEqual([]);
    expect(problemsOf(deep(21))).toEqual(["f.yml:1:24: nested too deeply; at most 20 levels are read"]);
    expect(problemsOf("[".repeat(50_000))).toEqual([
      "f.yml:1:1: nested too deeply; at most 20 levels are read",
    ]);
  });

  test("by the number of its mistakes shows the first hundred and says how many are left", () => {
    const problems = problemsOf("a: 1\n".repeat(250));
    expect(problems).toHaveLength(101);
    expect(problems[100]).toBe("f.yml:102:1: and 149 more problems from here on");
  });
});

describe("what is read", () => {
  test("has keys as they are written, and dates as text", () => {
    const parsed = parseYamlFile(
      "007: 2026-12-20\n1e3: no\nnull: &n 1\n<<: *n\n",
      () => z.record(z.string(), z.unknown()),
      () => [],
    );
    expect(parsed).toMatchObject({
      kind: "ok",
      value: { "007": "2026-12-20", "1e3": "no", null: 1, "<<": 1 },
      warnings: [],
    });
  });

  test("counts columns right after a byte order mark and with carriage returns", () => {
    expect(problemsOf("\uFEFFa: 1\r\nb: &b 2\r\nc: *d\r\n")).toEqual([
      "f.yml:3:4: the alias *d has no anchor &d before it",
    ]);
  });

  test("can be asked where a part stands, up to where the path leads", () => {
    const parsed = parseYamlFile(
      "a:\n  - b: &x\n      c: 1\n  - *x\nd:\n",
      () => anything,
      () => [],
    );
    if (parsed.kind === "broken") throw new Error("expected a good file");
    expect(parsed.locate(["a", 0, "b", "c"])).toEqual({ line: 3, column: 10 });
    expect(parsed.locate(["a", 1, "c"])).toEqual({ line: 3, column: 10 });
    expect(parsed.locate(["a", 7])).toEqual({ line: 2, column: 3 });
    expect(parsed.locate([])).toEqual({ line: 1, column: 1 });
  });
});

test("any text at all gives a value or located problems, and no exception", () => {
  const yamlish = fc.array(
    fc.constantFrom(
      "a",
      ":",
      " ",
      "\n",
      "- ",
      "[",
      "]",
      "{",
      "}",
      "&a ",
      "*a",
      "!",
      "?",
      "|",
      ">",
      "'",
      '"',
      "#",
      ",",
      "%",
      "\t",
      "---",
      "<<",
      "😀",
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        yamlish.map((parts) => parts.join("")),
      ),
      (text) => {
        const parsed = parseYamlFile(
          text,
          () => anything,
          () => [],
        );
        const places = parsed.kind === "ok" ? [parsed.locate(["a", 0, "b"])] : parsed.problems;
        expect(places.length).toBeGreaterThan(0);
        expect(places.filter(({ line, column }) => line < 1 || column < 1)).toEqual([]);
      },
    ),
    { numRuns: 2000 },
  );
});
