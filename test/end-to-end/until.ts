import { setTimeout as pause } from "node:timers/promises";

/** Longer than anything here takes on a busy machine; a test that waits so long has failed. `npm run defences` waits longer. */
const patienceMs = Number(process.env["TEST_WAIT_MS"] ?? 12_000);
const stepMs = 10;

/**
 * Waits until `condition` gives something other than false, null or undefined, and returns it.
 * @throws when that does not happen in time; `waitingFor` says what was waited for.
 */
export async function until<T>(
  waitingFor: string,
  condition: () => T | Promise<T>,
  withinMs = patienceMs,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (isThere(value)) return value;
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${waitingFor}.`);
    await pause(stepMs);
  }
}

function isThere<T>(value: T): value is Exclude<T, false | null | undefined> {
  return value !== false && value !== null && value !== undefined;
}
