/** What a step may choose from. */
import type { Learns } from "./branches.ts";
import type { Scene, Tracked } from "./scene.ts";
import type { Level } from "./specification.ts";

/** The three numbers of a step, and where it writes down what the app learns from it. */
export type Chosen = { readonly a: number; readonly b: number; readonly c: number; readonly learns: Learns };

export const writers = ["juno", "milo", "grace", "otto", "juno", "milo", "vera"] as const;
/** Whose reviews may count come more often, and bases that are gated. */
export const reviewers = [
  "grace",
  "vera",
  "ada",
  "grace",
  "vera",
  "ada",
  "grace",
  "vera",
  "rhea",
  "milo",
  "otto",
  "juno",
] as const;
export const targets = ["main", "release", "main", "release", "develop"] as const;
export const rosterLevels: readonly (Level | null)[] = ["mid", "senior", "junior", null];
export const reviewEvents = [
  ["APPROVE", "APPROVED"],
  ["REQUEST_CHANGES", "CHANGES_REQUESTED"],
  ["APPROVE", "APPROVED"],
  ["COMMENT", "COMMENTED"],
  ["APPROVE", "APPROVED"],
] as const;

export function pick<T>(choices: readonly [T, ...T[]], by: number): T;
export function pick<T>(choices: readonly T[], by: number): T | undefined;
export function pick<T>(choices: readonly T[], by: number): T | undefined {
  return choices[by % choices.length];
}

export function opened({ pulls }: Scene): Tracked[] {
  return pulls.filter((pull) => pull.open);
}

export function unmerged({ pulls }: Scene): Tracked[] {
  return pulls.filter(({ merged }) => merged === null);
}

export function isOpen(scene: Scene, branch: string, base: string): boolean {
  return opened(scene).some((pull) => pull.branch === branch && pull.base === base);
}
