import type { Comment } from "./world.ts";

/** An issue that is no pull request, numbered together with those. */
export type Issue = {
  readonly id: number;
  readonly number: number;
  readonly userId: number;
  /** The app that opened it, null for people. */
  readonly appId: number | null;
  readonly title: string;
  readonly body: string | null;
  state: "open" | "closed";
  stateReason: "completed" | "not_planned" | "reopened" | null;
  locked: boolean;
  readonly comments: Comment[];
  readonly createdAt: string;
  updatedAt: string;
  closedAt: string | null;
};
