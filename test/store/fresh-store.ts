import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openStore } from "../../src/store/store.ts";
import type { Store } from "../../src/store/store.ts";

/** An empty folder that is gone when the test is over. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "countersign-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A store on a real file; with `dataDir`, one more handle on that one. Closed when the test is over. */
export async function freshStore(
  dataDir = freshFolder(),
): Promise<Store & { dataDir: string; file: string }> {
  const store = await openStore({ dataDir });
  onTestFinished(() => store.close());
  return { ...store, dataDir, file: join(dataDir, "countersign.sqlite") };
}
