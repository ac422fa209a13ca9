import { setTimeout as pause } from "node:timers/promises";
import { onTestFinished } from "vitest";

/**
 * Lets things happen one after another beside the test, with pauses between them, until `stop` or the end of the test.
 * `stop` throws what went wrong meanwhile.
 */
export function playBeside(
  goOn: () => Promise<void>,
  pauseMs: () => number,
): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const play = async () => {
    while (!signal.aborted) {
      await goOn();
      await pause(pauseMs());
    }
  };
  const playing = play();
  const stop = async () => {
    stopping.abort();
    await playing;
  };
  // A test that fails must not leave it running, and is told if it failed because nothing happened any more.
  onTestFinished(stop);
  playing.catch(() => undefined);
  return { stop };
}
