import { describe, expect, test } from "vitest";
import { configCheck } from "../../src/rules/config-check.ts";
import type { ConfigBlob } from "../../src/github/config-files.ts";
import { type ProposedChange, proposedChanges } from "../../src/rules/proposed-changes.ts";
import { file, type Given, never, openPlace, removed, unreadable } from "./given-files.ts";

const people = ["people:", "  ada: staff", "  bob: senior"];
const twoStaff = ["rules:", "  - name: Two staff", "    require: { approvals: 2, level: staff }"];
const ladder = ["levels: [low, high]", "people: { ada: high }"];
const highRule = ["rules:", "  - name: One", "    require: { approvals: 1, level: high }"];

/** The roster of acme in its configuration repository, and no policy. */
const alone: Given = { organisation: { roster: file(...people) }, where: "acme/.github" };
const both = (policy: ConfigBlob): Given => ({
  organisation: { roster: file(...people), policy },
  where: "acme/.github",
});

type Files = { readonly roster: ConfigBlob; readonly policy: ConfigBlob };

/** What is proposed where these files stand on the default branch, and those at the head. */
async function proposed(given: Given, head: Partial<Files>): Promise<ProposedChange[]> {
  const { inForce } = await openPlace();
  const found = await inForce(given);
  const own = given.where === "acme/.github" ? given.organisation : given.own;
  const before = { roster: never, policy: never, ...own };
  const at = { ...before, ...head };
  const changed = found.guarded.filter((each) => each.file in head);
  return proposedChanges(found, changed, at);
}

/** The check run's parts in one value, each annotation on a line. */
async function checked(given: Given, head: Partial<Files>) {
  const { conclusion, title, annotations } = configCheck(await proposed(given, head), null);
  const lines = annotations.map(
    ({ path, line, column, level, message }) =>
      `${level} ${path.split("/").at(-1)}:${line}:${column} ${message}`,
  );
  return { conclusion, title, lines };
}

