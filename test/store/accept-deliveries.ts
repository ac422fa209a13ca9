// Run as a process of its own, to be killed: stores deliveries without end and prints the guid of each one stored.
import { writeSync } from "node:fs";
import { acceptDelivery } from "../../src/store/deliveries.ts";
import { openStore } from "../../src/store/store.ts";
import { placeSchema } from "./place-schema.ts";

const store = await openStore(placeSchema.parse(JSON.parse(process.argv[2] ?? "")));
for (let number = 1; ; number += 1) {
  const guid = `${process.argv[3]}-${number}`;
  const pull = { repo: "acme/app", number, installation: 7 };
  await acceptDelivery(
    store,
    { guid, event: "pull_request", action: "opened", at: number },
    {
      marks: [{ target: `pull:acme/app:${guid}`, installation: 7, priority: 1 }],
      observations: [
        {
          ...pull,
          key: guid,
          at: number,
          observation: { kind: "review", reviewId: guid, sha: "a".repeat(40), base: "main" },
        },
      ],
      pulls: [{ ...pull, headSha: guid, base: "main", open: true, merged: false }],
      outcome: "marked",
    },
  );
  // Not process.stdout: what is printed must have left the process when the next delivery begins.
  writeSync(1, `${guid}\n`);
}
