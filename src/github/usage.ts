/** What GitHub says of our use of it: quotas, when to wait, what the app may do. */
import { z } from "zod";
import { GitHubError, isSecondaryLimit, retryTime } from "./errors.ts";

/** `read` and `write` are REST's. A query costs 1 point, a read 1, a write 5. */
type CallKind = "graphql" | "read" | "write";

/** A request that was answered, or was not: then `status` is null. `installation` is `app` for those of the app itself. */
export type Call = {
  readonly installation: string;
  readonly kind: CallKind;
  readonly status: number | null;
};

export type Quota = {
  readonly installation: string;
  /** GitHub's name: `core`, `graphql` … */
  readonly resource: string;
  readonly remaining: number;
};

export type Usage = {
  /** Throws GitHubError with the time to come back while GitHub wants this installation to wait. */
  readonly requireLeave: (installation: string, kind: CallKind) => void;
  /** @param message what GitHub said with a refusal or an error of a query, else empty. */
  readonly note: (call: Call, headers: Readonly<Record<string, unknown>>, message: string) => void;
  readonly notePermissions: (installation: string, permissions: Readonly<Record<string, string>>) => void;
  /** The quotas as the last answers told them. */
  readonly quotas: () => readonly Quota[];
  /** What some installation has not granted, as `checks: write`, sorted. */
  readonly missingPermissions: () => readonly string[];
};

/** What a request costs against the secondary limits. */
export const pointsOf: Readonly<Record<CallKind, number>> = { graphql: 1, read: 1, write: 5 };

/**
 * What looks need; app.yml asks for it, and says what for. Whoever does not grant one loses only what needs it.
 * `statuses` is missing here: nothing needs it but a ruleset that wants to name the app as a source.
 */
export const neededPermissions: Readonly<Record<string, "read" | "write">> = {
  actions: "read",
  checks: "write",
  contents: "read",
  deployments: "write",
  issues: "write",
  members: "read",
  merge_queues: "read",
  metadata: "read",
  pull_requests: "write",
};

const quotaHeaders = z.object({
  "x-ratelimit-resource": z.string(),
  "x-ratelimit-remaining": z.coerce.number(),
});

/** @param now the clock, ms since epoch. @param onCall is told of every request. */
export function createUsage(now: () => number, onCall: (call: Call) => void): Usage {
  const quotas = new Map<string, Quota>();
  const waits = new Map<string, number>();
  const granted = new Map<string, Readonly<Record<string, string>>>();
  return {
    requireLeave: (installation, kind) => {
      const resource = kind === "graphql" ? "graphql" : "core";
      const until = Math.max(waits.get(installation) ?? 0, waits.get(`${installation} ${resource}`) ?? 0);
      if (until <= now()) return;
      throw new GitHubError("GitHub asked to wait, because a limit of it is used up.", { retryAt: until });
    },
    note: (call, headers, message) => {
      onCall(call);
      const limited = call.status !== null && isSecondaryLimit(call.status, message);
      const until = retryTime(headers, now(), limited);
      const quota = quotaHeaders.safeParse(headers);
      if (quota.success) {
        const { "x-ratelimit-resource": resource, "x-ratelimit-remaining": remaining } = quota.data;
        const key = `${call.installation} ${resource}`;
        quotas.set(key, { installation: call.installation, resource, remaining });
        // The hour's requests are used up: those of this kind are refused until it is over.
        if (until !== null && remaining === 0) waits.set(key, until);
      }
      // Too much at once: the next request of any kind makes it worse.
      if (until !== null && (limited || headers["retry-after"] !== undefined))
        waits.set(call.installation, Math.max(until, waits.get(call.installation) ?? 0));
    },
    notePermissions: (installation, permissions) => void granted.set(installation, permissions),
    quotas: () => [...quotas.values()],
    missingPermissions: () => {
      const missing = [...granted.values()].flatMap((given) =>
        Object.entries(neededPermissions).flatMap(([name, level]) =>
          given[name] === "write" || given[name] === level ? [] : [`${name}: ${level}`],
        ),
      );
      return [...new Set(missing)].toSorted((one, other) => (one < other ? -1 : 1));
    },
  };
}
