import {
  isNode,
  lineAt,
  lineCount,
  literal,
  type Node,
  nameOf,
  type Place,
  places,
  type Sources,
} from "./source.ts";

/** Every rule takes source files and returns one line per problem: none means the rule holds. */

const fileLinesMax = 400;
const functionLinesMax = 60;
const srcFilesMax = 200;
const srcLinesMax = 26_700;
/** What makes one look: the files beside the folders. */
const lookLinesMax = 2_100;

/** Names that reach the clock, the outside world or randomness; `Date` and `Math` are looked at more closely. */
const impureNames = new Set([
  "process",
  "fetch",
  "performance",
  "crypto",
  "console",
  "globalThis",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "Promise",
]);

/** The gate has no clock, no input or output, no randomness and nothing asynchronous. */
export function gateProblems(sources: Sources): string[] {
  return problemsIn(sources, (place, path) => {
    if (!path.startsWith("src/gate/")) return null;
    const { node, parent } = place;
    if (node["async"] === true) return "the gate is never async";
    if (node.type === "AwaitExpression" || node["await"] === true) return "the gate never awaits";
    if (node.type === "ImportExpression") return "the gate loads nothing later";
    const name = usedName(place);
    if (name === null) return null;
    if (impureNames.has(name)) return `the gate may not use ${name}`;
    if (name === "Date" && usesClock(node, parent)) return "the gate has no clock: take the time as a fact";
    if (name === "Math" && nameOf(parent?.["property"]) === "random") return "the gate has no randomness";
    return null;
  });
}

/** Names are exported, so that an import says the same word everywhere. */
export function defaultExportProblems(sources: Sources): string[] {
  return problemsIn(sources, ({ node }) => {
    const renamed = node.type === "ExportSpecifier" && nameOf(node["exported"]) === "default";
    return node.type === "ExportDefaultDeclaration" || renamed ? "has a default export" : null;
  });
}

/** Only the two entry points end the process. */
export function exitProblems(sources: Sources): string[] {
  return problemsIn(sources, ({ node }, path) => {
    if (path === "src/main.ts" || path === "src/cli/main.ts") return null;
    const member = node.type === "MemberExpression" && nameOf(node["object"]) === "process";
    if (member && /^(exit|abort|reallyExit)$/.test(memberName(node)))
      return "only an entry point ends the process";
    const imported =
      node.type === "ImportDeclaration" && /^(node:)?process$/.test(literal(node["source"]) ?? "");
    return imported ? "use the global process, so that this rule can see it" : null;
  });
}

const readingMethods = /^(get|list|compare|check[A-Z])/;
const octokitScopes = /^(actions|apps|checks|git|issues|orgs|pulls|reactions|repos|teams)$/;

