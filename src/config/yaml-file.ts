/** Text of a roster or policy file -> a checked value, or every problem with the place it stands at. */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type YAMLMap,
} from "yaml";
import type { z } from "zod";
import { type Complaint, describeIssue, type Path, words } from "./describe-issue.ts";

/** One thing wrong with a file, or one warning. `line` and `column` count from 1, columns in UTF-16 units. */
export type FileProblem = {
  /** Such as `rules[0].require.level`; empty for the file as a whole. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
  /** What was expected, what was found, and what to write instead. One line, without the path. */
  readonly message: string;
};

/** Where something stands: of a path that leads past what is written, the deepest part that is there. */
export type Locate = (path: Path) => { readonly line: number; readonly column: number };

/** What became of a file. `locate` finds places in it for problems that only show beside other files. */
export type Parsed<T> =
  | {
      readonly kind: "ok";
      readonly value: T;
      readonly warnings: readonly FileProblem[];
      readonly locate: Locate;
    }
  | { readonly kind: "broken"; readonly problems: readonly FileProblem[] };

/** Bytes. A thousand people need about 50 KB; GitHub's API hands over far larger blobs. */
export const fileBytesMax = 256 * 1024;
/** Levels of nesting. A policy that uses every key has six. */
const depthMax = 20;
const tooDeep = `nested too deeply; at most ${depthMax} levels are read`;
/** Aliases, and the number of values all of them together may expand to. */
const aliasesMax = 100;
/** More problems than anybody reads; the last line then says how many are left. */
const problemsMax = 100;

/** The file as YAML sees it, before any key is looked at. */
type YamlFile = {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly value: unknown;
  /** The entries of each mapping by key, once somebody asked: a mapping only has a list of them. */
  readonly entries: Map<YAMLMap, ReadonlyMap<string, Pair>>;
};

/**
 * Reads one file. `schemaFor` gives the schema for what the file holds (a level is checked against the file's own
 * levels), `check` what no schema can say, such as the same id twice; it gets the unchecked value, so that all problems
 * show at once. Never throws on any text.
 */
export function parseYamlFile<T>(
  text: string,
  schemaFor: (value: unknown) => z.ZodType<T>,
  check: (value: unknown) => readonly Complaint[] = () => [],
): Parsed<T> {
  const bytes = Buffer.byteLength(text);
  if (bytes > fileBytesMax) {
    return brokenBy(`the file has ${bytes} bytes; at most ${fileBytesMax} are read, so make it smaller`);
  }
  const lines = new LineCounter();
  // `uniqueKeys` compares every key with every other, half a minute for 256 KB of keys: `repeatedKeys` finds them in one pass.
  // `stringKeys`: a login such as 007 or 1e3 is not a number. Tags (`!!timestamp`) are problems, not other types.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema: "core",
    merge: false,
    resolveKnownTags: false,
    stringKeys: true,
    uniqueKeys: false,
  });
  const syntax = syntaxProblems(document, lines);
  if (syntax.length > 0) return { kind: "broken", problems: limited(syntax) };
  const value = plainValue(document);
  if (value.kind === "refused") return brokenBy(value.why, placeOf(lines, value.offset));
  if (!isMap(document.contents)) {
    const got =
      document.contents === null || value.plain === null
        ? "the file is empty"
        : "the file holds something else";
    return brokenBy(`expected keys with values, one to a line, such as "people:"; ${got}`);
  }
  const file: YamlFile = { document, lines, value: value.plain, entries: new Map() };
  return checked(file, schemaFor(file.value), [
    ...repeatedKeys(document, lines),
    ...check(file.value).map((complaint) => located(file, complaint)),
  ]);
}

/** `roster.yml:3:8: people.ada: level "seniour" does not exist …`, as editors and terminals understand it. */
export function formatProblem(file: string, problem: FileProblem): string {
  const where = problem.path === "" ? "" : `${problem.path}: `;
  return `${file}:${problem.line}:${problem.column}: ${where}${problem.message}`;
}

function checked<T>(file: YamlFile, schema: z.ZodType<T>, others: readonly FileProblem[]): Parsed<T> {
  const result = schema.safeParse(file.value, { reportInput: true, error: words });
  const issues = result.success ? [] : result.error.issues;
  const complaints = firstOfEach(issues.flatMap((issue) => describeIssue(issue)));
  const problems = [...complaints.map((complaint) => located(file, complaint)), ...others];
  if (!result.success || problems.length > 0) return { kind: "broken", problems: limited(problems) };
  const locate: Locate = (path) => {
    const { line, column } = located(file, { path, message: "", at: "value" });
    return { line, column };
  };
  return { kind: "ok", value: result.data, warnings: [], locate };
}

/** One complaint for each part: what is no text at all need not also be called too short. */
function firstOfEach(complaints: readonly Complaint[]): readonly Complaint[] {
  return [
    ...new Map(
      complaints.toReversed().map((complaint) => [JSON.stringify(complaint.path), complaint]),
    ).values(),
  ];
}

function brokenBy(
  message: string,
  place = { line: 1, column: 1 },
): { kind: "broken"; problems: FileProblem[] } {
  return { kind: "broken", problems: [{ path: "", ...place, message }] };
}

function syntaxProblems(document: Document, lines: LineCounter): readonly FileProblem[] {
  const errors = [...document.errors, ...document.warnings];
  // The parser goes on after its stack is full; what it says then is about its own recovery, and the place is chance.
  if (errors.some(({ code }) => code === "RESOURCE_EXHAUSTION")) return brokenBy(tooDeep).problems;
  return errors.map((error) => ({
    path: "",
    ...placeOf(lines, error.pos[0]),
    message: syntaxMessage(error.code, error.message),
  }));
}

