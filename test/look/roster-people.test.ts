import { describe, expect, onTestFinished, test } from "vitest";
import type { Account } from "../../src/gate/accounts.ts";
import type { Facts } from "../../src/gate/facts.ts";
import { bindRoster } from "../../src/rules/in-force.ts";
import { forgetTeams } from "../../src/store/configs.ts";
import { openShop } from "../fake-github/shop-scene.ts";
import { factsWith } from "./facts-with.ts";
import { file, noon, openPlace } from "./given-files.ts";

const minute = 60 * 1000;

/** acme's teams on the fake GitHub, a roster that names some of them, and what is read of each. */
async function openTeams(...names: readonly string[]) {
  const { github, close, octokit } = await openShop();
  onTestFinished(async () => {
    await close();
    if (github.refused.length > 0) throw new Error(`GitHub would refuse:\n${github.refused.join("\n")}`);
  });
  github.createTeam("acme/seniors", { members: ["ada"] });
  const place = await openPlace(octokit);
  const roster = file("teams:", ...names.map((name) => `  ${name}: senior`));
  return {
    ...place,
    github,
    asked: () => github.requests.filter(({ operation }) => operation === "Team").length,
    members: async (now = noon) => {
      const { config } = await place.inForce({ organisation: { roster } }, now);
      if (config.roster.kind !== "read") throw new Error("The roster was not read.");
      return Object.fromEntries(
        config.roster.value.teams.map(({ name, members }) => [
          name,
          members.kind === "read"
            ? members.value.map(({ login }) => login)
            : members.kind === "unreadable"
              ? members.why
              : members.kind,
        ]),
      );
    },
  };
}

describe("a team on the roster", () => {
  test("has the members GitHub names, asked for once in ten minutes", async () => {
    const { github, members, asked } = await openTeams("acme/seniors");

    const first = await members();
    github.addTeamMember("acme/seniors", "june");
    const cached = await members(noon + 10 * minute);
    const later = await members(noon + 10 * minute + 1);

    expect([first, cached, later]).toEqual([
      { "acme/seniors": ["ada"] },
      { "acme/seniors": ["ada"] },
      { "acme/seniors": ["ada", "june"] },
    ]);
    expect(asked()).toBe(2);
  });

  test("is asked for at once when a delivery told of a change", async () => {
    const { github, members, store } = await openTeams("acme/seniors");
    await members();
    github.removeTeamMember("acme/seniors", "ada");
    await forgetTeams(store, "Acme");

    expect(await members()).toEqual({ "acme/seniors": [] });
  });

  test("of another organisation is refused without asking", async () => {
    const { members, asked } = await openTeams("rivals/seniors");

    expect(await members()).toEqual({
      "rivals/seniors":
        "The team rivals/seniors is not of acme; only teams of the same organisation are read.",
    });
    expect(asked()).toBe(0);
  });

  test("that cannot be read is unreadable, beside others that can, and is asked for again", async () => {
    const { github, members, asked } = await openTeams("acme/seniors", "acme/ghosts");

    const first = await members();
    github.createTeam("acme/ghosts", { members: ["june"] });
    const second = await members();

    expect([first, second]).toEqual([
      {
        "acme/seniors": ["ada"],
        "acme/ghosts": expect.stringMatching(/^The team acme\/ghosts could not be read: /u),
      },
      { "acme/seniors": ["ada"], "acme/ghosts": ["june"] },
    ]);
    expect(asked()).toBe(3);
  });

  test("fails the look when GitHub breaks: nobody knows who is in it", async () => {
    const { github, members } = await openTeams("acme/seniors");
    github.fault({ path: /^\/graphql$/u, operation: "Team", status: 502, times: 1 });

    await expect(members()).rejects.toMatchObject({ name: "GitHubError" });
    expect(await members()).toEqual({ "acme/seniors": ["ada"] });
  });
});

describe("a login without an id", () => {
  const ada = { login: "Ada", id: 1, kind: "User" } as const;
  const people = async (
    place: Awaited<ReturnType<typeof openPlace>>,
    facts: Facts,
    ...lines: readonly string[]
  ) => {
    const { config } = await place.inForce({ organisation: { roster: file("people:", ...lines) } });
    const bound = await bindRoster(place.store, config, [facts], noon);
    if (bound.roster.kind !== "read") throw new Error("The roster was not read.");
    return Object.fromEntries(bound.roster.value.people.map(({ login, id }) => [login, id]));
  };
  const reviewedBy = (author: Account) =>
    factsWith({
      reviews: {
        kind: "read",
        value: [
          {
            id: "1",
            author,
            canPush: true,
            state: "APPROVED",
            submittedAt: "2026-03-01T10:00:00Z",
            commitSha: "a".repeat(40),
          },
        ],
      },
    });

  test("is bound to the first account seen with it, and stays so", async () => {
    const place = await openPlace();

    const before = await people(place, factsWith({}), "  ada: senior", "  june: junior");
    const first = await people(place, reviewedBy(ada), "  ada: senior", "  june: junior");
    const claimed = await people(place, reviewedBy({ ...ada, id: 2 }), "  ada: senior", "  june: junior");

    expect([before, first, claimed]).toEqual([
      { ada: null, june: null },
      { ada: 1, june: null },
      { ada: 1, june: null },
    ]);
  });

  test("has the roster's id where it names one", async () => {
    const place = await openPlace();

    expect(await people(place, reviewedBy(ada), "  ada: { level: senior, id: 7 }")).toEqual({ ada: 7 });
  });

  test.each([
    ["a bot with that name", { login: "ada", id: 3, kind: "Bot" }],
    ["an account whose id GitHub withholds", { login: "ada", id: null, kind: "User" }],
  ] as const)("is not bound to %s", async (_, account) => {
    const place = await openPlace();

    expect(await people(place, reviewedBy(account), "  ada: senior")).toEqual({ ada: null });
  });

  test.each([
    ["the author", { author: ada }],
    ["an assignee", { assignees: [ada] }],
    [
      "somebody who pushed",
      {
        observations: [
          { kind: "push", actor: ada, before: null, after: "a".repeat(40), at: "2026-03-01T10:00:00Z" },
        ],
      },
    ],
    [
      "somebody who overrode",
      {
        observations: [
          {
            kind: "override",
            comment: "345",
            by: ada,
            reason: "down",
            sha: "a".repeat(40),
            at: "2026-03-01T10:00:00Z",
          },
        ],
      },
    ],
  ] as const)("is bound through %s too", async (_, change) => {
    const place = await openPlace();

    expect(await people(place, factsWith(change), "  ada: senior")).toEqual({ ada: 1 });
  });
});
