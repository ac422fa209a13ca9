import { z } from "zod";
import type { Account } from "../gate/accounts.ts";
import type { BranchPush } from "../gate/branch-pushes.ts";
import type { Observation } from "../gate/facts.ts";
import type { HeadHint } from "./check-events.ts";

/** What a delivery leads to: marks and observations, nothing else. */
export type Effects = {
  readonly marks: readonly {
    readonly target: string;
    readonly installation: number;
    readonly priority: number;
    readonly rewrite?: boolean;
  }[];
  readonly observations: readonly {
    readonly repo: string;
    readonly number: number;
    readonly key: string;
    readonly observation: Observation;
  }[];
  /** Not yet bound to the head SHA whose check run their authors could see: a payload does not have it, the store does. */
  readonly overrides: readonly {
    readonly repo: string;
    readonly number: number;
    readonly comment: string;
    readonly by: Account;
    readonly reason: string;
    /** ISO 8601, in whole seconds: when GitHub took the comment. */
    readonly at: string;
  }[];
  /** `/countersign accept <full sha>`, on a pull request or on an issue, which counts if it is about a bypass. */
  readonly acceptances: readonly {
    readonly repo: string;
    readonly number: number;
    readonly installation: number;
    readonly onPull: boolean;
    readonly observation: Extract<Observation, { kind: "accept" }>;
  }[];
  readonly pulls: readonly PullHint[];
  readonly pushes: readonly PushSeen[];
  /** Every open pull request with this head SHA is to be looked at, for events that name a commit only. */
  readonly heads: readonly HeadHint[];
  readonly groups: readonly GroupHint[];
  readonly deployments: readonly DeploymentHint[];
  /** Repositories, `owner/name`, and owners that are called differently from now on, or are gone; whether the rules of that place stay. */
  readonly renames: readonly {
    readonly kind: "repository" | "owner";
    readonly from: string;
    readonly to: string | null;
    readonly rulesStay: boolean;
  }[];
  /** The organisation whose cached teams are no longer to be believed. */
  readonly forgetTeamsOf: string | null;
};

export type PullHint = {
  readonly repo: string;
  readonly number: number;
  readonly installation: number;
  readonly headSha: string;
  readonly base: string;
  readonly open: boolean;
  readonly merged: boolean;
};

/** Who moved a branch from where to where. */
type PushSeen = Omit<BranchPush, "at"> & { readonly repo: string; readonly installation: number };

export type GroupHint = {
  readonly repo: string;
  readonly sha: string;
  readonly headRef: string;
  readonly base: string;
  readonly open: boolean;
};

/** A deployment that waits for this gate. `environment` as GitHub wrote it; `sha` is null where GitHub did not say. */
export type DeploymentHint = {
  readonly target: string;
  readonly repo: string;
  readonly installation: number;
  readonly environment: string;
  readonly run: number;
  readonly sha: string | null;
};

/**
 * Lower is sooner: a person waiting comes before what nobody waits for. Where roster or policy changed, a pull request that passes
 * and would be blocked is a `change`; `unread`, `outcome` and `words` are for those of which nothing is known, whose verdict would
 * be another one, and that would say the same in other words.
 */
export const priority = { person: 0, change: 1, unread: 2, outcome: 3, words: 4, sweep: 5 } as const;

/** No effect at all. */
export const none: Effects = {
  marks: [],
  observations: [],
  overrides: [],
  acceptances: [],
  pulls: [],
  pushes: [],
  heads: [],
  groups: [],
  deployments: [],
  renames: [],
  forgetTeamsOf: null,
};

/** The installation a delivery is for. */
export const installation = z.object({ id: z.number() });
/** `key`: how the store knows the repository. */
export const repository = z
  .object({ full_name: z.string(), name: z.string(), default_branch: z.string() })
  .transform((value) => ({ ...value, key: value.full_name.toLowerCase() }));

const about = z
  .object({
    installation: z.object({ id: z.number() }),
    repository: z.object({ full_name: z.string() }),
    pull_request: z.object({ number: z.number(), head: z.object({ sha: z.string() }) }),
  })
  .partial();

/** What the log calls the same in the lines of looks, as far as the delivery is about it. */
export function aboutDelivery(payload: unknown) {
  const { installation, repository, pull_request: pull } = about.safeParse(payload).data ?? {};
  return {
    installation: installation?.id,
    repository: repository?.full_name.toLowerCase(),
    pullRequest: pull?.number,
    headSha: pull?.head.sha,
  };
}
