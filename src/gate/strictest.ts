import type { Outcome, Verdict } from "./verdict.ts";

const order: readonly Outcome["kind"][] = [
  "undecidable",
  "objected",
  "waiting",
  "overridden",
  "countersigned",
  "not-needed",
];

/** Whether a verdict keeps the pull request from being merged. In observe mode nothing does. */
export function blocks(verdict: Verdict): boolean {
  const { kind } = verdict.outcome;
  return verdict.mode === "enforce" && (kind === "undecidable" || kind === "objected" || kind === "waiting");
}

/**
 * The verdict that decides among several of one head SHA: of different policies, or of different pull requests. A blocking
 * one always wins, whatever an observing policy says; then the order of the check run table. What the others say about the
 * same pull request is kept, so that the summary lists everything: as part of the outcome where that is of the same kind.
 * @param verdicts at least one, in any order: the result is the same.
 */
export function strictest(verdicts: readonly Verdict[]): Verdict {
  const [first, ...rest] = verdicts.toSorted(byStrictness);
  if (first === undefined) throw new Error("strictest() needs at least one verdict");
  const same = [first, ...rest.filter((other) => other.number === first.number)];
  const siblings = new Set([
    ...first.siblings,
    ...rest.flatMap((other) => [other.number, ...other.siblings]),
  ]);
  siblings.delete(first.number);
  return {
    ...first,
    outcome: together(
      first.outcome,
      same.filter(({ mode }) => mode === first.mode).map(({ outcome }) => outcome),
    ),
    siblings: [...siblings].toSorted((one, other) => one - other),
    evidence: distinct(same.flatMap((verdict) => verdict.evidence)),
    contributors: distinct(same.flatMap((verdict) => verdict.contributors)),
    rules: distinct(same.flatMap((verdict) => verdict.rules)),
    refused: distinct(same.flatMap((verdict) => verdict.refused)),
    notes: distinct(same.flatMap((verdict) => verdict.notes)),
  };
}

/** The first outcome, with what others of its kind add: what all of them wait for is what has to be done. */
function together(first: Outcome, outcomes: readonly Outcome[]): Outcome {
  const { kind } = first;
  switch (kind) {
    case "undecidable":
      return { kind, problems: distinct(ofKind(kind, outcomes).flatMap(({ problems }) => problems)) };
    case "objected":
      return { kind, by: distinct(ofKind(kind, outcomes).flatMap(({ by }) => by)) };
    case "waiting":
      return { kind, needs: distinct(ofKind(kind, outcomes).flatMap(({ needs }) => needs)) };
    case "countersigned":
      return { kind, by: distinct(ofKind(kind, outcomes).flatMap(({ by }) => by)) };
    case "overridden":
    case "not-needed":
      return first;
  }
}

function ofKind<Kind extends Outcome["kind"]>(kind: Kind, outcomes: readonly Outcome[]) {
  return outcomes.filter((outcome): outcome is Extract<Outcome, { kind: Kind }> => outcome.kind === kind);
}

function byStrictness(one: Verdict, other: Verdict): number {
  const byBlocking = Number(blocks(other)) - Number(blocks(one));
  const byKind = order.indexOf(one.outcome.kind) - order.indexOf(other.outcome.kind);
  // Equals are told apart by what they say, so that the same verdicts in another order give the same words.
  return (
    byBlocking || byKind || one.number - other.number || byText(JSON.stringify(one), JSON.stringify(other))
  );
}

function byText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

function distinct<T>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
