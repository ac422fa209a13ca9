import { describe, expect, test } from "vitest";
import {
  file,
  hour,
  never,
  noon,
  openPlace,
  ownPolicyName,
  ownRosterName,
  policyName,
  removed,
  rosterName,
  shortly,
  unreadable,
  version,
} from "./given-files.ts";

const wide = ["people:", "  ada: senior"];
const narrow = ["people:", "  june: senior"];
const observe = ["mode: observe"];
const broken = ["people: [ada]"];
const builtIn = "built-in defaults: enforce";

describe("the roster", () => {
  test("is the organisation's, whatever the repository says", async () => {
    const { inForce } = await openPlace();

    const { config, versions } = await inForce({
      organisation: { roster: file(...wide) },
      own: { roster: file(...narrow) },
    });

    expect(shortly(config)).toEqual({ roster: { ada: "senior" }, policies: [builtIn] });
    expect(versions).toEqual({ [rosterName]: version(...wide), "built-in defaults": "" });
  });

  test.each([
    ["has no .github repository", null],
    ["never had one there", {}],
  ])("is the repository's own where the organisation %s", async (_, organisation) => {
    const { inForce } = await openPlace();

    const { config, versions } = await inForce({ organisation, own: { roster: file(...narrow) } });

    expect(shortly(config)).toEqual({ roster: { june: "senior" }, policies: [] });
    expect(versions).toEqual({ [ownRosterName]: version(...narrow) });
  });

  test("is nobody's once the organisation removed its own: no repository decides for it", async () => {
    const { inForce } = await openPlace();
    await inForce({ organisation: { roster: file(...wide) } });

    const { config } = await inForce({ organisation: { roster: removed }, own: { roster: file(...narrow) } });

    expect(shortly(config)).toEqual({ roster: "absent", policies: [] });
  });

  test("that vanished without a commit is broken: its last good version holds, and the reader is told", async () => {
    const { inForce } = await openPlace();
    await inForce({ organisation: { roster: file(...wide) } });

    const { config } = await inForce({ organisation: {}, own: { roster: file(...narrow) } }, noon + hour);

    expect(shortly(config)).toEqual({
      roster: { ada: "senior" },
      policies: [builtIn],
      stale: {
        since: new Date(noon).toISOString(),
        problem: `${rosterName} has disappeared, and no commit on the default branch removes it.`,
      },
    });
  });

  test.each([
    ["cannot be seen any more", null, "acme/.github was there and cannot be seen any more."],
    [
      "could not be read",
      { kind: "unreadable", why: "Resource not accessible by integration" } as const,
      "acme/.github could not be read: Resource not accessible by integration",
    ],
  ])("holds on while its repository %s", async (_, organisation, problem) => {
    const { inForce } = await openPlace();
    await inForce({ organisation: { roster: file(...wide) } });

    const { config } = await inForce({ organisation, own: { roster: file(...narrow) } }, noon + hour);

    expect(shortly(config)).toMatchObject({ roster: { ada: "senior" }, stale: { problem } });
  });

  test("of an organisation whose repository could never be read is unreadable, not the repository's", async () => {
    const { inForce } = await openPlace();

    const { config } = await inForce({
      organisation: { kind: "unreadable", why: "No access." },
      own: { roster: file(...narrow) },
    });

    const why = "acme/.github could not be read: No access.";
    expect(shortly(config)).toEqual({ roster: why, policies: [why] });
  });

  test("with a mistake: its last good version holds for 24 hours and not longer", async () => {
    const { inForce } = await openPlace();
    await inForce({ organisation: { roster: file(...wide) } });
    const given = { organisation: { roster: file(...broken) } };

    const first = shortly((await inForce(given, noon + hour)).config);
    const last = shortly((await inForce(given, noon + 24 * hour)).config);
    const after = shortly((await inForce(given, noon + 24 * hour + 1)).config);

    const problem = expect.stringMatching(/^acme\/\.github › \.github\/countersign\/roster\.yml:1:9: .+\.$/u);
    const held = {
      roster: { ada: "senior" },
      policies: [builtIn],
      stale: { since: new Date(noon).toISOString(), problem },
    };
    expect([first, last]).toEqual([held, held]);
    expect(after).toEqual({ roster: problem, policies: [builtIn] });
  });

  test("with a mistake and nothing before it names every problem with line and column", async () => {
    const { inForce } = await openPlace();

    const { config } = await inForce({ organisation: { roster: file("peple: {}", "unlisted: boss") } });

    const { roster } = shortly(config);
    expect(roster).toContain(`${rosterName}:1:1: `);
    expect(roster).toContain(`; ${rosterName}:2:11: `);
    expect(roster).not.toContain("\n");
  });

  test("that is repaired holds at once, with nothing stale about it", async () => {
    const { inForce } = await openPlace();
    await inForce({ organisation: { roster: file(...wide) } });
    await inForce({ organisation: { roster: file(...broken) } }, noon + hour);

    const { config } = await inForce({ organisation: { roster: file(...narrow) } }, noon + 2 * hour);

    expect(shortly(config)).toEqual({ roster: { june: "senior" }, policies: [builtIn] });
  });

  test("whose last good version is the newest in force, not the newest written", async () => {
    const { inForce } = await openPlace();
    await inForce({ organisation: { roster: file(...wide) } });
    await inForce({ organisation: { roster: file(...narrow) } }, noon + hour);
    await inForce({ organisation: { roster: file(...wide) } }, noon + 2 * hour);

    const { config } = await inForce({ organisation: { roster: unreadable } }, noon + 3 * hour);

    expect(shortly(config)).toMatchObject({
      roster: { ada: "senior" },
      stale: { since: new Date(noon + 2 * hour).toISOString() },
    });
  });

  test("with a ladder of its own, without senior, needs rules that know it", async () => {
    const { inForce } = await openPlace();
    const own = file("levels: [apprentice, master]", "people:", "  ada: master");
    const rules = [
      "rules:",
      "  - name: Master",
      "    when: { level_below: master }",
      "    require: { approvals: 1, level: master }",
    ];

    const without = await inForce({ organisation: { roster: own } });
    const withRules = await inForce({ organisation: { roster: own, policy: file(...rules) } });

    expect(shortly(without.config).roster).toMatch(/^acme\/\.github › .+roster\.yml:1:\d+: .*senior/u);
    expect(shortly(withRules.config)).toEqual({
      roster: { ada: "master" },
      policies: [`${policyName}: enforce`],
    });
  });
});

