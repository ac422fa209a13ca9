import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";

/** Far more than the databases of all tests that run at once. */
const bytesMin = 1024 ** 3;

/**
 * Where tests make their data folders: in memory, where Linux has room for it. Every commit waits until the disk has it, and what
 * is gone after the test need not reach one.
 */
export const dataParent: string = roomInMemory("/dev/shm") ? "/dev/shm" : tmpdir();

function roomInMemory(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= bytesMin;
  } catch {
    return false;
  }
}
