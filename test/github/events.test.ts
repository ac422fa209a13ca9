import { describe, expect, test } from "vitest";
import { ZodError } from "zod";
import { type Effects, none } from "../../src/github/effects.ts";
import { actionOf, events } from "../../src/github/events.ts";

const installation = { id: 7 };
const repository = { full_name: "Acme/Shop", name: "Shop", default_branch: "main" };
const sender = { login: "june", id: 1, type: "User" };
const june = { login: "june", id: 1, kind: "User" } as const;
const [before, after] = ["b".repeat(40), "a".repeat(40)];
const updated_at = "2026-03-01T12:00:00Z";
const pull_request = {
  number: 12,
  state: "open",
  merged_at: null,
  head: { sha: after },
  base: { ref: "main" },
  updated_at,
};
const hint = {
  repo: "acme/shop",
  number: 12,
  installation: 7,
  headSha: after,
  base: "main",
  open: true,
  merged: false,
};
const look = (priority: number) => ({ target: "pull:acme/shop:12", installation: 7, priority });

/** What the delivery of an event leads to. */
function effects(event: string, payload: Record<string, unknown>, configRepo = ".github"): Effects {
  const handle = events[event];
  if (handle === undefined) throw new Error(`Nothing handles ${event}.`);
  return handle({ installation, repository, sender, ...payload }, configRepo);
}

describe("a pull request", () => {
  test.each(["opened", "reopened", "ready_for_review"])("%s is looked at first: somebody waits", (action) => {
    expect(effects("pull_request", { action, pull_request })).toEqual({
      ...none,
      marks: [look(0)],
      observations:
        action === "opened"
          ? [{ repo: "acme/shop", number: 12, key: "", observation: { kind: "opened" } }]
          : [],
      pulls: [hint],
    });
  });

  test.each(["edited", "closed", "assigned", "auto_merge_enabled", "something_new"])(
    "%s is looked at",
    (action) => {
      expect(effects("pull_request", { action, pull_request })).toEqual({
        ...none,
        marks: [look(1)],
        pulls: [hint],
      });
    },
  );

  test("closed is remembered as closed", () => {
    const closed = { ...pull_request, state: "closed" };

    expect(effects("pull_request", { action: "closed", pull_request: closed }).pulls).toEqual([
      { ...hint, open: false, merged: false },
    ]);
  });

  test("merged is remembered as merged", () => {
    const merged = { ...pull_request, state: "closed", merged_at: updated_at };

    expect(effects("pull_request", { action: "closed", pull_request: merged }).pulls).toEqual([
      { ...hint, open: false, merged: true },
    ]);
  });

  test("pushed to: who moved the head is remembered, because GitHub will not say it again", () => {
    expect(effects("pull_request", { action: "synchronize", pull_request, before, after })).toEqual({
      ...none,
      marks: [look(0)],
      heads: [{ repo: "acme/shop", sha: before, installation: 7, rewrite: false, unlessBy: null }],
      pulls: [hint],
      observations: [
        {
          repo: "acme/shop",
          number: 12,
          key: `${before}..${after} by 1`,
          observation: { kind: "push", actor: june, before, after, at: updated_at },
        },
      ],
    });
  });

  test("pushed to by a bot", () => {
    const bot = { login: "renovate[bot]", id: 2, type: "Bot" };

    const { observations } = effects("pull_request", {
      action: "synchronize",
      pull_request,
      before,
      after,
      sender: bot,
    });

    expect(observations.map(({ observation }) => observation)).toEqual([
      { kind: "push", actor: { login: "renovate[bot]", id: 2, kind: "Bot" }, before, after, at: updated_at },
    ]);
  });

  test.each(["labeled", "unlabeled"] as const)("%s: who did it is remembered", (action) => {
    expect(effects("pull_request", { action, pull_request, label: { name: "ai-assisted" } })).toEqual({
      ...none,
      marks: [look(1)],
      pulls: [hint],
      observations: [
        {
          repo: "acme/shop",
          number: 12,
          key: `${action} ai-assisted at ${updated_at} by june`,
          observation: { kind: "label", action, label: "ai-assisted", actor: june, at: updated_at },
        },
      ],
    });
  });
});

