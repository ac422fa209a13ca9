/** GitHub is away for a while. */
import { expect, it } from "vitest";
import { assertNothingRefused, ownCompany } from "./company.ts";
import { containing } from "./containing.ts";
import { openPull, type PullRequest } from "./pull-request.ts";
import { until } from "./until.ts";

it("waits out a GitHub that answers nothing with one look at a time, and then decides every pull request", async () => {
  const company = await ownCompany();
  await company.idle();
  const { github } = company;
  const before = github.requests.length;
  const refused = () => github.requests.slice(before).filter(({ status }) => status === 502);
  const serverOnly = /\/(?:graphql|access_tokens|check-runs)/u;
  const comeBack = github.fault({ path: serverOnly, status: 502, body: "Bad gateway" });
  const pulls: PullRequest[] = [];
  for (let index = 0; index < 24; index += 1) pulls.push(await openPull(company));
  // Those that began together fail together; from then on one tries.
  await until("GitHub to be tried again", () => refused().length >= 2);
  expect(refused().length).toBeLessThan(pulls.length / 2);
  comeBack();

  for (const { sha } of pulls)
    expect(await company.check(sha)).toMatchObject({ title: containing("Waiting for") });
  await company.idle();
  expect(
    github.requests.filter(({ method, path }) => method === "POST" && path.endsWith("/check-runs")),
  ).toHaveLength(pulls.length);
  assertNothingRefused(github);
});
