import { describe, expect, test } from "vitest";
import { nothingCleared } from "../../src/gate/cleared.ts";
import { changeLevel, contributors, openedByBot, partsBy } from "../../src/gate/contributors.ts";
import type { Account, GitIdentity, Read } from "../../src/gate/accounts.ts";
import type { Facts } from "../../src/gate/facts.ts";
import * as small from "./world.ts";

const at = "2026-11-20T09:00:00Z";

function who(facts: Facts) {
  return contributors(facts, small.smallRoster, nothingCleared).map(
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
    expect(partsBy(small.mallory, people, small.smallRoster)).toEqual([]);
  });

  test("of one login and two ids are two: the roster's person is not the other", () => {
    const people = [small.contributor({ name: "sara", account: small.user("sara", 9999) })];
    expect(partsBy(small.sara, people, small.smallRoster)).toEqual([]);
  });

  test("without account are told apart by their e-mails, too", () => {
    const eve = (email: string) => ({ name: "Eve", email, account: null });
    const commits = [
      small.plainCommit({ author: eve("eve@evil.example") }),
      small.plainCommit({ author: eve("eve@acme.dev") }),
    ];
    expect(who(small.pull({ commits: small.read(commits) })).slice(1)).toEqual([
      "Eve <eve@evil.example> (junior): author of c0ffee1",
      "Eve <eve@acme.dev> (junior): author of c0ffee1",
    ]);
  });

  test("known by a roster e-mail are one for each person, beside the account of that person", () => {
    const emails = (login: string) => [`${login}@home.example`];
    const people = [small.sara, small.stan].map((account) =>
      small.entry(account, "senior", { emails: emails(account.login) }),
    );
    const by = (login: string, sha: string) =>
      small.plainCommit({
        sha: small.sha(sha),
        author: { name: "Somebody", email: `${login}@home.example`, account: null },
        committer: small.gitIdentity(small.sara),
      });
    const facts = small.pull({
      author: small.sara,
      commits: small.read([by("sara", "a1"), by("stan", "a2"), by("sara", "a3")]),
    });
    const roster = { ...small.smallRoster, people };
    expect(
      contributors(facts, roster, nothingCleared).map(({ name, source, parts }) => [name, source, ...parts]),
    ).toEqual([
      [
        "sara",
        "roster",
        "opened the pull request",
        "committer of a100000",
        "committer of a200000",
        "committer of a300000",
      ],
      ["sara", "roster, by e-mail", "author of a100000", "author of a300000"],
      ["stan", "roster, by e-mail", "author of a200000"],
    ]);
  });

  test("are no bots, whether or not the catalogue has them", () => {
    const bot: Account = { login: "acme-release[bot]", id: 5555, kind: "Bot" };
    const push = { kind: "push", actor: bot, before: null, after: small.headSha, at } as const;
    expect(who(small.pull({ observations: [push] })).map((line) => line.split(" ")[0])).toEqual(["june"]);
    expect(openedByBot(small.pull({ author: bot }))).toBe(true);
  });

  test.each(["noreply@github.com", "NoReply@GitHub.com"])(
    "are not GitHub itself, which commits as %s",
    (email) => {
      const committer = { name: "GitHub", email, account: null };
      expect(who(small.pull({ commits: small.read([small.plainCommit({ committer })]) }))).toEqual([
        "june (junior): opened the pull request, author of c0ffee1",
      ]);
    },
  );

  test("who are not listed have the level for them, unless a team could not be read", () => {
    const team = { name: "acme/seniors", level: "senior" };
    const level = (members: Read<readonly Account[]>) => {
      const roster = { ...small.smallRoster, unlisted: "mid", teams: [{ ...team, members }] };
      return contributors(small.pull({ author: small.mallory }), roster, nothingCleared)[0]?.level;
    };
    expect(level(small.read([]))).toBe("mid");
    expect(level({ kind: "absent" })).toBe("junior");
  });

  test("under a login that somebody else claimed are told with all of the reason", () => {
    const facts = small.pull({ author: small.user("sara", 9999) });
    expect(contributors(facts, small.smallRoster, nothingCleared)[0]?.source).toBe(
      "the login is on the roster for the account with id 103, this one has 9999",
    );
  });

  test("who commit without an account for somebody else have rebased nothing", () => {
    const committer = { name: "Eve", email: "eve@evil.example", account: null };
    const push = {
      kind: "push",
      actor: small.sara,
      before: small.olderSha,
      after: small.headSha,
      at,
    } as const;
    const facts = small.pull({
      commits: small.read([small.plainCommit({ committer })]),
      observations: [push],
    });
    expect(who(facts)).toEqual([
      "june (junior): opened the pull request, author of c0ffee1",
      "Eve <eve@evil.example> (junior): committer of c0ffee1",
      "sara (senior): pushed c0ffee1",
    ]);
  });
});

describe("the co-author of a commit that GitHub signed", () => {
  const ghost = { name: "Eve", email: "eve@evil.example", account: null };
  const coAuthored = (author: GitIdentity, coAuthor: GitIdentity) =>
    small.pull({
      commits: small.read([small.plainCommit({ author, coAuthors: [coAuthor], signedByGitHub: true })]),
      suggestedBy: [small.milo, small.sara],
    });
  const [june, milo, sara] = [small.june, small.milo, small.sara].map(small.gitIdentity);

  test.each([
    ["who left a suggestion is no contributor, nor is another who did", june, milo, false],
    ["who left a suggestion, too", june, sara, false],
    ["whose account nobody knows is one", june, ghost, true],
    ["of an author whom nobody knows is one", ghost, milo, true],
  ] as const)("%s", (_, author, coAuthor, expected) => {
    const facts = coAuthored(author ?? ghost, coAuthor ?? ghost);
    expect(who(facts).some((line) => line.endsWith(": co-author of c0ffee1"))).toBe(expected);
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
