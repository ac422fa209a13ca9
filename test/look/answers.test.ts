/** Answers to commands that did nothing: at most one for a person, a pull request and a head, whatever goes wrong. */
import { describe, expect, test } from "vitest";
import { type Acme, openAcme, shop } from "./acme.ts";

/** #1 after a look, and a comment by milo that overrides nothing; nobody has looked at it yet. */
async function overriddenInVain(): Promise<Acme> {
  const acme = await openAcme();
  await acme.look();
  await comment(acme);
  return acme;
}

async function comment(acme: Acme, by = "milo"): Promise<void> {
  const body = "/countersign override the shop is down";
  await acme.github.as(by).rest.issues.createComment({ ...shop, issue_number: 1, body });
  await acme.deliver();
}

/** Whom the app has answered so far. */
async function answered({ github }: Acme): Promise<string[]> {
  const { data } = await github.as("ada").rest.issues.listComments({ ...shop, issue_number: 1 });
  const own = data.filter(({ user }) => user?.login === "countersign[bot]");
  return own.map(({ body = "" }) => body.slice(0, body.indexOf(":")));
}

/** Attempts so far to write a comment, with what GitHub answered, but for people's; who asked is not known of a lost one. */
function attempts({ github }: Acme): (number | null)[] {
  return github.requests
    .filter(({ method, path }) => method === "POST" && path.endsWith("/comments"))
    .filter(({ as }) => as !== "milo" && as !== "june")
    .map(({ status }) => status);
}

test("an answer costs one write, and the next looks none", async () => {
  const acme = await overriddenInVain();

  expect(await acme.look()).toMatchObject({ kind: "published", unanswered: [] });
  await acme.look(1, { worker: "two" });
  expect(await answered(acme)).toEqual(["`milo`"]);
  expect(attempts(acme)).toEqual([201]);
});

test("a repeated command is not answered at the same head, and not later either; a new one at a new head is", async () => {
  const acme = await overriddenInVain();
  await acme.look();
  await comment(acme);
  await acme.look();
  acme.github.push("acme/shop", { branch: "topic", pusher: "june", message: "More" });
  await acme.deliver();
  await acme.look();
  const before = await answered(acme);
  await comment(acme);
  await acme.look();

  expect([before, await answered(acme)]).toEqual([["`milo`"], ["`milo`", "`milo`"]]);
});

test("another person gets an answer of their own", async () => {
  const acme = await overriddenInVain();
  await comment(acme, "june");
  await acme.look();

  expect(await answered(acme)).toEqual(["`milo`", "`june`"]);
});

describe("an answer that", () => {
  test.each([
    ["GitHub refused", { status: 502 }, 0],
    ["was lost on the way", { destroy: true }, 0],
    ["was written though GitHub answered with an error", { status: 502, afterEffect: true }, 1],
  ] as const)("%s is not repeated, and the check stands", async (_, fault, written) => {
    const acme = await overriddenInVain();
    acme.github.fault({ method: "POST", path: /\/issues\/1\/comments$/u, ...fault });

    const first = await acme.look();
    const second = await acme.look();

    expect(first).toMatchObject({
      kind: "published",
      verdict: { outcome: { kind: "waiting" }, refused: [{ reviewer: "milo", state: "override" }] },
      unanswered: [expect.stringContaining("GitHub")],
    });
    expect(second).toMatchObject({ kind: "published", unanswered: [] });
    expect(attempts(acme)).toHaveLength(1);
    expect(await answered(acme)).toHaveLength(written);
  });
});

test("one replica answers, though another takes its look over while it writes", async () => {
  const acme = await overriddenInVain();
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  acme.octokit.hook.wrap("request", async (request, options) => {
    if (options.method === "POST" && options.url.endsWith("/comments")) {
      arrived.resolve();
      await released.promise;
    }
    return request(options);
  });

  const first = acme.look();
  await arrived.promise;
  acme.clock.now += 60_001;
  const second = await acme.look(1, { worker: "two" });
  released.resolve();

  expect([await first, second]).toMatchObject([{ kind: "published" }, { kind: "published" }]);
  expect(await answered(acme)).toEqual(["`milo`"]);
});
