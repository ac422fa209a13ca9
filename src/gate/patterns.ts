/**
 * The patterns of a policy: file paths and base branches.
 *
 * `*` stays in a segment, `**` crosses segments, a leading or inner `**` segment also matches no segment at all,
 * `?` is one character but `/`. Leading dots match, case counts, everything else is literal.
 *
 * People write these, so matching must be linear in the path whatever the pattern: they are translated for re2js,
 * which never backtracks. Glob libraries do, exponentially in the number of stars.
 */
import { RE2JS } from "re2js";

/** Longer patterns are refused in a policy: matching takes time in proportion to pattern times path. */
const patternLengthMax = 500;

/** As many compiled patterns are kept; a policy rarely has more than twenty. Full, the memo is emptied. */
const memoMax = 256;

// Remembers compiled patterns only, so nobody outside can tell whether it is there: a pull request of 3,000 files
// would compile each pattern 3,000 times.
const memo = new Map<string, RE2JS>();

const leadingStars = /^\*+/;
const stars = /\*+/;

/**
 * Whether `path`, from the repository's root with `/` between segments, is matched by `pattern`. Takes any pattern,
 * also one that `pathPatternProblem` finds fault with: the characters refused there are literal here.
 */
export function matchesPath(pattern: string, path: string): boolean {
  return compile(pattern, translate, RE2JS.DOTALL).matches(path);
}

/**
 * Whether the base branch `branch`, without `refs/heads/`, is matched by `pattern`: `~ALL`, `~DEFAULT_BRANCH`, or a
 * pattern as for paths, with or without `refs/heads/` in front, as in the `ref_name` conditions of GitHub's rulesets
 * (https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/creating-rulesets-for-a-repository#using-fnmatch-syntax).
 * One difference, to the closed side: a `**` that is not a segment of its own, or is the last one, crosses here
 * (`release/**` gates `release/1/2`); GitHub takes it for `*`.
 */
export function matchesBranch(pattern: string, branch: string, defaultBranch: string): boolean {
  if (pattern === "~ALL") return true;
  if (pattern === "~DEFAULT_BRANCH") return branch === defaultBranch;
  return matchesPath(pattern.replace(/^refs\/heads\//, ""), branch);
}

/** Whether `text` is `pattern`, in which `*` stands for any text, also none; case does not matter. */
export function matchesText(pattern: string, text: string): boolean {
  const flags = RE2JS.DOTALL | RE2JS.CASE_INSENSITIVE;
  return compile(
    pattern,
    (words) =>
      words
        .split(stars)
        .map((word) => RE2JS.quote(word))
        .join(".*"),
    flags,
  ).matches(text);
}

/**
 * What is wrong with a path pattern in a policy and what to write instead, or null. Refused is what other tools give
 * a meaning that it does not have here, and what could never match: a rule that silently never applies is a hole.
 */
export function pathPatternProblem(pattern: string): string | null {
  if (pattern.length > patternLengthMax) {
    return `a pattern of ${pattern.length} characters is too long; at most ${patternLengthMax} are allowed`;
  }
  const special = /[[\]{}\\]/.exec(pattern)?.[0];
  if (special !== undefined) {
    return (
      `${quoted(pattern)}: "${special}" has no meaning in patterns; list the alternatives as patterns of their own, ` +
      `or write "?" where a file name really has this character`
    );
  }
  if (pattern.startsWith("!")) {
    return `${quoted(pattern)}: a pattern cannot be negated; list what should match`;
  }
  if (pattern.startsWith("/")) {
    return `${quoted(pattern)}: paths begin at the repository's root without "/"; write ${quoted(pattern.replace(/^\/+/, ""))}`;
  }
  if (pattern.endsWith("/")) {
    return `${quoted(pattern)}: files are matched, not folders; write ${quoted(`${pattern.replace(/\/+$/, "")}/**`)}`;
  }
  if (pattern.split("/").some((segment) => segment === "" || segment === "." || segment === "..")) {
    return `${quoted(pattern)}: a path has no empty, "." or ".." segment, so this never matches; leave that segment out`;
  }
  return null;
}

/** What is wrong with a branch pattern in a policy and what to write instead, or null. */
export function branchPatternProblem(pattern: string): string | null {
  if (pattern === "~ALL" || pattern === "~DEFAULT_BRANCH") return null;
  if (pattern.startsWith("~")) {
    return `${quoted(pattern)} is not known; write ~DEFAULT_BRANCH, ~ALL, or a branch such as main or release/*`;
  }
  const name = pattern.replace(/^refs\/heads\//, "");
  if (name.startsWith("refs/")) {
    return `${quoted(pattern)} is not a branch; write the branch's name, such as main or release/*`;
  }
  return pathPatternProblem(name);
}

function compile(pattern: string, toExpression: (pattern: string) => string, flags: number): RE2JS {
  const key = `${flags} ${pattern}`;
  const known = memo.get(key);
  if (known !== undefined) return known;
  const compiled = RE2JS.compile(toExpression(pattern), flags);
  if (memo.size >= memoMax) memo.clear();
  memo.set(key, compiled);
  return compiled;
}

function translate(pattern: string): string {
  let expression = "";
  let at = 0;
  while (at < pattern.length) {
    const run = leadingStars.exec(pattern.slice(at))?.[0].length ?? 0;
    const segmentStarts = at === 0 || pattern[at - 1] === "/";
    if (run >= 2 && segmentStarts && pattern[at + run] === "/") {
      // A run of such segments says no more than one; each would make the automaton larger.
      if (!expression.endsWith("(?:.*/)?")) expression += "(?:.*/)?";
      at += run + 1;
    } else if (run > 0) {
      expression += run === 1 ? "[^/]*" : ".*";
      at += run;
    } else {
      const literal = /^[^*?]+|^\?/.exec(pattern.slice(at))?.[0] ?? "";
      expression += literal === "?" ? "[^/]" : RE2JS.quote(literal);
      at += literal.length;
    }
  }
  return expression;
}

function quoted(pattern: string): string {
  return JSON.stringify(pattern);
}
