import { parseAst } from "vitest/node";

/** Source files by their path from the repository root, with forward slashes. The rules take nothing else. */
export type Sources = Readonly<Record<string, string>>;

/** One node of the syntax tree; ESTree with TypeScript's additions. */
export type Node = { readonly type: string; readonly start: number; readonly end: number } & {
  readonly [key: string]: unknown;
};

/** A node with its parent and the parent's key that holds it. */
export type Place = { readonly node: Node; readonly parent: Node | null; readonly key: string };

/** One import, re-export, `import()` or `import("…")` type. `specifier` is null when it is not a plain string. */
export type ImportLine = {
  readonly specifier: string | null;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
  readonly line: number;
};

const parsed = new Map<string, readonly Place[]>();

/** Takes TypeScript text and returns every node of its tree, parents before children. Throws on a syntax error. */
export function places(text: string): readonly Place[] {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const found: Place[] = [];
  // Vitest hands on this one parser of Vite's; the one that replaces it would be a dependency of its own.
  // oxlint-disable-next-line typescript/no-deprecated
  const root: unknown = parseAst(text, { lang: "ts" });
  if (isNode(root)) collect({ node: root, parent: null, key: "" }, found);
  parsed.set(text, found);
  return found;
}

/** Takes TypeScript text and returns what it imports, in any form the language has. */
export function importsOf(text: string): readonly ImportLine[] {
  return places(text).flatMap(({ node }) => {
    const found = importOf(node);
    // Of few nodes: to count the lines before each would take most of the time.
    return found === null ? [] : [{ ...found, line: lineAt(text, node.start) }];
  });
}

function importOf(node: Node): Omit<ImportLine, "line"> | null {
  switch (node.type) {
    case "ImportDeclaration":
      return { ...staticImport(node), typeOnly: isTypeOnly(node, "importKind") };
    case "ExportAllDeclaration":
      return { ...staticImport(node), typeOnly: node["exportKind"] === "type" };
    case "ExportNamedDeclaration":
      return isNode(node["source"])
        ? { ...staticImport(node), typeOnly: isTypeOnly(node, "exportKind") }
        : null;
    case "ImportExpression":
      return { specifier: literal(node["source"]), typeOnly: false, dynamic: true };
    case "TSImportType":
      return { specifier: literal(node["source"]), typeOnly: true, dynamic: false };
    default:
      return null;
  }
}

/** The line number, from 1, of an offset in a text. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** How many lines a file has; the line feed at its end does not start another one. */
export function lineCount(text: string): number {
  return text === "" ? 0 : text.replace(/\n$/, "").split("\n").length;
}

/** The text of a string literal, of a template without expressions or of a piece of a template; else null. */
export function literal(node: unknown): string | null {
  if (!isNode(node)) return null;
  if (node.type === "TSLiteralType") return literal(node["literal"]);
  if (node.type === "Literal") return typeof node["value"] === "string" ? node["value"] : null;
  if (node.type === "TemplateLiteral" && Array.isArray(node["quasis"]) && node["quasis"].length === 1) {
    return literal(node["quasis"][0]);
  }
  if (node.type === "TemplateElement") {
    const value = node["value"];
    return typeof value === "object" && value !== null && "raw" in value ? String(value.raw) : null;
  }
  return null;
}

/** The name of an identifier; null for every other node. */
export function nameOf(node: unknown): string | null {
  return isNode(node) && node.type === "Identifier" && typeof node["name"] === "string" ? node["name"] : null;
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

function staticImport(node: Node): { specifier: string | null; dynamic: boolean } {
  return { specifier: literal(node["source"]), dynamic: false };
}

/** `import type …`, or every name in the braces marked `type`. */
function isTypeOnly(node: Node, kind: "importKind" | "exportKind"): boolean {
  if (node[kind] === "type") return true;
  const names = Array.isArray(node["specifiers"]) ? node["specifiers"].filter(isNode) : [];
  return names.length > 0 && names.every((name) => name[kind] === "type");
}

function collect(place: Place, found: Place[]): void {
  found.push(place);
  for (const [key, value] of Object.entries(place.node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) collect({ node: child, parent: place.node, key }, found);
    }
  }
}
