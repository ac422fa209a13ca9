import { expect, test } from "vitest";
import { lookAtGroup } from "../../src/look-group.ts";
import { assisted, openAcme, shop } from "./acme.ts";

test("a merge group is judged by what held of all its pull requests at one moment", async () => {
  const acme = await openAcme();
  const { github, octokit, context } = acme;
  github.requireCheck("acme/shop", "main", { context: "Countersign" });
  github.push("acme/shop", { branch: "second", pusher: "june", from: "main", message: assisted("Second") });
  const second = await acme.openPull("main", "second");
  await acme.review("grace", "APPROVE", 1);
  await acme.review("grace", "APPROVE", second);
  await Promise.all([acme.look(1), acme.look(second)]);
  github.enqueue("acme/shop", 1, "june");
  const sha = github.enqueue("acme/shop", second, "june");
  await acme.dismiss("ada", second);
  await acme.deliver();

  // The first is read while it is countersigned and the second waits; the second, when it is the other way round.
  let reads = 0;
  const changed = Promise.withResolvers<void>();
  octokit.hook.before("request", async ({ variables }) => {
    if (numberIn(variables) === second) await changed.promise;
  });
  octokit.hook.after("request", async (_, { variables }) => {
    if (numberIn(variables) !== 1) return;
    if (reads++ > 0) return;
    await acme.dismiss("ada", 1);
    await acme.review("grace", "APPROVE", second);
    changed.resolve();
  });

  expect(await lookAtGroup(context, octokit, { ...shop, sha, rewrite: false })).toMatchObject({
    verdict: { number: 1, outcome: { kind: "waiting" } },
  });
  expect(await acme.runs(sha)).toMatchObject([{ conclusion: "action_required" }]);
});

test("each change of a merge group's verdict is a row of the audit log, which the check run names", async () => {
  const acme = await openAcme();
  const { github, octokit, context } = acme;
  github.requireCheck("acme/shop", "main", { context: "Countersign" });
  await acme.review("grace", "APPROVE", 1);
  await acme.look(1);
  const sha = github.enqueue("acme/shop", 1, "june");
  await acme.deliver();
  const lookAgain = async () => lookAtGroup(context, octokit, { ...shop, sha, rewrite: false });
  const rows = async () => {
    const about = { kind: "verdict", repo: "acme/shop", number: 0, sha } as const;
    return acme.store.db
      .selectFrom("audit")
      .select(["seq", "body"])
      .where((eb) => eb.and(about))
      .orderBy("seq")
      .execute();
  };

  await lookAgain();
  await lookAgain();
  const [first, ...more] = await rows();
  expect([JSON.parse(first?.body ?? "null"), more]).toMatchObject([
    { outcome: { kind: "countersigned" }, mode: "enforce", base: "main", pulls: [1] },
    [],
  ]);
  await acme.dismiss("ada", 1);
  await acme.deliver();
  await lookAgain();
  const [, second, ...rest] = await rows();
  expect([JSON.parse(second?.body ?? "null"), rest]).toMatchObject([{ outcome: { kind: "waiting" } }, []]);
  const { data } = await github.as("ada").rest.checks.listForRef({ ...shop, ref: sha });
  expect(data.check_runs.map((run) => run.external_id?.split(":", 3))).toEqual([
    ["look", "3 audit", String(second?.seq)],
  ]);
});

function numberIn(variables: unknown): unknown {
  return typeof variables === "object" && variables !== null && "number" in variables
    ? variables.number
    : undefined;
}