/** Only src/github/publish* writes to GitHub: no other file holds a writing route, method or mutation. */
export function githubWriteProblems(sources: Sources): string[] {
  return problemsIn(sources, ({ node }, path) => {
    if (/^src\/github\/publish[^/]*\.ts$/.test(path)) return null;
    const text = node.type === "TemplateLiteral" ? null : literal(node);
    if (text !== null && /^\s*(POST|PUT|PATCH|DELETE)\s+\//.test(text))
      return `writes to GitHub: ${text.trim()}`;
    if (text !== null && /(^|\n)\s*mutation\b[^{\n]*\{/.test(text))
      return "writes to GitHub: a GraphQL mutation";
    const method =
      node.type === "Property" && nameOf(node["key"]) === "method" ? literal(node["value"]) : null;
    if (method !== null && /^(post|put|patch|delete)$/i.test(method))
      return `writes to GitHub: method ${method}`;
    if (node.type !== "CallExpression" || !isNode(node["callee"])) return null;
    const [scope, call] = lastTwoNames(node["callee"]);
    const writes = octokitScopes.test(scope) && !readingMethods.test(call) && isOctokitChain(node["callee"]);
    return writes ? `writes to GitHub: ${scope}.${call}` : null;
  });
}

/** A function fits a screen. */
export function functionLengthProblems(sources: Sources): string[] {
  return problemsIn(sources, ({ node }, _path, text) => {
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) return null;
    const lines = lineAt(text, node.end) - lineAt(text, node.start) + 1;
    return lines > functionLinesMax ? `a function of ${lines} lines, at most ${functionLinesMax}` : null;
  });
}

/** No file is longer than anybody reads. */
export function fileLengthProblems(sources: Sources): string[] {
  return Object.entries(sources).flatMap(([path, text]) => {
    const lines = lineCount(text);
    return lines > fileLinesMax ? [`${path}: ${lines} lines, at most ${fileLinesMax}`] : [];
  });
}

/** The whole of src stays small enough for one head; growing past this needs a page in docs/decisions. */
export function sizeProblems(sources: Sources): string[] {
  const files = Object.keys(sources).length;
  const lines = linesOf(sources, /^src\//);
  const gate = linesOf(sources, /^src\/gate\//);
  const look = linesOf(sources, /^src\/[^/]+$/);
  return [
    ...(gate > lines / 3 ? [`src/gate has ${gate} lines, at most a third of ${lines}`] : []),
    ...(look > lookLinesMax
      ? [`the files beside the folders have ${look} lines, at most ${lookLinesMax}`]
      : []),
    ...(files > srcFilesMax ? [`src has ${files} files, at most ${srcFilesMax}`] : []),
    ...(lines > srcLinesMax ? [`src has ${lines} lines, at most ${srcLinesMax}`] : []),
  ];
}

function linesOf(sources: Sources, which: RegExp): number {
  const texts = Object.entries(sources).flatMap(([path, text]) => (which.test(path) ? [text] : []));
  return texts.reduce((sum, text) => sum + lineCount(text), 0);
}

/** Files are kebab-case and carry a noun: an index or a bag of helpers says nothing. */
export function nameProblems(sources: Sources): string[] {
  return Object.keys(sources).flatMap((path) => {
    const name = path.split("/").at(-1) ?? "";
    if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(name)) return [`${path}: file names are kebab-case`];
    return /^(index|utils?|helpers?|common|misc)\.ts$/.test(name) ? [`${path}: name what it holds`] : [];
  });
}

type Check = (place: Place, path: string, text: string) => string | null;

function problemsIn(sources: Sources, check: Check): string[] {
  return Object.entries(sources).flatMap(([path, text]) =>
    places(text).flatMap((place) => {
      const problem = check(place, path, text);
      return problem === null ? [] : [`${path}:${lineAt(text, place.node.start)}: ${problem}`];
    }),
  );
}

/** The name an identifier refers to; null where it is only a label: a property after a dot, a key, a name in a type. */
function usedName({ node, parent, key }: Place): string | null {
  if (parent !== null && parent["computed"] !== true && (key === "property" || key === "key")) return null;
  if (parent?.type.startsWith("TS") === true && !/^TS(As|Satisfies|NonNull)/.test(parent.type)) return null;
  return nameOf(node);
}

/** `Date.now`, `Date()` and `new Date()` without an argument read the clock; parsing a given text does not. */
function usesClock(date: Node, parent: Node | null): boolean {
  if (parent === null) return true;
  if (parent.type === "MemberExpression") return memberName(parent) === "now";
  if (parent.type === "NewExpression" && parent["callee"] === date) {
    return !Array.isArray(parent["arguments"]) || parent["arguments"].length === 0;
  }
  return true;
}

/** The name after the dot or in brackets; empty when it is computed. */
function memberName(node: Node): string {
  return node["computed"] === true ? (literal(node["property"]) ?? "") : (nameOf(node["property"]) ?? "");
}

/** `octokit.rest.checks.create` gives ["checks", "create"]. */
function lastTwoNames(callee: Node): [string, string] {
  const object = callee["object"];
  return [isNode(object) && object.type === "MemberExpression" ? memberName(object) : "", memberName(callee)];
}

/** Whether the chain before the scope looks like a client, so that our own `facts.checks.some()` does not count. */
function isOctokitChain(callee: Node): boolean {
  const names: string[] = [];
  for (let node: unknown = callee; isNode(node); node = node["object"]) {
    names.push(node.type === "MemberExpression" ? memberName(node) : (nameOf(node) ?? ""));
  }
  return names.some((name) => name === "rest" || /octokit|github|client/i.test(name));
}
