import { describe, expect, test } from "vitest";
import { proposedChanges } from "../../src/rules/proposed-changes.ts";
import {
  file,
  type Given,
  never,
  openPlace,
  ownPolicyName,
  ownRosterName,
  policyName,
  removed,
  rosterName,
  unreadable,
  version,
} from "./given-files.ts";

const people = ["people:", "  ada: senior"];
const observe = ["mode: observe"];

describe("guarded are the files of a repository that are in force there", () => {
  test.each<[string, Given, readonly (readonly [string, string | null])[]]>([
    [
      "both in the configuration repository",
      { organisation: { roster: file(...people) }, where: "acme/.github" },
      [
        [rosterName, version(...people)],
        [policyName, null],
      ],
    ],
    [
      "the policy alone where the organisation has a roster",
      {
        organisation: { roster: file(...people) },
        own: { roster: file(...people), policy: file(...observe) },
      },
      [[ownPolicyName, version(...observe)]],
    ],
    [
      "both where the organisation never had a roster",
      { organisation: null, own: { roster: file(...people) } },
      [
        [ownRosterName, version(...people)],
        [ownPolicyName, null],
      ],
    ],
    [
      "the policy alone where the organisation removed its roster",
      { organisation: { roster: removed }, own: { roster: file(...people) } },
      [[ownPolicyName, null]],
    ],
    [
      "also one that cannot be read",
      { organisation: { roster: file(...people) }, own: { policy: unreadable } },
      [[ownPolicyName, ""]],
    ],
  ])("%s", async (_, given, expected) => {
    const { inForce } = await openPlace();

    const { guarded } = await inForce(given);

    expect(guarded.map((each) => [each.name, each.version])).toEqual(expected);
  });
});

describe("what becomes of a file in force", () => {
  const given: Given = { organisation: { roster: file(...people) }, where: "acme/.github" };

  async function proposed(head: Partial<Parameters<typeof proposedChanges>[2]>, more = given) {
    const { inForce } = await openPlace();
    const found = await inForce(more);
    const files = { roster: file(...people), policy: never, ...head };
    return proposedChanges(found, found.guarded, files).map(({ change }) => change);
  }

  test("a roster, as it would be", async () => {
    expect(await proposed({ roster: file("people:", "  june: senior") })).toMatchObject([
      {
        file: "roster",
        name: rosterName,
        proposal: { kind: "roster", roster: { people: [{ login: "june" }] } },
      },
    ]);
  });

  test("a policy", async () => {
    expect((await proposed({ policy: file(...observe) })).at(1)).toEqual({
      file: "policy",
      name: policyName,
      proposal: { kind: "policy" },
    });
  });

  test("nothing", async () => {
    expect(await proposed({ roster: never })).toEqual([
      { file: "roster", name: rosterName, proposal: { kind: "removed" } },
    ]);
  });

  test("something that cannot be read", async () => {
    expect((await proposed({ roster: unreadable })).at(0)?.proposal).toEqual(unreadable);
  });

  test.each([
    ["a roster with a mistake", { roster: file("people: [ada]") }, `${rosterName}:1:9`],
    [
      "a roster whose levels the built-in rule does not know",
      { roster: file("levels: [low, high]", "people: { ada: high }") },
      `${rosterName}:1:9: levels: no level "senior"`,
    ],
    [
      "a policy that names a level the roster does not have",
      { policy: file("rules:", "  - name: One", "    require: { approvals: 1, level: boss }") },
      `${policyName}:3:`,
    ],
  ])("broken: %s, with its place", async (_, head, place) => {
    const broken = (await proposed(head)).filter(({ proposal }) => proposal.kind === "broken");

    expect(broken).toEqual([
      expect.objectContaining({ proposal: { kind: "broken", problems: [expect.stringContaining(place)] } }),
    ]);
  });

  test("levels of their own, in both files at once", async () => {
    const policy = file(
      "rules:",
      "  - name: One",
      "    when: { level_below: high }",
      "    require: { approvals: 1, level: high }",
    );

    const kinds = (
      await proposed({ roster: file("levels: [low, high]", "people: { ada: high }"), policy })
    ).map(({ proposal }) => proposal.kind);

    expect(kinds).toEqual(["roster", "policy"]);
  });
});
