/** The thread of load.ts. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";
import { signatureOf } from "../test/end-to-end/signed-delivery.ts";
import type { Sent } from "./load.ts";

const { url, bodies, count, atOnce } = z
  .object({
    url: z.string(),
    bodies: z.array(z.object({ event: z.string(), body: z.string() })).min(1),
    count: z.number(),
    atOnce: z.number(),
  })
  .parse(workerData);

const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
const signed = bodies.map(({ event, body }) => ({ event, body, signature: signatureOf(body) }));
const sent: Sent = { seconds: 0, refused: 0, answerMs: [] };
let next = 0;
const began = performance.now();
await Promise.all(Array.from({ length: atOnce }, sendOnAndOn));
sent.seconds = (performance.now() - began) / 1000;
agent.destroy();
parentPort?.postMessage(sent, []);

async function sendOnAndOn(): Promise<void> {
  while (next < count) {
    const delivery = signed[next % signed.length];
    next += 1;
    if (delivery === undefined) return;
    const from = performance.now();
    const status = await post(delivery);
    sent.answerMs.push(performance.now() - from);
    if (status !== 200 && status !== 202) sent.refused += 1;
  }
}

async function post({ event, body, signature }: (typeof signed)[number]): Promise<number | undefined> {
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "x-github-delivery": randomUUID(),
    "x-github-event": event,
    "x-hub-signature-256": signature,
  };
  const asked = request(`${url}/api/github/webhooks`, { method: "POST", agent, headers });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    asked.once("response", resolve).once("error", reject);
  });
  asked.end(body);
  const answer = await response;
  answer.resume();
  await once(answer, "end");
  return answer.statusCode;
}
