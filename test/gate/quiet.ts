/** A commit and a pull request that show no sign of anything, for the tests of detection. */
import type { Account, GitIdentity } from "../../src/gate/accounts.ts";

export const ada: GitIdentity = { name: "Ada Lovelace", email: "ada@example.com", account: null };
export const sha = "0a1b2c3d";

/** A commit of Ada's, unless others are named. */
export function commit(
  message: string,
  people: { author?: Partial<GitIdentity>; committer?: Partial<GitIdentity> } = {},
) {
  return { sha, message, author: { ...ada, ...people.author }, committer: { ...ada, ...people.committer } };
}

export const absent = { kind: "absent" } as const;
export const quietPull = {
  author: null,
  headRef: "main",
  body: "",
  labels: absent,
  timeline: absent,
  observations: [],
  commits: absent,
};
export const bot = (login: string, id: number | null): Account => ({ login, id, kind: "Bot" });
export const user = (login: string, id: number): Account => ({ login, id, kind: "User" });