describe("the check of changed configuration", () => {
  test("passes a roster that parses, and counts who is on it", async () => {
    const roster = file("people:", "  ada: senior", "teams:", "  acme/a: mid", "  acme/b: mid");
    expect(await checked(alone, { roster })).toEqual({
      conclusion: "success",
      title: "Roster is valid: 1 person and 2 teams",
      lines: [],
    });
  });

  test("passes a policy that parses beside the roster in force", async () => {
    expect(await checked(alone, { policy: file("mode: observe") })).toEqual({
      conclusion: "success",
      title: "Policy is valid: 1 rule",
      lines: [],
    });
  });

  test("annotates every problem of both files where it stands", async () => {
    const roster = file("people:", "  ada: principle", "  bob: 7");
    const policy = file("mode: maybe");
    expect(await checked(alone, { roster, policy })).toEqual({
      conclusion: "failure",
      title: "Roster would be broken: 2 problems; policy would be broken: 1 problem",
      lines: [
        'failure roster.yml:2:8 people.ada: level "principle" does not exist; did you mean "principal"? the levels are junior, mid, senior, staff, principal',
        expect.stringMatching(/^failure roster\.yml:3:8 people\.bob: /u),
        'failure policy.yml:1:7 mode: expected enforce or observe, got "maybe"',
      ],
    });
  });

  test("only warns of what holds and cannot be meant", async () => {
    const policy = file(...twoStaff, "    when: { tools: [claude-cod] }");
    expect(await checked(alone, { policy })).toEqual({
      conclusion: "success",
      title: "Policy is valid: 1 rule, 2 warnings",
      lines: [
        expect.stringMatching(/^warning policy\.yml:4:21 rules\[0\]\.when\.tools\[0\]: neither/u),
        expect.stringMatching(
          /^warning policy\.yml:3:14 rules\[0\]\.require: nobody can satisfy the rule "Two staff"/u,
        ),
      ],
    });
  });

  test("warns of a rule that nobody could satisfy any more, in the file that nobody changed", async () => {
    const found = await checked(both(file(...twoStaff)), { roster: file("people: { ada: senior }") });
    expect(found).toEqual({
      conclusion: "success",
      title: "Roster is valid: 1 person, 1 warning",
      lines: [expect.stringMatching(/^warning policy\.yml:3:14 .* the roster has 0; /u)],
    });
  });

  test("warns at the roster's top where the rule stands in no file", async () => {
    expect(await checked(alone, { roster: file("people: { ada: mid }") })).toMatchObject({
      conclusion: "success",
      lines: [
        expect.stringMatching(/^warning roster\.yml:1:1 nobody can satisfy the rule "Senior sign-off"/u),
      ],
    });
  });

  test("fails a roster without a level that the policy names", async () => {
    const policy = file("rules:", "  - name: One", "    require: { approvals: 1, level: boss }");
    const levels = "levels: [junior, senior, boss]";
    const given: Given = {
      organisation: { roster: file(levels, "people: { ada: boss }"), policy },
      where: "acme/.github",
    };
    expect(await checked(given, { roster: file("people: { ada: senior }") })).toEqual({
      conclusion: "failure",
      title: "Roster would be broken: 1 problem",
      lines: [
        expect.stringMatching(
          /^failure policy\.yml:3:37 rules\[0\]\.require\.level: level "boss" does not exist/u,
        ),
      ],
    });
  });

  test("does not blame a roster for a policy that was broken before", async () => {
    const given = both(file("mode: maybe"));
    expect(await checked(given, { roster: file("people: { ada: senior }") })).toEqual({
      conclusion: "success",
      title: "Roster is valid: 1 person",
      lines: [],
    });
  });

  test.each([
    ["takes its rules away", { policy: file("mode: observe") }],
    ["removes it", { policy: removed }],
  ])("fails a policy change that %s from under a ladder of its own", async (_, head) => {
    const given: Given = {
      organisation: { roster: file(...ladder), policy: file(...highRule) },
      where: "acme/.github",
    };
    expect(await checked(given, head)).toEqual({
      conclusion: "failure",
      title: "Policy would be broken: 1 problem",
      lines: [expect.stringMatching(/^failure roster\.yml:1:9 levels: no level "senior" in low, high/u)],
    });
  });

  test("does not ask for levels of a roster that cannot be read either", async () => {
    const found = await checked(alone, { roster: file("people: [ada]"), policy: file(...highRule) });
    expect(found).toMatchObject({
      conclusion: "failure",
      title: "Roster would be broken: 1 problem; policy is valid: 1 rule",
    });
  });

  test("says of a removed file what holds without it", async () => {
    const roster = configCheck(await proposed(alone, { roster: removed }), null);
    expect(roster).toMatchObject({ conclusion: "success", title: "Roster is removed", annotations: [] });
    expect(roster.summary).toContain("nobody can countersign");
    const policy = configCheck(await proposed(both(file("mode: observe")), { policy: removed }), null);
    expect(policy).toMatchObject({ conclusion: "success", title: "Policy is removed", annotations: [] });
    expect(policy.summary).toContain("Its rules no longer hold");
  });

  test("fails what is no text file, or too large", async () => {
    expect(await checked(alone, { roster: unreadable })).toEqual({
      conclusion: "failure",
      title: "Roster cannot be read",
      lines: ["failure roster.yml:1:1 it is not a text file."],
    });
  });

  test("checks a repository's own policy beside the organisation's roster", async () => {
    const given: Given = { organisation: { roster: file(...people) }, where: "acme/shop" };
    expect(await checked(given, { policy: file(...highRule) })).toMatchObject({
      conclusion: "failure",
      lines: [expect.stringMatching(/^failure policy\.yml:3:37 /u)],
    });
    expect(await checked(given, { policy: file(...twoStaff) })).toMatchObject({
      conclusion: "success",
      title: "Policy is valid: 1 rule, 1 warning",
    });
  });

  test("is neutral where nothing is changed any more", () => {
    expect(configCheck([], null)).toEqual({
      conclusion: "neutral",
      title: "No roster or policy in force is changed",
      summary: "This commit no longer changes a roster or policy that is in force or would be.",
      annotations: [],
    });
  });
});