describe("a review", () => {
  const review = { id: 99, commit_id: after };

  test("submitted is bound to the commit and base its author saw", () => {
    const moved = { ...pull_request, head: { sha: "c".repeat(40) }, base: { ref: "release" } };

    expect(effects("pull_request_review", { action: "submitted", pull_request: moved, review })).toEqual({
      ...none,
      marks: [look(0)],
      pulls: [{ ...hint, headSha: "c".repeat(40), base: "release" }],
      observations: [
        {
          repo: "acme/shop",
          number: 12,
          key: "99",
          observation: { kind: "review", reviewId: "99", sha: after, base: "release" },
        },
      ],
    });
  });

  test.each(["edited", "dismissed"])("%s is looked at, and binds nothing", (action) => {
    expect(effects("pull_request_review", { action, pull_request, review })).toEqual({
      ...none,
      marks: [look(0)],
      pulls: [hint],
    });
  });

  test("of a commit that is gone binds nothing", () => {
    const gone = { ...review, commit_id: null };

    expect(
      effects("pull_request_review", { action: "submitted", pull_request, review: gone }).observations,
    ).toEqual([]);
  });
});

describe("an installation", () => {
  const everything = { ...none, marks: [{ target: "installation:7", installation: 7, priority: 5 }] };

  test.each([
    ["installation", "created"],
    ["installation", "unsuspend"],
    ["installation", "new_permissions_accepted"],
    ["installation_repositories", "added"],
    ["installation_target", "renamed"],
  ])("%s %s: everything is looked at when there is time", (event, action) => {
    const [account, changes] = [{}, {}];
    expect(effects(event, { action, account, changes })).toEqual(everything);
  });

  test.each([
    ["installation", "deleted"],
    ["installation", "suspend"],
    ["installation_repositories", "removed"],
  ])("%s %s: there is nothing to look at any more", (event, action) => {
    expect(effects(event, { action })).toEqual(none);
  });

  test.each(["membership", "team", "organization"])(
    "%s: levels may have changed, cached teams are forgotten",
    (event) => {
      const organization = { login: "Acme" };

      expect(effects(event, { action: "added", organization })).toEqual({
        ...everything,
        forgetTeamsOf: "Acme",
      });
    },
  );
});

describe("what happens to a repository as a whole", () => {
  const everyPull = { ...none, marks: [{ target: "repo:acme/shop", installation: 7, priority: 1 }] };
  const everything = { ...none, marks: [{ target: "installation:7", installation: 7, priority: 5 }] };

  test.each([
    ["label", { action: "edited", changes: { name: { from: "ai-assisted" } } }],
    ["label", { action: "deleted", changes: undefined }],
    ["member", { action: "added" }],
    ["member", { action: "removed" }],
    ["member", { action: "edited", changes: { permission: { from: "read", to: "write" } } }],
    ["repository", { action: "edited", changes: { default_branch: { from: "master" } } }],
    ["repository", { action: "privatized" }],
    ["repository", { action: "publicized" }],
    ["repository", { action: "unarchived" }],
  ])("%s %j: its open pull requests are looked at", (event, payload) => {
    expect(effects(event, payload)).toEqual(everyPull);
  });

  test.each([
    ["renamed", { repository: { name: { from: "Store" } } }, "acme/store"],
    ["transferred", { owner: { from: { user: { login: "June" } } } }, "june/shop"],
    ["transferred", { owner: { from: { user: null, organization: { login: "Evil" } } } }, "evil/shop"],
  ])("%s: what is remembered is found under its new name, and it is looked at", (action, changes, from) => {
    expect(effects("repository", { action, changes })).toEqual({
      ...everyPull,
      renames: [{ kind: "repository", from, to: "acme/shop", rulesStay: false }],
    });
  });

  test("it is deleted: what is remembered is nobody's", () => {
    const gone = { kind: "repository", from: "acme/shop", to: null, rulesStay: false } as const;
    expect(effects("repository", { action: "deleted" })).toEqual({ ...none, renames: [gone] });
  });

  test.each([
    ["renamed", { name: { from: ".github" } }],
    ["deleted", undefined],
  ])("the configuration repository is %s: that there were rules stays known", (action, changed) => {
    const at = { full_name: "acme/.github", name: ".github" };
    const payload = changed === undefined ? { repository: { ...repository, ...at } } : {};
    const { renames } = effects("repository", { action, changes: { repository: changed }, ...payload });
    expect(renames).toMatchObject([{ from: "acme/.github", rulesStay: true }]);
  });

  test.each([
    ["installation_target", { account: { login: "Acme" } }],
    ["organization", { organization: { login: "Acme" } }],
  ])("%s: its owner is renamed, and what is remembered of all of them is found", (event, owner) => {
    const renamed = { action: "renamed", ...owner, changes: { login: { from: "Oldco" } } };
    expect(effects(event, renamed)).toMatchObject({
      marks: everything.marks,
      renames: [{ kind: "owner", from: "oldco", to: "acme" }],
    });
    const sameLogin = { ...renamed, changes: { login: { from: "ACME" } } };
    expect(effects(event, sameLogin)).toMatchObject({ renames: [] });
  });

  test.each([
    ["label", { action: "created" }],
    ["label", { action: "edited", changes: { color: { from: "ededed" } } }],
    ["repository", { action: "edited", changes: { description: { from: null } } }],
    ["repository", { action: "archived" }],
  ])("%s %j changes no verdict", (event, payload) => {
    expect(effects(event, payload)).toEqual(none);
  });

  test.each([
    [
      "is made",
      { action: "created", repository: { ...repository, full_name: "Acme/.github", name: ".github" } },
    ],
    [
      "is deleted",
      { action: "deleted", repository: { ...repository, full_name: "Acme/.github", name: ".github" } },
    ],
    ["gets another name", { action: "renamed", changes: { repository: { name: { from: ".github" } } } }],
  ])(
    "when the configuration repository %s, every repository of the installation is looked at",
    (_, payload) => {
      expect(effects("repository", payload).marks).toEqual(everything.marks);
      expect(effects("repository", payload, "settings").marks).not.toEqual(everything.marks);
    },
  );
});

