import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { z } from "zod";
import type { FakeGitHub } from "../test/fake-github/server.ts";

export type Body = { readonly event: string; readonly body: string };

export type Load = {
  readonly url: string;
  /** Sent one after the other, and from the first again, each time with a new id, until it is `count`. */
  readonly bodies: readonly Body[];
  readonly count: number;
  readonly atOnce: number;
};

const sentSchema = z.object({ seconds: z.number(), refused: z.number(), answerMs: z.array(z.number()) });

/** How long it took, how many were not answered 202, and after how long each answer came. */
export type Sent = z.infer<typeof sentSchema>;

/** Sends deliveries from a thread of its own, so that what happens in this one does not hold them up. */
export async function send(load: Load): Promise<Sent> {
  const thread = new Worker(new URL("./load-thread.ts", import.meta.url), { workerData: load });
  return sentSchema.parse((await once(thread, "message"))[0]);
}

/** What the fake GitHub would have delivered so far, of these events. */
export function bodiesOf(github: FakeGitHub, events: readonly string[]): Body[] {
  return github.deliveries
    .filter(({ event, action }) => events.includes(action === null ? event : `${event}.${action}`))
    .map(({ event, payload }) => ({ event, body: JSON.stringify(payload) }));
}
