import { isNode, literal, nameOf, places } from "./source.ts";

/**
 * Takes the text of a test file and returns the titles of its tests, `it` and `test` with or without `each`, as they are
 * written: `%s` stands for what `each` puts there.
 */
export function titlesIn(text: string): readonly string[] {
  return places(text).flatMap(({ node }) => {
    if (node.type !== "CallExpression" || !isTest(node["callee"])) return [];
    const title = Array.isArray(node["arguments"]) ? literal(node["arguments"][0]) : null;
    return title === null ? [] : [title];
  });
}

/**
 * Whether a test of this name is among the titles. Where a title has a `%s`, the name may say `…` for every case, or one
 * case: its words must stand in the file as a text of their own.
 */
export function isTitled(name: string, text: string): boolean {
  return titlesIn(text).some((title) => {
    if (title === name || title.replaceAll(placeholder, "…") === name) return true;
    const cases = new RegExp(`^${escaped(title).replaceAll(placeholder, "(.+)")}$`, "u").exec(name);
    return cases !== null && cases.slice(1).every((words) => text.includes(JSON.stringify(words)));
  });
}

const placeholder = /%[sj]/g;

/** `it`, `test`, or what `it.each(…)` returns. */
function isTest(callee: unknown): boolean {
  if (["it", "test"].includes(nameOf(callee) ?? "")) return true;
  const each = isNode(callee) && callee.type === "CallExpression" ? callee["callee"] : null;
  return isNode(each) && each.type === "MemberExpression" && isTest(each["object"]);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