describe("a payload that is not GitHub's", () => {
  const good: Readonly<Record<string, Record<string, unknown>>> = {
    pull_request: { action: "opened", pull_request },
    pull_request_review: { action: "submitted", pull_request, review: { id: 1, commit_id: after } },
    push: {
      ref: "refs/heads/main",
      before,
      after,
      forced: false,
      created: false,
      deleted: false,
      commits: [],
    },
    merge_group: {
      action: "destroyed",
      merge_group: { head_sha: after, head_ref: "refs/heads/gh-readonly-queue/main/x", base_ref: "main" },
    },
    deployment_protection_rule: {
      action: "requested",
      environment: "production",
      deployment_callback_url:
        "https://api.github.com/repos/Acme/Shop/actions/runs/7/deployment_protection_rule",
    },
    check_run: { action: "rerequested", check_run: { head_sha: after, name: "Countersign", app: { id: 3 } } },
    check_suite: { action: "rerequested", check_suite: { head_sha: after } },
    status: { sha: after, context: "ci" },
    issue_comment: {
      action: "created",
      issue: { number: 1 },
      comment: { id: 1, body: "", user: sender, created_at: updated_at, updated_at },
    },
    installation: { action: "created" },
    installation_repositories: { action: "added" },
    installation_target: { action: "renamed", account: {}, changes: {} },
    label: { action: "deleted" },
    member: { action: "added" },
    repository: { action: "renamed" },
    membership: { organization: { login: "acme" } },
    team: { organization: { login: "acme" } },
    organization: { organization: { login: "acme" } },
  };

  test.each(Object.keys(events))("%s is refused without its installation, or as something else", (event) => {
    const payload = { repository, sender, installation, ...good[event] };

    expect(() => events[event]?.(payload, ".github")).not.toThrow();
    expect(() => events[event]?.({ ...payload, installation: undefined }, ".github")).toThrow(ZodError);
    for (const nonsense of [null, "text", [], 7, {}]) {
      expect(() => events[event]?.(nonsense, ".github")).toThrow(ZodError);
    }
  });

  test("is refused where a field has another type", () => {
    const numbered = { ...pull_request, number: "12" };

    expect(() => effects("pull_request", { action: "opened", pull_request: numbered })).toThrow(ZodError);
    expect(() => effects("push", { ref: 1, forced: false, created: false, commits: [] })).toThrow(ZodError);
  });

  test("has no action, or GitHub's", () => {
    expect([{ action: "opened" }, { action: 1 }, {}, null, "opened"].map(actionOf)).toEqual([
      "opened",
      null,
      null,
      null,
      null,
    ]);
  });
});