describe("policies", () => {
  test("the organisation's always applies, the repository's is added", async () => {
    const { inForce } = await openPlace();

    const { config, versions } = await inForce({
      organisation: { policy: file("mode: enforce") },
      own: { policy: file(...observe) },
    });

    expect(shortly(config).policies).toEqual([`${policyName}: enforce`, `${ownPolicyName}: observe`]);
    expect(versions).toEqual({
      [policyName]: version("mode: enforce"),
      [ownPolicyName]: version(...observe),
    });
  });

  test("an organisation with a roster has one, of defaults, whatever the repository writes", async () => {
    const { inForce } = await openPlace();

    const { config } = await inForce({
      organisation: { roster: file(...wide) },
      own: { policy: file(...observe) },
    });

    expect(shortly(config).policies).toEqual([builtIn, `${ownPolicyName}: observe`]);
  });

  test("without either the repository's stands alone", async () => {
    const { inForce } = await openPlace();

    const { config } = await inForce({
      organisation: null,
      own: { roster: file(...narrow), policy: file(...observe) },
    });

    expect(shortly(config).policies).toEqual([`${ownPolicyName}: observe`]);
  });

  test("one that is broken and was never good is unreadable, and stays among them", async () => {
    const { inForce } = await openPlace();

    const { config } = await inForce({
      organisation: { policy: file("mode: lenient") },
      own: { policy: unreadable },
    });

    expect(shortly(config).policies).toEqual([
      expect.stringContaining(`${policyName}:1:7: `),
      "it is not a text file.",
    ]);
  });

  test("one that is broken holds on in its last good version", async () => {
    const { inForce } = await openPlace();
    await inForce({ organisation: { policy: file(...observe) } });

    const { config } = await inForce({ organisation: { policy: file("mode: lenient") } }, noon + hour);

    expect(shortly(config)).toMatchObject({
      policies: [`${policyName}: observe`],
      stale: { since: new Date(noon).toISOString() },
    });
  });

  test("one that was removed by a commit is gone", async () => {
    const { inForce } = await openPlace();
    await inForce({ organisation: { roster: file(...wide), policy: file(...observe) } });

    const { config } = await inForce(
      { organisation: { roster: file(...wide), policy: removed } },
      noon + hour,
    );

    expect(shortly(config)).toEqual({ roster: { ada: "senior" }, policies: [builtIn] });
  });

  test("nobody's, where nobody has any: the gate's defaults are no file of anybody", async () => {
    const { inForce } = await openPlace();

    expect(await inForce({ organisation: null })).toMatchObject({
      config: { roster: { kind: "absent" }, policies: [] },
      versions: {},
    });
  });
});

describe("the configuration repository itself", () => {
  const where = "Acme/.GitHub";

  test("has its files once, not as the organisation's and as its own", async () => {
    const { inForce } = await openPlace();
    const files = { roster: file(...wide), policy: file(...observe) };

    const once = await inForce({ organisation: files, own: files, where });
    const again = await inForce({ organisation: files, own: files, where }, noon + hour);

    const expected = { roster: { ada: "senior" }, policies: [`${policyName}: observe`] };
    expect([shortly(once.config), shortly(again.config)]).toEqual([expected, expected]);
  });

  test("is not its own way out when the organisation's roster was removed", async () => {
    const { inForce } = await openPlace();
    await inForce({ organisation: { roster: file(...wide) }, own: { roster: file(...wide) }, where });

    const { config } = await inForce({ organisation: { roster: removed }, own: { roster: removed }, where });

    expect(shortly(config)).toEqual({ roster: "absent", policies: [] });
  });
});

test("a file of one repository is not that of another with the same name elsewhere", async () => {
  const { inForce } = await openPlace();
  await inForce({ organisation: null, own: { roster: file(...narrow) } });

  const { config } = await inForce({ organisation: null, own: { roster: never }, where: "acme/website" });

  expect(shortly(config)).toEqual({ roster: "absent", policies: [] });
});
