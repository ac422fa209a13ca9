/** A commit status: what anybody who can write may set. The newest of a context counts. */
export type CommitStatus = {
  readonly id: number;
  readonly sha: string;
  readonly context: string;
  readonly state: "error" | "failure" | "pending" | "success";
  readonly description: string | null;
  readonly creatorId: number;
  readonly createdAt: string;
};
