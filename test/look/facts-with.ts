import type { Facts } from "../../src/gate/facts.ts";

/** Facts about a pull request with nothing on it, by nobody, but for the changes. */
export function factsWith(changes: Partial<Facts>): Facts {
  return {
    owner: "acme",
    repo: "shop",
    number: 1,
    url: "https://github.test/acme/shop/pull/1",
    headSha: "a".repeat(40),
    headRef: "topic",
    headRepo: "acme/shop",
    base: "main",
    defaultBranch: "main",
    requiredOnBase: { kind: "read", value: true },
    open: true,
    merged: false,
    author: null,
    otherAuthors: [],
    bodyEdited: null,
    stackBase: null,
    patches: [],
    suggestedBy: [],
    pushAccess: [],
    notes: { kind: "absent" },
    configChanges: [],
    assignees: [],
    title: "Fill the cart",
    body: "",
    commits: { kind: "read", value: [] },
    files: { kind: "read", value: [] },
    reviews: { kind: "read", value: [] },
    labels: { kind: "read", value: [] },
    timeline: { kind: "read", value: [] },
    observations: [],
    readAt: "2026-03-01T12:00:00.000Z",
    ...changes,
  };
}
