/** Commands in comments: what a delivery about a comment leads to. */
import { describe, expect, test } from "vitest";
import { type Effects, none } from "../../src/github/effects.ts";
import { events } from "../../src/github/events.ts";

const created_at = "2026-03-01T12:00:00Z";
const stan = { login: "stan", id: 4, type: "User" };
const mark = { target: "pull:acme/shop:12", installation: 7, priority: 0 };
const issue = { number: 12, pull_request: { url: "https://github.test" } };

type Change = { action?: string; issue?: object; comment?: object };

/** What a new comment by stan with this text leads to. */
function commented(body: string, { action = "created", ...change }: Change = {}): Effects {
  const comment = { id: 345, body, user: stan, created_at, updated_at: created_at, ...change.comment };
  const repository = { full_name: "Acme/Shop", name: "Shop", default_branch: "main" };
  const payload = { action, installation: { id: 7 }, repository, issue: change.issue ?? issue, comment };
  const handle = events["issue_comment"];
  if (handle === undefined) throw new Error("Nothing handles comments.");
  return handle(payload, ".github");
}

/** An override that is not bound to a head yet. */
function overriding(reason: string): Effects {
  const by = { login: "stan", id: 4, kind: "User" } as const;
  const at = created_at;
  return {
    ...none,
    marks: [mark],
    overrides: [{ repo: "acme/shop", number: 12, comment: "345", by, reason, at }],
  };
}

describe("a comment that asks for a look", () => {
  test.each([
    "/countersign recheck",
    "/countersign recheck\nplease",
    "/countersign recheck\r\nplease",
    "/countersign recheck  ",
  ])("%j does", (body) => {
    expect(commented(body)).toEqual({ ...none, marks: [mark] });
  });

  test.each([
    "please /countersign recheck",
    "please\n/countersign recheck",
    "\n/countersign recheck",
    "> /countersign recheck",
    "/countersignature is needed",
    "",
  ])("%j does not: a command is the whole first line", (body) => {
    expect(commented(body)).toEqual(none);
  });
});

describe("a comment that overrides", () => {
  test.each([
    ["/countersign override the shop is down", "the shop is down"],
    ["/countersign override  \t the shop is down \r\n\r\nSorry!", "the shop is down"],
    ["/countersign override recheck", "recheck"],
  ])("%j is for the store to bind, with its reason and time", (body, reason) => {
    expect(commented(body)).toEqual(overriding(reason));
  });

  test.each(["/countersign override", "/countersign override   ", "/countersign override\nthe shop is down"])(
    "%j overrides without a reason, which the look will say",
    (body) => {
      expect(commented(body)).toEqual(overriding(""));
    },
  );

  test("keeps 500 characters of its reason, and none of them by halves", () => {
    expect(commented(`/countersign override ${"🔥".repeat(600)}`)).toEqual(overriding("🔥".repeat(500)));
    expect(commented(`/countersign override ${"a".repeat(499)} b`)).toEqual(overriding("a".repeat(499)));
  });

  test.each([
    "please /countersign override the shop is down",
    "please\n/countersign override the shop is down",
    "> /countersign override the shop is down",
    "/Countersign override the shop is down",
  ])("%j does not: it has to be the first line", (body) => {
    expect(commented(body)).toEqual(none);
  });

  test.each([
    ["a bot", { login: "helper[bot]", id: 5, type: "Bot" }],
    ["an organisation", { login: "acme", id: 6, type: "Organization" }],
    ["an account that is gone", null],
  ])("does nothing when %s wrote it", (_, user) => {
    expect(commented("/countersign override the shop is down", { comment: { user } })).toEqual(none);
  });

  test("does nothing when it was changed before we heard of it", () => {
    const comment = { updated_at: "2026-03-01T12:00:09Z" };

    expect(commented("/countersign override the shop is down", { comment })).toEqual(none);
  });
});

describe("a command that does not exist", () => {
  test.each([
    "/countersign",
    "/countersign recheck now",
    "/countersign overrides the shop is down",
    "/countersign accept\nplease",
  ])("%j is seen, and causes a look that says so", (body) => {
    const by = { login: "stan", id: 4, kind: "User" } as const;
    const observation = { kind: "command", comment: "345", by, at: created_at } as const;

    expect(commented(body)).toEqual({
      ...none,
      marks: [mark],
      observations: [{ repo: "acme/shop", number: 12, key: "345", observation }],
    });
  });

  test("is nothing from a bot, or in a comment that was changed", () => {
    const bot = { user: { login: "helper[bot]", id: 5, type: "Bot" } };
    const changed = { updated_at: "2026-03-01T12:00:09Z" };

    expect(commented("/countersign help", { comment: bot })).toEqual(none);
    expect(commented("/countersign help", { comment: changed })).toEqual(none);
  });
});

describe.each(["/countersign recheck", "/countersign override the shop is down"])("%s", (body) => {
  test.each(["edited", "deleted"])("does nothing in a comment that is %s", (action) => {
    expect(commented(body, { action })).toEqual(none);
  });

  test("does nothing on an issue", () => {
    expect(commented(body, { issue: { number: 12 } })).toEqual(none);
  });
});
