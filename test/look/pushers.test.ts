/** What a look reads where no delivery told who pushed. */
import { expect, test } from "vitest";
import { type Acme, openAcme, shop } from "./acme.ts";

/** acme, of whose pushes no delivery is heard; grace approves juno's pull request. */
async function approved(): Promise<Acme> {
  const acme = await openAcme();
  await acme.review("grace", "APPROVE");
  return acme;
}

const asked = ({ github }: Acme) => github.requests.filter(({ path }) => path.endsWith("/activity")).length;
const activities = ({ github }: Acme) =>
  [...github.world.repositories.values()].find(({ name }) => name === "shop")?.activities ?? [];

test("the activity log is asked about a change that would pass, and not about one that waits", async () => {
  const acme = await openAcme();
  expect(await acme.look()).toMatchObject({ verdict: { outcome: { kind: "waiting" } } });
  expect(asked(acme)).toBe(0);
  await acme.review("grace", "APPROVE");
  expect(await acme.look()).toMatchObject({ verdict: { outcome: { kind: "countersigned" } } });
  expect(asked(acme)).toBe(1);
});

test("it is not asked where deliveries told", async () => {
  const acme = await approved();
  await acme.deliver();
  expect(await acme.look()).toMatchObject({ verdict: { outcome: { kind: "countersigned" } } });
  expect(asked(acme)).toBe(0);
});

test("whom it names is a contributor", async () => {
  const acme = await approved();
  const pushed = { branch: "topic", pusher: "grace", author: "june", files: { "cart.ts": "2" } };
  const sha = acme.github.push("acme/shop", pushed);
  await acme.review("grace", "APPROVE");
  const refused = [{ reviewer: "grace", reason: expect.stringContaining(`pushed ${sha.slice(0, 7)}`) }];
  expect(await acme.look()).toMatchObject({ verdict: { outcome: { kind: "waiting" }, refused } });
});

test("a head that it does not show yet is not passed, and the look is to be repeated", async () => {
  const acme = await approved();
  const late = activities(acme).splice(-1);
  await expect(acme.look()).rejects.toThrow(
    `GitHub does not say who pushed ${acme.head.slice(0, 7)}: no delivery told, and its activity log does not show it. If it stays so, push to the branch once more.`,
  );
  expect(await acme.runs(acme.head)).toEqual([]);
  activities(acme).push(...late);
  expect(await acme.look()).toMatchObject({ verdict: { outcome: { kind: "countersigned" } } });
});

test("one that is closed is looked at with what is known", async () => {
  const acme = await approved();
  activities(acme).splice(-1);
  await acme.github.as("june").rest.pulls.update({ ...shop, pull_number: 1, state: "closed" });
  expect(await acme.look()).toMatchObject({ kind: "not-gated" });
});

test("where it is not shown nobody more is known", async () => {
  const acme = await approved();
  acme.github.fault({ path: /\/activity$/u, status: 404, body: { message: "Not Found" } });
  expect(await acme.look()).toMatchObject({ verdict: { outcome: { kind: "countersigned" } } });
});

test("it is asked, too, where a rule asks for the level of a change whatever wrote it", async () => {
  const policy =
    "rules: [{ name: All, when: { level_below: senior, provenance: any }, require: { approvals: 1, level: senior } }]\n";
  const roster = "people: { june: senior, milo: mid, grace: senior }\n";
  const acme = await openAcme({
    ".github/countersign/roster.yml": roster,
    ".github/countersign/policy.yml": policy,
  });
  const plain = { branch: "plain", author: "june", message: "By hand", files: { "cart.ts": "2" } };
  acme.github.push("acme/shop", { ...plain, pusher: "milo" });
  const number = await acme.openPull("main", "plain");
  expect(await acme.look(number)).toMatchObject({ verdict: { outcome: { kind: "waiting" } } });
});
