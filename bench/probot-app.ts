/** A Probot app that does nothing, on Probot's own server: what intake.ts compares with. */
import { run } from "probot";

await run((app) => {
  app.onAny(() => undefined);
});