describe("the check of changed configuration stays within GitHub's limits", () => {
  const people200 = Array.from({ length: 200 }, (_, at) => `  person${at}: wizard`);

  test("with 50 annotations at most, and the number of the others", async () => {
    const policy = file(...twoStaff, "    when: { labels: 7 }");
    const output = configCheck(
      await proposed(alone, { roster: file("people:", ...people200), policy }),
      null,
    );
    expect(output.annotations).toHaveLength(50);
    // 100 of the roster, a line about the others, and one of the policy.
    expect(output.summary).toMatch(/\nAnd 52 more, which are not shown\.$/u);
    expect(output.summary.split("\n").filter((line) => line.startsWith("- "))).toHaveLength(50);
  });

  test("with failures before warnings", async () => {
    const tools = Array.from({ length: 60 }, (_, at) => `nobody-${at}`).join(", ");
    const policy = file(...twoStaff, `    when: { tools: [${tools}] }`);
    const roster = file("people:", "  ada: wizard");
    const { annotations } = configCheck(await proposed(alone, { roster, policy }), null);
    expect(annotations.map(({ level }) => level)).toEqual(["failure", ...Array(49).fill("warning")]);
  });

  test("whatever the file says, and however long it is", async () => {
    const key = "*_".repeat(5000);
    const roster = file(...Array.from({ length: 20 }, (_, at) => `"${at}${key}": 1`));
    const { title, summary, annotations } = configCheck(await proposed(alone, { roster }), null);
    expect(title.length).toBeLessThanOrEqual(255);
    expect(summary.length).toBeLessThanOrEqual(65_535);
    expect(Math.max(...annotations.map(({ message }) => message.length))).toBeLessThanOrEqual(1100);
  });
});

test("text of the files takes no effect in the check of changed configuration", async () => {
  const roster = file(
    'people: { "@acme/everyone": senior, "[x](https://evil.example)": senior, "a": "#1 | <img src=x>\\u202E" }',
  );
  const { summary, annotations } = configCheck(await proposed(alone, { roster }), null);
  const texts = [summary, ...annotations.map(({ message }) => message)].join("\n");
  expect(texts).not.toMatch(/@acme|https:\/\/|#1|\u202E/u);
  expect(summary).not.toMatch(/(?<!\\)\[x|(?<!\\)<img/u);
  expect(annotations.map(({ message }) => message.replaceAll("\u2060", ""))).toContainEqual(
    expect.stringContaining("@acme/everyone"),
  );
});

describe("what would change", () => {
  const none = {
    people: [],
    passing: [],
    blocked: [],
    elsewhere: { passing: 0, blocked: 0 },
    judged: 0,
    untold: 0,
    left: 0,
  };

  test("is cut where nobody would read on, and says how much is left", async () => {
    const roster = file(...people);
    const effects = {
      ...none,
      people: Array.from({ length: 52 }, (_, at) => ({
        who: `p${at}`,
        from: null,
        to: "mid",
        kind: "gains" as const,
      })),
      passing: Array.from({ length: 53 }, (_, at) => at + 1),
      elsewhere: { passing: 2, blocked: 0 },
      judged: 200,
      left: 40,
    };
    const { title, summary } = configCheck(await proposed(alone, { roster }), effects);
    expect(title).toBe("Roster is valid: 2 people; 52 people gain mid, 55 open pull requests would pass");
    expect(summary).toContain("- and 2 more levels\n- 55 open pull requests would pass: #1, #2, ");
    expect(summary).toContain("#50, 3 more and 2 in other repositories\n");
    expect(summary).not.toContain("#51");
    expect(summary).toContain("\n40 more, which changed longest ago, were not judged.");
  });

  test("lets no level's name take effect, and counts no team as a person", async () => {
    const hostile = "`@acme` #1 [x](y)";
    const effects = {
      ...none,
      people: [{ who: "acme/staff", from: "mid", to: hostile, kind: "gains" as const }],
    };
    const { title, summary } = configCheck(await proposed(alone, { roster: file(...people) }), effects);
    expect(title).toBe("Roster is valid: 2 people");
    expect(summary).toContain("- `acme/staff`: `mid` → `` `@acme` #1 [x](y) ``");
  });

  test("is not mentioned where there is nothing to tell", async () => {
    const { summary } = configCheck(await proposed(alone, { roster: file(...people) }), none);
    expect(summary).not.toContain("What would change");
  });
});
