/** What zod found -> sentences for the person who wrote the file, and the parts of schemas that need such sentences. */
import { z } from "zod";

/** From the file's top: keys of mappings, indexes of lists. */
export type Path = readonly PropertyKey[];

/** One thing wrong, not yet located. `at`: whether the key at `path` is meant or its value. */
export type Complaint = { readonly path: Path; readonly message: string; readonly at: "key" | "value" };

/** A mapping with these keys and no others: a rule that is read past is a hole. */
export function mapping<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    // One line for each key, in order: `describeIssue` takes them apart again.
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => unknownKey(key, known)).join("\n")
        : undefined,
  });
}

/** The candidate that `word` is most likely a slip for, in quotes with a question mark, or "" when none is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const near = candidates
    .map((candidate) => ({ candidate, distance: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length / 3)))
    .toSorted((a, b) => a.distance - b.distance)[0];
  return near === undefined ? "" : `; did you mean ${quote(near.candidate)}?`;
}

/** Text in quotes, control characters escaped, cut to what fits a line. */
export function quote(text: string): string {
  const characters = [...text];
  return JSON.stringify(characters.length <= 60 ? text : `${characters.slice(0, 59).join("")}…`);
}

/** One issue of zod (parsed with `reportInput` and `words`) as complaints; `base` is the path of what was parsed. */
export function describeIssue(issue: z.core.$ZodIssue, base: Path = []): Complaint[] {
  const path = [...base, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    const lines = issue.message.split("\n");
    return issue.keys.map((key, at) => ({
      path: [...path, key],
      message: lines[at] ?? "unknown key",
      at: "key",
    }));
  }
  if (issue.code === "invalid_key") {
    return [{ path, message: issue.issues[0]?.message ?? "this key is not allowed", at: "key" }];
  }
  if (issue.code === "invalid_union") {
    // The alternative that was meant is the one whose type fits; only its problems are of interest.
    const meant = issue.errors.find(
      (errors) => !errors.some((e) => e.code === "invalid_type" && e.path.length === 0),
    );
    if (meant !== undefined) return meant.flatMap((inner) => describeIssue(inner, path));
  }
  if (issue.input === undefined) {
    const key = String(path.at(-1));
    return [{ path, message: `the key ${quote(key)} is missing; ${issue.message}`, at: "value" }];
  }
  if (issue.code === "custom") return [{ path, message: issue.message, at: "value" }];
  return [{ path, message: `${issue.message}, got ${describeInput(issue.input, issue)}`, at: "value" }];
}

/** zod's error map: what was expected, in words. Schemas that know better bring their own. */
export function words(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${typeWords[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `expected ${issue.values.map(String).join(" or ")}`;
    case "too_small":
      return issue.origin === "string" ? "expected text that is not empty" : "expected at least one entry";
    case "too_big":
      return `expected at most ${issue.maximum} ${issue.origin === "string" ? "characters" : "entries"}`;
    default:
      return undefined;
  }
}

const typeWords: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  object: "keys with values",
  record: "keys with values",
  string: "text",
};

function unknownKey(key: string, known: readonly string[]): string {
  return `unknown key ${quote(key)}${didYouMean(key, known) || ";"} the keys here are ${known.join(", ")}`;
}

function describeInput(input: unknown, issue: z.core.$ZodIssue): string {
  if (input === null) return "nothing; fill it in or remove the key";
  if (Array.isArray(input)) return input.length === 0 ? "an empty list" : "a list";
  if (typeof input === "string") return quote(input);
  if (typeof input === "object") return "keys with values";
  if (typeof input !== "number" && typeof input !== "boolean") return "something else";
  const textWanted = issue.code === "invalid_type" && issue.expected === "string";
  return textWanted ? `the ${typeof input} ${input}; write it in quotes` : String(input);
}

/** Edits (insert, delete, replace) from one word to the other; words far apart in length are simply far apart. */
function distance(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > 5) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [i, character] of [...from].entries()) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const replaced = (row[j] ?? 0) + (character === to[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
