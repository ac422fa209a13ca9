import type { Read } from "./accounts.ts";
import type { Facts } from "./facts.ts";

/**
 * Open pull requests with the same head SHA and base branch are one change: what one of them collected in reviews and
 * contributors holds for all. Labels, body and branch stay each pull request's own, because the strictest verdict decides.
 * @param all facts of pull requests with one head SHA; what a closed one collected holds for itself alone.
 * @returns the same pull requests in the same order, with the reviews and people of their like.
 */
export function pool(all: readonly Facts[]): Facts[] {
  return all.map((facts) => {
    const others = all.filter(
      (other) => other.open && other.number !== facts.number && other.base === facts.base,
    );
    if (others.length === 0) return facts;
    const group = [facts, ...others];
    return {
      ...facts,
      otherAuthors: others.map((other) => other.author),
      assignees: group.flatMap((member) => member.assignees),
      reviews: together(group.map((member) => member.reviews)),
      timeline: together([facts.timeline, ...others.map((other) => withoutLabels(other.timeline))]),
      observations: [
        ...facts.observations,
        ...others.flatMap((other) =>
          other.observations.filter(({ kind }) => kind === "review" || kind === "push"),
        ),
      ],
    };
  });
}

function withoutLabels(timeline: Facts["timeline"]): Facts["timeline"] {
  if (timeline.kind !== "read") return timeline;
  const value = timeline.value.filter(({ kind }) => kind !== "labeled" && kind !== "unlabeled");
  return { kind: "read", value };
}

/** All values in one list; unreadable as soon as one of them is, because half a list would pass for a whole one. */
function together<T>(reads: readonly Read<readonly T[]>[]): Read<readonly T[]> {
  const values: T[] = [];
  for (const read of reads) {
    if (read.kind !== "read") return read;
    values.push(...read.value);
  }
  return { kind: "read", value: values };
}
