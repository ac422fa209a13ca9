import { randomUUID } from "node:crypto";
import { GitHubError } from "./github/errors.ts";
import { leaseHead, releaseHead, renewHead } from "./store/heads.ts";
import type { Store } from "./store/store.ts";

/** How long what a dead worker held stays held. Longer than a request may take (`requestTimeoutMs`). */
export const leaseMs = 20_000;
/** Another look is at the head SHA; it rarely takes longer. */
export const busyDelayMs = 200;
/** Often enough that a lease outlives three renewals that fail. */
const renewEveryMs = 5_000;

/** The right to judge and publish on a head SHA. */
export type HeadLease = {
  /** The number of this look at the head SHA. */
  readonly look: number;
  /** Makes sure that the lease holds for `leaseMs` from now. @throws GitHubError when another look has begun meanwhile. */
  readonly renew: () => Promise<void>;
};

/**
 * Runs `work` while nobody else looks at a head SHA, however long it takes.
 * @returns null when somebody else is looking at it.
 */
export async function withHead<T>(
  { store, worker, now }: { readonly store: Store; readonly worker: string; readonly now: () => number },
  head: { readonly repo: string; readonly sha: string },
  work: (lease: HeadLease) => Promise<T>,
): Promise<T | null> {
  // A worker looks several times at once: one that comes back after its lease ran out must not give back another's.
  const holder = { ...head, worker: `${worker} ${randomUUID()}` };
  const lease = await leaseHead(store, { ...holder, now: now(), leaseMs });
  if (lease === null) return null;
  const renew = async () => renewHead(store, { ...holder, now: now(), leaseMs });
  try {
    return await whileRenewed(renew, async () =>
      work({
        look: lease.look,
        renew: async () => {
          if (await renew()) return;
          throw new GitHubError(`The look at ${head.sha.slice(0, 7)} took too long: another has begun.`);
        },
      }),
    );
  } finally {
    await releaseHead(store, holder);
  }
}

/**
 * Runs `work`, renewing meanwhile the lease it stands on. A renewal that fails is made up for by the next; if none succeeds the
 * lease runs out, and whoever wants to rely on it has to ask.
 */
export async function whileRenewed<T>(renew: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  const renewing = setInterval(() => void renew().catch(() => undefined), renewEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(renewing);
  }
}
