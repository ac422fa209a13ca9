import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  branchPatternProblem,
  matchesBranch,
  matchesPath,
  matchesText,
  pathPatternProblem,
} from "../../src/gate/patterns.ts";

describe("a path pattern", () => {
  test.each([
    ["README.md", "README.md", true],
    ["README.md", "readme.md", false],
    ["README.md", "docs/README.md", false],
    ["*.md", "README.md", true],
    ["*.md", ".md", true],
    ["*.md", ".hidden.md", true],
    ["*.md", "docs/README.md", false],
    ["*", "README.md", true],
    ["*", "docs/README.md", false],
    ["**", "docs/a/b/c.md", true],
    ["**", ".github/workflows/ci.yml", true],
    ["docs/**", "docs/a.md", true],
    ["docs/**", "docs/a/b.md", true],
    ["docs/**", "docs/.hidden/b.md", true],
    ["docs/**", "docs", false],
    ["docs/**", "docs2/a.md", false],
    ["docs/*", "docs/a.md", true],
    ["docs/*", "docs/a/b.md", false],
    ["**/*.tf", "main.tf", true],
    ["**/*.tf", "infra/aws/main.tf", true],
    ["**/*.tf", "infra/aws/main.tfvars", false],
    ["**/x", "x", true],
    ["**/x", "a/x", true],
    ["**/x", "ax", false],
    ["a/**/b", "a/b", true],
    ["a/**/b", "a/x/y/b", true],
    ["a/**/b", "a/xb", false],
    ["a/**/**/b", "a/b", true],
    ["a/***/b", "a/x/b", true],
    ["**/a/**/b", "x/a/y/b", true],
    ["a**z", "a/b/z", true],
    ["a?c", "abc", true],
    ["a?c", "a/c", false],
    ["a?c", "ac", false],
    ["a?c", "a😀c", true],
    ["a.c", "abc", false],
    ["a+(b)|c$", "a+(b)|c$", true],
    ["app/(group)/page.tsx", "app/(group)/page.tsx", true],
    ["app/?id?/page.tsx", "app/[id]/page.tsx", true],
    ["*.md", "two\nlines.md", true],
    ["**", "two\nlines/a", true],
    ["\\Qa\\E", "a", false],
    ["a\\E*", "a\\Eb", true],
    ["", "a", false],
  ])("%j and the path %j: %s", (pattern, path, expected) => {
    expect(matchesPath(pattern, path)).toBe(expected);
  });

  // Few different characters, so that patterns and paths meet often.
  const piece = (...parts: string[]) =>
    fc.array(fc.constantFrom(...parts), { maxLength: 9 }).map((p) => p.join(""));
  const patterns = piece("a", "b", ".", "/", "*", "**", "**/", "?", "\n", "😀", "[", "\\", "+", "^");
  const paths = piece("a", "b", ".", "/", "\n", "😀", "[", "\\", "+", "^");

  test("agrees with a matcher that follows the definition character by character", () => {
    fc.assert(
      fc.property(patterns, paths, (pattern, path) => {
        expect(matchesPath(pattern, path)).toBe(definition([...pattern], [...path], true));
      }),
      { numRuns: 3000 },
    );
  });

  test("made of the path itself with parts starred matches that path", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(piece("a", "b", ".", "+"), fc.constantFrom("keep", "star")), { minLength: 1 }),
        (parts) => {
          const path = parts.map(([text]) => text).join("/");
          const pattern = parts.map(([text, how]) => (how === "star" ? "*" : text)).join("/");
          expect(matchesPath(pattern, path)).toBe(true);
          expect(matchesPath("**", path)).toBe(true);
        },
      ),
    );
  });

  test("made to be hard is decided all the same", () => {
    const path = `${"a".repeat(4000)}b`;
    expect(matchesPath("*a".repeat(240), path)).toBe(false);
    expect(matchesPath(`${"**a".repeat(160)}c`, path)).toBe(false);
    expect(matchesPath(`${"**/".repeat(160)}c`, "a/".repeat(2000))).toBe(false);
    expect(matchesPath(`${"a*".repeat(240)}b`, path)).toBe(true);
  });

  test("is still known after more patterns than are remembered", () => {
    const answers = Array.from({ length: 600 }, (_, at) => matchesPath(`docs/${at}/*`, `docs/${at}/a.md`));
    expect(answers.every(Boolean)).toBe(true);
    expect(matchesPath("docs/0/*", "docs/1/a.md")).toBe(false);
  });
});

describe("a branch pattern", () => {
  test.each([
    ["~ALL", "anything/at/all", true],
    ["~DEFAULT_BRANCH", "trunk", true],
    ["~DEFAULT_BRANCH", "main", false],
    ["main", "main", true],
    ["main", "Main", false],
    ["main", "main/2", false],
    ["refs/heads/main", "main", true],
    ["refs/heads/release/*", "release/1", true],
    ["release/*", "release/1.0", true],
    ["release/*", "release/1/2", false],
    ["release/*", "release", false],
    ["qa/**/*", "qa/foo", true],
    ["qa/**/*", "qa/foo/bar/foobar/hello-world", true],
    ["qa**/**/*", "qa-2/foo", true],
    ["qa**/**/*", "qa/foo/bar", true],
    ["release/**", "release/1/2", true],
    ["*release*", "my-release-2", true],
    ["v?", "v1", true],
    ["~OTHER", "other", false],
    ["a/refs/heads/b", "a/b", false],
  ])("%j and the branch %j: %s", (pattern, branch, expected) => {
    expect(matchesBranch(pattern, branch, "trunk")).toBe(expected);
  });
});

