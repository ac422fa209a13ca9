/** What must hold when everything has been looked at, whatever went wrong before. */
import { expect } from "vitest";
import { z } from "zod";
import { verifyAudit } from "../../src/store/audit.ts";
import { isStored } from "../../src/store/deliveries.ts";
import type { Store } from "../../src/store/store.ts";
import type { FakeGitHub } from "../fake-github/server.ts";
import type { Conclusion, Story } from "./story.ts";

const written = z.object({
  check_run: z.object({
    name: z.string(),
    head_sha: z.string(),
    conclusion: z.string().nullable(),
    output: z.object({ title: z.string().nullable() }),
  }),
});

type Written = { readonly sha: string; readonly conclusion: string | null; readonly title: string | null };

/** Every conclusion that was ever written to a check run `Countersign`, in order: GitHub tells the app of each write. */
export function conclusionsWritten({ deliveries }: FakeGitHub): Written[] {
  return deliveries
    .filter(({ event, action, redelivery }) => event === "check_run" && action === "completed" && !redelivery)
    .map(({ payload }) => written.parse(payload).check_run)
    .filter(({ name }) => name === "Countersign")
    .map(({ head_sha: sha, conclusion, output }) => ({ sha, conclusion, title: output.title }));
}

/** The check runs `Countersign` that stand in the shop, by SHA. */
export function checksThere({ world }: FakeGitHub): Map<string, (string | null)[]> {
  const runs = [...world.repositories.values()].flatMap(({ checkRuns }) => checkRuns);
  const ours = Map.groupBy(
    runs.filter(({ name }) => name === "Countersign"),
    ({ headSha }) => headSha,
  );
  return new Map([...ours].map(([sha, there]) => [sha, there.map(({ conclusion }) => conclusion)]));
}

/**
 * Expects one check run on every head with what the story has to say about it, no second one anywhere, no success that was never
 * right, every accepted delivery in the store, and an unbroken audit log.
 * @param besides.mayBeStricter heads of which GitHub told too little: what is wrong there is on the closed side.
 */
export async function expectAllRight(
  github: FakeGitHub,
  story: Story,
  store: Store,
  besides: { readonly mayBeStricter?: (sha: string) => boolean } = {},
): Promise<void> {
  const { mayBeStricter = () => false } = besides;
  const there = checksThere(github);
  const expected = [...story.expected()];
  const found = expected.map(([sha]) => [sha, there.get(sha)] as const);
  const right = expected.map(([sha, conclusion], at) => {
    const [actual] = found[at]?.[1] ?? [];
    const closed = mayBeStricter(sha) && isStricter(actual, conclusion);
    return [sha, [closed ? actual : conclusion]] as const;
  });
  expect(named(story, found)).toEqual(named(story, right));
  expect([...there].filter(([, conclusions]) => conclusions.length !== 1)).toEqual([]);
  const wrong = conclusionsWritten(github).filter(
    ({ sha, conclusion }) => conclusion === "success" && !story.passed.has(sha),
  );
  // A failure shows what happened to the pull requests that had this head.
  expect(wrong.map((one) => ({ ...one, told: story.toldOf(one.sha) }))).toEqual([]);

  const lost: string[] = [];
  for (const { guid, event, status } of github.deliveries) {
    if (status === 202 && !(await isStored(store, guid))) lost.push(`${event} ${guid}`);
  }
  expect(lost).toEqual([]);
  expect(await verifyAudit(store)).toMatchObject({ ok: true });
}

/** A failure names pull requests: `3 main, 4 release, 1234567`. */
function named<T>(story: Story, bySha: readonly (readonly [string, T])[]): Record<string, T> {
  const name = (sha: string) =>
    [...story.pullsAt(sha).map(({ number, base }) => `${number} ${base}`), sha.slice(0, 7)].join(", ");
  return Object.fromEntries(bySha.map(([sha, value]) => [name(sha), value]));
}

function isStricter(actual: string | null | undefined, than: Conclusion): boolean {
  return than === "success" && (actual === "action_required" || actual === "failure");
}
