// Run as a process of its own: opens the store of a place and closes it.
import { openStore } from "../../src/store/store.ts";
import { placeSchema } from "./place-schema.ts";

const store = await openStore(placeSchema.parse(JSON.parse(process.argv[2] ?? "")));
await store.close();
process.stdout.write("opened\n");