describe("a text pattern", () => {
  test.each([
    ["acme-coder*", "ACME-Coder 2", true],
    ["acme-coder*", "an acme-coder", false],
    ["a*c", "a\nb\nc", true],
    ["a**c", "abc", true],
    ["a.c", "abc", false],
    ["a.c", "A.C", true],
    ["*", "", true],
  ])("%j and the text %j: %s", (pattern, text, expected) => {
    expect(matchesText(pattern, text)).toBe(expected);
  });
});

describe("in a policy", () => {
  test.each([
    "docs/**",
    "**/*.tf",
    ".github/**",
    "app/(group)/page.tsx",
    "a b/c.md",
    "#x",
    "~x",
    "a".repeat(500),
  ])("the path pattern %j is good", (pattern) => {
    expect(pathPatternProblem(pattern)).toBe(null);
  });

  test.each([
    [
      "src/[ab].ts",
      `"src/[ab].ts": "[" has no meaning in patterns; list the alternatives as patterns of their own, or write "?" where a file name really has this character`,
    ],
    [
      "*.{ts,js}",
      `"*.{ts,js}": "{" has no meaning in patterns; list the alternatives as patterns of their own, or write "?" where a file name really has this character`,
    ],
    ["!docs/**", `"!docs/**": a pattern cannot be negated; list what should match`],
    ["/docs/**", `"/docs/**": paths begin at the repository's root without "/"; write "docs/**"`],
    ["//docs/a", `"//docs/a": paths begin at the repository's root without "/"; write "docs/a"`],
    ["docs/", `"docs/": files are matched, not folders; write "docs/**"`],
    ["docs/a//", `"docs/a//": files are matched, not folders; write "docs/a/**"`],
    [
      "docs/../a",
      `"docs/../a": a path has no empty, "." or ".." segment, so this never matches; leave that segment out`,
    ],
    [
      "./docs/**",
      `"./docs/**": a path has no empty, "." or ".." segment, so this never matches; leave that segment out`,
    ],
    [
      "a//b",
      `"a//b": a path has no empty, "." or ".." segment, so this never matches; leave that segment out`,
    ],
    ["a".repeat(501), "a pattern of 501 characters is too long; at most 500 are allowed"],
  ])("the path pattern %j is refused", (pattern, problem) => {
    expect(pathPatternProblem(pattern)).toBe(problem);
  });

  test.each(["~ALL", "~DEFAULT_BRANCH", "main", "release/*", "refs/heads/main", "qa/**/*"])(
    "the branch pattern %j is good",
    (pattern) => {
      expect(branchPatternProblem(pattern)).toBe(null);
    },
  );

  test.each([
    [
      "~DEFAULT",
      `"~DEFAULT" is not known; write ~DEFAULT_BRANCH, ~ALL, or a branch such as main or release/*`,
    ],
    ["refs/tags/v1", `"refs/tags/v1" is not a branch; write the branch's name, such as main or release/*`],
    [
      "refs/heads/rel[12]",
      `"rel[12]": "[" has no meaning in patterns; list the alternatives as patterns of their own, or write "?" where a file name really has this character`,
    ],
    ["a/refs/heads/!/", `"a/refs/heads/!/": files are matched, not folders; write "a/refs/heads/!/**"`],
    [
      "rel[12]",
      `"rel[12]": "[" has no meaning in patterns; list the alternatives as patterns of their own, or write "?" where a file name really has this character`,
    ],
  ])("the branch pattern %j is refused", (pattern, problem) => {
    expect(branchPatternProblem(pattern)).toBe(problem);
  });
});

/** The definition, written down once more: slow, and by recursion, for short patterns. */
function definition(pattern: string[], path: string[], segmentStarts: boolean): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return path.length === 0;
  if (first !== "*") {
    const fits = path.length > 0 && (first === "?" ? path[0] !== "/" : path[0] === first);
    return fits && definition(rest, path.slice(1), first === "/");
  }
  const run = pattern.findIndex((character) => character !== "*");
  const after = run === -1 ? [] : pattern.slice(run);
  const length = pattern.length - after.length;
  const ends = Array.from({ length: path.length + 1 }, (_, end) => end);
  if (length === 1)
    return ends.some((end) => !path.slice(0, end).includes("/") && definition(after, path.slice(end), false));
  if (!segmentStarts || after[0] !== "/")
    return ends.some((end) => definition(after, path.slice(end), false));
  // A segment of its own: nothing at all, or whole segments up to a slash.
  return (
    definition(after.slice(1), path, true) ||
    ends.some((end) => path[end] === "/" && definition(after.slice(1), path.slice(end + 1), true))
  );
}
