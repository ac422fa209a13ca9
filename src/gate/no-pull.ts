import type { Facts } from "./facts.ts";

/** What a change has that is no pull request. */
type Bare = Pick<Facts, "headSha" | "base" | "defaultBranch" | "author" | "commits" | "files" | "readAt">;

/** What is not asked for with a pull request itself, but remembered, or read where a verdict depends on it: nothing so far. */
export const nothingLater = {
  observations: [],
  otherAuthors: [],
  stackBase: null,
  landed: [],
  cleared: [],
  oldHeads: [],
  patches: [],
  suggestedBy: [],
  pushAccess: [],
  notes: { kind: "absent" },
  configChanges: [],
} as const satisfies Partial<Facts>;

const none = { kind: "read", value: [] } as const;

/**
 * The facts of a change that no pull request is about: a local range, a direct push. What only a pull request has is empty:
 * reviews, labels, timeline, description. The number is 0 and the address empty, which no pull request's are.
 */
export function withoutPull(known: Bare & Partial<Facts>): Facts {
  return {
    ...nothingLater,
    owner: "",
    repo: "",
    number: 0,
    url: "",
    headRef: "",
    headRepo: null,
    requiredOnBase: { kind: "absent" },
    open: true,
    merged: false,
    merge: null,
    bodyEdited: null,
    sameNamed: [],
    assignees: [],
    title: "",
    body: "",
    reviews: none,
    labels: none,
    timeline: none,
    ...known,
  };
}
