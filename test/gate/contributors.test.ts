import { describe, expect, test } from "vitest";
import { changeLevel, contributors, openedByBot, partsBy } from "../../src/gate/contributors.ts";
import type { Facts } from "../../src/gate/facts.ts";
import * as small from "./world.ts";

const at = "2026-11-20T09:00:00Z";

function who(facts: Facts) {
  return contributors(facts, small.smallRoster).map(
    ({ name, level, parts }) => `${name} (${level}): ${parts.join(", ")}`,
  );
}

describe("contributors", () => {
  test("are the author, authors, co-authors and committers of commits, pushers and force-pushers, each once", () => {
    const facts = small.pull({
      commits: small.read([
        small.commit({
          coAuthors: [small.gitIdentity(small.milo)],
          committer: small.gitIdentity(small.sara),
        }),
        small.plainCommit({ sha: small.olderSha }),
      ]),
      observations: [{ kind: "push", actor: small.stan, before: null, after: small.headSha, at }],
      timeline: small.read([
        { kind: "force-pushed", actor: small.paula, before: null, after: null, at },
        { kind: "force-pushed", actor: null, before: null, after: null, at },
      ]),
    });
    expect(who(facts)).toEqual([
      "june (junior): opened the pull request, author of c0ffee1, author of 01de400, committer of 01de400",
      "milo (mid): co-author of c0ffee1",
      "sara (senior): committer of c0ffee1",
      "stan (staff): pushed c0ffee1",
      "paula (principal): force-pushed the head branch",
      "a deleted account (junior): force-pushed the head branch",
    ]);
  });

  test("are neither tools nor bots", () => {
    const facts = small.pull({
      author: small.dependabot,
      commits: small.read([small.plainCommit({ author: small.gitIdentity(small.copilot) })]),
      observations: [{ kind: "push", actor: small.copilot, before: null, after: small.headSha, at }],
    });
    expect(who(facts)).toEqual(["june (junior): committer of c0ffee1"]);
    expect(openedByBot(facts)).toBe(true);
  });

  test("are the authors of all pull requests of the change, and those assigned when any is a bot's", () => {
    const facts = small.pull({ otherAuthors: [small.copilot, small.milo], assignees: [small.sara] });
    expect(who(facts)).toEqual([
      "june (junior): opened the pull request, author of c0ffee1, committer of c0ffee1",
      "milo (mid): opened another pull request of this change",
      "sara (senior): is assigned to the bot's pull request",
    ]);
  });

  test("without account are one person for each name and e-mail", () => {
    const ghost = { name: "Eve", email: "eve@evil.example", account: null };
    const commits = [
      small.plainCommit({ author: ghost }),
      small.plainCommit({ sha: small.olderSha, author: { ...ghost, email: "EVE@evil.example" } }),
      small.plainCommit({ sha: small.sha("beef"), author: { ...ghost, name: "Mallory" } }),
    ];
    expect(who(small.pull({ commits: small.read(commits) })).slice(1)).toEqual([
      "Eve <eve@evil.example> (junior): author of c0ffee1, author of 01de400",
      "Mallory <eve@evil.example> (junior): author of beef000",
    ]);
  });

  test("are found again under another spelling of the login and by roster e-mail", () => {
    const people = [
      small.contributor({ name: "Sara", account: small.user("Sara", null), parts: ["author of c0ffee1"] }),
      small.contributor({ name: "sara", account: null, parts: ["author of 01de400"] }),
    ];
    expect(partsBy(small.sara, people, small.smallRoster)).toEqual([
      "author of c0ffee1",
      "author of 01de400",
    ]);
    expect(partsBy(small.stan, people, small.smallRoster)).toEqual([]);
  });
});

describe("the level of a change", () => {
  test("is that of its lowest contributor", () => {
    const people = ["staff", "mid", "senior"].map((level) => small.contributor({ level }));
    expect(changeLevel(small.pull(), people, small.smallRoster)).toBe("mid");
  });

  test("is the lowest there is when a bot opened it or nobody is known", () => {
    const people = [small.contributor({ level: "senior" })];
    expect(changeLevel(small.pull({ author: small.copilot }), people, small.smallRoster)).toBe("junior");
    expect(changeLevel(small.pull(), [], small.smallRoster)).toBe("junior");
  });
});
