// Run as a process of its own: opens the store of a folder and closes it.
import { openStore } from "../../src/store/store.ts";

const store = await openStore({ dataDir: process.argv[2] ?? "" });
await store.close();
process.stdout.write("opened\n");