function syntaxMessage(code: string, message: string): string {
  if (code === "MULTIPLE_DOCS")
    return 'the file holds several YAML documents; remove the line "---" and what does not belong';
  if (code === "TAG_RESOLVE_FAILED")
    return `${message.replace("Unresolved tag:", "the YAML tag")} is not known here; remove it`;
  return `not valid YAML: ${message.replaceAll(/\s+/g, " ")}`;
}

type PlainValue = { kind: "plain"; plain: unknown } | { kind: "refused"; why: string; offset: number };

/** The document as plain values, unless it is built to exhaust whoever reads it. */
function plainValue(document: Document): PlainValue {
  const seen: Seen = { aliases: 0, anchors: new Set(), open: [], firstAlias: 0 };
  const refused = refusal(document.contents, seen, 0);
  if (refused !== null) return refused;
  try {
    return { kind: "plain", plain: document.toJS({ maxAliasCount: aliasesMax }) };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return refuse("the aliases (*name) expand to too many values; write the values out", seen.firstAlias);
  }
}

/** What the walk has met: `open` are the anchors of the values it is inside of. */
type Seen = { aliases: number; anchors: Set<string>; open: string[]; firstAlias: number };

function refusal(node: unknown, seen: Seen, depth: number): PlainValue | null {
  if (depth > depthMax) return refuse(tooDeep, offsetOf(node));
  if (isAlias(node)) return aliasRefusal(node.source, seen, offsetOf(node));
  const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
  if (anchor !== undefined) {
    seen.anchors.add(anchor);
    seen.open.push(anchor);
  }
  const children = isMap(node)
    ? node.items.flatMap((pair) => [pair.key, pair.value])
    : isSeq(node)
      ? node.items
      : [];
  for (const child of children) {
    const refused = refusal(child, seen, depth + 1);
    if (refused !== null) return refused;
  }
  if (anchor !== undefined) seen.open.pop();
  return null;
}

function aliasRefusal(name: string, seen: Seen, offset: number): PlainValue | null {
  if (!seen.anchors.has(name)) return refuse(`the alias *${name} has no anchor &${name} before it`, offset);
  if (seen.open.includes(name))
    return refuse(`the alias *${name} stands inside what it repeats; write the value out`, offset);
  seen.aliases += 1;
  if (seen.aliases === 1) seen.firstAlias = offset;
  return seen.aliases > aliasesMax
    ? refuse(`more than ${aliasesMax} aliases (*name); write the values out`, offset)
    : null;
}

function refuse(why: string, offset: number): PlainValue {
  return { kind: "refused", why, offset };
}

/** Keys that stand twice in one mapping, and `__proto__`, which would get lost on the way into a JavaScript object. */
function repeatedKeys(document: Document, lines: LineCounter): FileProblem[] {
  const problems: FileProblem[] = [];
  const visit = (node: unknown, path: Path): void => {
    if (isSeq(node)) {
      for (const [at, item] of node.items.entries()) visit(item, [...path, at]);
    }
    if (!isMap(node)) return;
    const first = new Map<string, number>();
    for (const { key, value } of node.items) {
      const name = keyName(key);
      const before = first.get(name);
      const place = placeOf(lines, offsetOf(key));
      const message = repeatedKeyMessage(name, before);
      if (message !== null) problems.push({ path: shown([...path, name]), ...place, message });
      else first.set(name, place.line);
      visit(value, [...path, name]);
    }
  };
  visit(document.contents, []);
  return problems;
}

function repeatedKeyMessage(name: string, lineOfFirst: number | undefined): string | null {
  if (name === "__proto__") return "this key is not allowed; remove it";
  if (lineOfFirst === undefined) return null;
  return `duplicate key: ${JSON.stringify(name)} already stands on line ${lineOfFirst}; remove one of the two`;
}

function located(file: YamlFile, complaint: Complaint): FileProblem {
  let node: unknown = file.document.contents;
  let offset = offsetOf(node);
  let depth = 0;
  for (const part of complaint.path) {
    const from = isAlias(node) ? node.resolve(file.document) : node;
    const pair = isMap(from) ? entriesOf(file, from).get(String(part)) : undefined;
    const next = pair?.value ?? (isSeq(from) && typeof part === "number" ? from.items[part] : undefined);
    if (pair === undefined && next === undefined) break;
    depth += 1;
    const keyWanted = complaint.at === "key" && depth === complaint.path.length;
    offset = offsetOf(pair !== undefined && (keyWanted || next === null) ? pair.key : next);
    node = next;
  }
  return {
    path: shown(complaint.path.slice(0, depth)),
    ...placeOf(file.lines, offset),
    message: complaint.message,
  };
}

function entriesOf(file: YamlFile, map: YAMLMap): ReadonlyMap<string, Pair> {
  const known = file.entries.get(map);
  if (known !== undefined) return known;
  const entries = new Map(map.items.map((pair) => [keyName(pair.key), pair]));
  file.entries.set(map, entries);
  return entries;
}

/** In the order of the file, and not more than somebody reads. */
function limited(problems: readonly FileProblem[]): readonly FileProblem[] {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const next = sorted[problemsMax];
  if (next === undefined) return sorted;
  const left = sorted.length - problemsMax;
  return [
    ...sorted.slice(0, problemsMax),
    { ...next, path: "", message: `and ${left} more problems from here on` },
  ];
}

function placeOf(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function offsetOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

function keyName(key: unknown): string {
  return isScalar(key) ? String(key.value) : "";
}

function shown(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const name = String(part);
    if (!/^[\w@/-]+$/.test(name)) return `${text}[${JSON.stringify(name)}]`;
    return text === "" ? name : `${text}.${name}`;
  }, "");
}
