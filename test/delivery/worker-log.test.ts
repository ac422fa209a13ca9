import { expect, it, onTestFinished } from "vitest";
import { openPull } from "../end-to-end/pull-request.ts";
import { until } from "../end-to-end/until.ts";
import { startWorkingDay } from "./working-day.ts";

it("names in the log what was looked at, and which look at its head that was", async () => {
  const day = await startWorkingDay();
  onTestFinished(async () => day.close());
  const { number, sha } = await openPull(day);
  const lines = () => day.log.filter(({ msg }) => msg === "Looked");
  day.work();
  for (const look of [1, 2]) {
    await day.mark(`pull:acme/shop:${number}`);
    await until("the look", () => lines().length === look);
    expect(lines().at(-1)).toMatchObject({
      installation: day.installation,
      repository: "acme/shop",
      pullRequest: number,
      headSha: sha,
      look,
      verdict: "waiting",
    });
  }
});
