import { once } from "node:events";
import { z } from "zod";

const targetsSchema = z.array(z.object({ webSocketDebuggerUrl: z.string() }));
const usageSchema = z.object({ id: z.literal(2), result: z.object({ usedSize: z.number() }) });

/** The option that lets `liveHeapMb` ask a server of ours, which listens on this machine alone. */
export function inspectable(port: number): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: `--inspect=127.0.0.1:${port}` };
}

/**
 * What a process still holds after its garbage was collected, MB: resident memory also counts what V8 has not given back yet.
 * https://chromedevtools.github.io/devtools-protocol/v8/HeapProfiler/#method-collectGarbage
 */
export async function liveHeapMb(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/json/list`);
  const [target] = targetsSchema.parse(await response.json());
  if (target === undefined) throw new Error(`Nothing can be inspected at port ${port}.`);
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await once(socket, "open");
  try {
    socket.send(JSON.stringify({ id: 1, method: "HeapProfiler.collectGarbage" }));
    socket.send(JSON.stringify({ id: 2, method: "Runtime.getHeapUsage" }));
    for (;;) {
      const [message] = z.tuple([z.object({ data: z.string() })]).parse(await once(socket, "message"));
      const usage = usageSchema.safeParse(JSON.parse(message.data));
      if (usage.success) return usage.data.result.usedSize / 1_000_000;
    }
  } finally {
    socket.close();
  }
}
