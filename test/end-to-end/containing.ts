import { expect } from "vitest";

/** In an expected value: any text with `text` in it. Vitest's own matcher is an `any`. */
export function containing(text: string): unknown {
  return expect.stringContaining(text);
}

/** In an expected value: any text that matches `pattern`. */
export function matching(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}
