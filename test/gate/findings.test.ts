import { expect, test } from "vitest";
import { branchFindings, closingRuleset, policiesIn, unseenIn } from "../../src/gate/branch-findings.ts";
import {
  environmentFindings,
  namedEnvironments,
  unseenEnvironments,
} from "../../src/gate/environment-findings.ts";
import {
  configFindings,
  eachOnce,
  giveApi,
  installationFindings,
} from "../../src/gate/installation-findings.ts";
import {
  placeOf,
  unseenNote,
  type AppFacts,
  type BranchFacts,
  type InstallationFacts,
  type RepositoryFacts,
  type Requirement,
} from "../../src/gate/protection.ts";
import type { Config } from "../../src/gate/verdict.ts";
import * as small from "./world.ts";

const granted = { permissions: { checks: "write", contents: "read" }, events: ["push"] };
const app: AppFacts = {
  id: 5,
  slug: "countersign",
  page: "https://github.com/organizations/acme/settings/apps/countersign",
  publicPage: "https://github.com/apps/countersign",
  ...granted,
};
const installation: InstallationFacts = {
  id: 9,
  owner: "acme",
  page: "https://github.com/organizations/acme/settings/installations/9",
  suspended: false,
  everything: true,
  granted,
  configRepository: "acme/.github",
  repositories: [
    { name: "Acme/.github", page: "https://github.com/Acme/.github", defaultBranch: "trunk", public: false },
    { name: "acme/shop", page: "https://github.com/acme/shop", defaultBranch: "it's/main", public: true },
  ],
};
const config: Config = {
  roster: { kind: "read", value: small.smallRoster },
  policies: [{ kind: "read", value: small.policy({ branches: ["main", "release/**"] }) }],
};
const ruleset = (name: string) => ({
  kind: "ruleset" as const,
  name,
  page: `https://github.com/acme/shop/settings/rules/${name}`,
  api: `/repos/acme/shop/rulesets/${name}`,
});
const required = (more: Partial<Requirement> = {}): Requirement => ({
  source: 5,
  by: ruleset("one"),
  bypass: [],
  ...more,
});
const older = { by: { kind: "branch-protection" } } as const;

function repository(name: string, ...requirements: readonly Requirement[]): RepositoryFacts {
  const branches = [{ name, requirements, looseQueue: null }];
  const environments = { kind: "absent" } as const;
  return {
    name: "acme/shop",
    page: "https://github.com/acme/shop",
    defaultBranch: "main",
    config,
    branches,
    environments,
  };
}

/** What is found about one branch. */
function about(branch: Partial<BranchFacts>, more: Partial<RepositoryFacts> = {}) {
  const [base] = repository("main").branches;
  if (base === undefined) throw new Error("There is one.");
  const facts = { ...repository("main"), branches: [{ ...base, ...branch }], ...more };
  return branchFindings(facts, app).map(({ kind }) => kind);
}

test.each<[string, readonly Requirement[], string | null]>([
  ["nothing", [], "check-not-required"],
  ["the check of this app", [required()], null],
  ["the check of anybody", [required({ source: null })], "check-of-anybody"],
  ["the check of anybody and that of this app", [required({ source: null }), required()], null],
  ["the check of another app besides", [required(), required({ source: 6 })], "check-of-another-app"],
  ["the check, which somebody may bypass", [required({ bypass: ["Team 7"] })], "bypass"],
  ["the check twice, once for everybody", [required({ bypass: ["Team 7"] }), required()], null],
  [
    "the check twice, with a list that is not shown",
    [required({ bypass: ["Team 7"] }), required({ bypass: null })],
    null,
  ],
  ["the check of the older protection", [required(older)], null],
])("where a gated branch requires %s the finding is right", (_what, requirements, kind) => {
  expect(about({ requirements })).toEqual(kind === null ? [] : [kind]);
});

test("a branch that no policy names is open on purpose, and worth a note where it requires the check", () => {
  expect(about({ name: "topic" })).toEqual([]);
  expect(about({ name: "topic", requirements: [required()] })).toEqual(["not-in-policy"]);
  expect(about({ name: "release/1/2" })).toEqual(["check-not-required"]);
});

test("the gravest finding stands alone", () => {
  const looseQueue = ruleset("queue");
  const requirements = [required({ bypass: ["Team 7"] })];
  expect([
    about({ looseQueue }),
    about({ looseQueue, requirements }),
    about({ name: "topic", requirements }),
    about({ looseQueue, requirements: [required({ source: null })] }),
  ]).toEqual([["check-not-required"], ["queue-lets-failures-ride"], ["bypass"], ["check-of-anybody"]]);
});

test("a branch is only observed where no policy that names it enforces", () => {
  const observing = { kind: "read", value: small.policy({ mode: "observe" }) } as const;
  const enforcing = { kind: "read", value: small.policy({ branches: ["main"] }) } as const;
  const requirements = [required()];
  const judged = (...policies: Config["policies"]) =>
    about({ requirements }, { config: { ...config, policies } });
  expect([judged(observing), judged(observing, enforcing), judged()]).toEqual([["observe-only"], [], []]);
});

test("the built-in policy gates where there is none, and no policy where one cannot be read", () => {
  const broken = { kind: "unreadable", why: "broken" } as const;
  expect([
    policiesIn({ ...config, policies: [] }).map(({ branches }) => branches),
    policiesIn({ ...config, policies: [{ kind: "absent" }] }).length,
    policiesIn({ ...config, policies: [broken] }),
  ]).toEqual([[["~DEFAULT_BRANCH"]], 1, []]);
  expect(closingRuleset([], 5)).toBeNull();
});

test("the ruleset means the branches that the policies mean", () => {
  const branches = ["~DEFAULT_BRANCH", "~ALL", "main", "refs/heads/main", "release/**", "v*"];
  expect(closingRuleset([small.policy({ branches })], 5)?.conditions.ref_name.include).toEqual([
    "~DEFAULT_BRANCH",
    "~ALL",
    "refs/heads/main",
    "refs/heads/release/**/*",
    "refs/heads/v*",
  ]);
});

test("a call of the API stays one word in a shell, whatever a branch or a pattern is named", () => {
  const odd = repository("it's ($HOME)!*", required({ ...older, bypass: ["administrators"] }));
  const [found] = branchFindings(odd, app);
  expect(found?.repair.api).toBe(
    "gh api --method POST /repos/acme/shop/branches/it%27s%20%28%24HOME%29%21%2a/protection/enforce_admins",
  );
  const policies = [{ kind: "read", value: small.policy({ branches: ["main", "it's"] }) }] as const;
  const [open] = branchFindings({ ...repository("main"), config: { ...config, policies } }, app);
  expect(open?.repair.api).toContain(String.raw`"refs/heads/it'\''s"`);
});

test("each finding about a branch says what is wrong, where to click and what to call", () => {
  const queue = { name: "main", requirements: [required()], looseQueue: ruleset("queue") };
  const observe = { kind: "read", value: small.policy({ mode: "observe", branches: ["main"] }) } as const;
  const cases = [
    repository("main"),
    repository("main", required({ source: null })),
    repository("main", required({ ...older, source: null })),
    repository("main", required({ source: 6 })),
    repository("main", required({ ...older, source: 6 })),
    repository("main", required({ bypass: ["Team 7", "User 8"] })),
    repository("main", required({ ...older, bypass: ["administrators"] })),
    repository("topic", required()),
    { ...repository("main"), branches: [queue] },
    { ...repository("main", required()), config: { ...config, policies: [observe] } },
  ];
  expect(cases.flatMap((facts) => branchFindings(facts, app))).toMatchSnapshot();
});

test("what could not be seen is said once for a repository", () => {
  const hidden = required({ bypass: null });
  const facts = { ...repository("main", hidden, hidden, required({ bypass: null, by: ruleset("two") })) };
  expect([
    unseenIn(facts, app),
    unseenIn(repository("main", required(older)), app),
    unseenIn(repository("main", required(), required({ bypass: null, source: null })), app),
  ]).toMatchSnapshot();
  const mixed = repository("main", hidden, required({ ...older, bypass: null }));
  const [topic] = repository("topic", required()).branches;
  if (topic === undefined) throw new Error("There is one.");
  expect(unseenIn({ ...mixed, branches: [topic, ...mixed.branches] }, app).map(({ what }) => what)).toEqual([
    expect.stringContaining('bypass the ruleset "one": '),
    expect.stringContaining("the older branch protection"),
  ]);
});

test("no call makes the ruleset where no policy gates anything", () => {
  const facts = { ...repository("main", required({ source: null })), config: { ...config, policies: [] } };
  const policies = [{ kind: "read", value: small.policy({ branches: [] }) }] as const;
  const calls = [facts, { ...facts, config: { ...config, policies } }].map(
    (one) => branchFindings(one, app)[0]?.repair.api,
  );
  expect(calls).toEqual([expect.stringContaining("--method POST"), null]);
});

test("each finding about the installation and the files says the same", () => {
  const needed = {
    permissions: { checks: "write", contents: "read", issues: "read" },
    events: ["push", "label"],
  };
  const asking = { ...app, ...needed };
  const few = { permissions: { checks: "read" }, events: [] };
  expect([
    installationFindings(installation, { app, needed: granted }),
    installationFindings({ ...installation, suspended: true }, { app, needed }),
    installationFindings({ ...installation, granted: few }, { app: asking, needed }),
    installationFindings(installation, { app, needed }),
    installationFindings({ ...installation, everything: false }, { app, needed: granted }),
    installationFindings({ ...installation, everything: false, repositories: [] }, { app, needed: granted }),
    installationFindings({ ...installation, repositories: [] }, { app, needed: granted }),
    giveApi(installation, "acme/shop"),
  ]).toMatchSnapshot("installation");
  const roster = small.smallRoster;
  const team = {
    name: "acme/gone",
    level: "senior",
    members: { kind: "unreadable", why: "It is gone." },
  } as const;
  const configs: Config[] = [
    config,
    { roster: { kind: "absent" }, policies: [] },
    {
      roster: { kind: "unreadable", why: "ACME/Shop › roster.yml is broken." },
      policies: [{ kind: "unreadable", why: "acme/gone › policy.yml is broken." }],
    },
    { ...config, stale: { since: "yesterday", problem: "acme/.github › roster.yml is broken." } },
    { ...config, stale: { since: "yesterday", problem: "acme/.github › policy.yml has disappeared." } },
    {
      ...config,
      roster: { kind: "read", value: { ...roster, origin: "ACME/shop › roster.yml", teams: [team] } },
    },
  ];
  expect(
    configs.map((each) => configFindings({ ...repository("main"), config: each }, installation)),
  ).toMatchSnapshot("files");
  const alone = installation.repositories.filter(({ name }) => name === "acme/shop");
  const [none] = configFindings(
    { ...repository("main"), config: { roster: { kind: "absent" }, policies: [] } },
    { ...installation, repositories: alone },
  );
  expect(none?.repair).toEqual({
    page: "https://github.com/acme/shop/new/it%27s/main?filename=.github/countersign/roster.yml › or create acme/.github, and write it there for all",
    api: 'gh api --method PUT /repos/acme/shop/contents/.github/countersign/roster.yml -f message="Write roster.yml" -f content="$(base64 < roster.yml)"',
  });
});

test("of what is found of every repository again each stands once, the first first", () => {
  const about = { owner: "acme", repository: "acme/.github", branch: null, environment: null };
  const finding = { ...about, kind: "roster-broken", severity: "error", what: "Broken." } as const;
  const repair = { page: "https://github.com/acme/.github", api: null };
  const [one, other] = [
    { ...finding, repair },
    { ...finding, what: "Gone.", repair },
  ];
  expect(eachOnce([one, other, { ...one }])).toEqual([one, other]);
});

test("a team that can be read is nothing to repair, nor is a roster whose repository nobody knows", () => {
  const members = small.read([]);
  const teams = [{ name: "acme/staff", level: "staff", members }];
  const origin = "acme/elsewhere › roster.yml";
  const roster = small.read({ ...small.smallRoster, origin, teams });
  expect(configFindings({ ...repository("main"), config: { ...config, roster } }, installation)).toEqual([]);
});

test("what does not begin with the repository of the file is of the repository itself", () => {
  const roster = { kind: "unreadable", why: "Line 2 of .github/countersign/roster.yml is broken." } as const;
  const facts = { ...repository("main"), config: { ...config, roster } };
  expect(configFindings(facts, installation).map((found) => found.repository)).toEqual(["acme/shop"]);
});

test("who may write may read", () => {
  const permissions = { checks: "write", contents: "write" };
  expect(
    installationFindings({ ...installation, granted: { ...granted, permissions } }, { app, needed: granted }),
  ).toEqual([]);
});

test("what could not be seen is a note beside the findings", () => {
  expect(
    unseenNote({ repository: "acme/shop", what: "Nobody can tell.", see: "ask an administrator" }),
  ).toEqual({
    kind: "unseen",
    severity: "note",
    owner: "acme",
    repository: "acme/shop",
    branch: null,
    environment: null,
    what: "Nobody can tell.",
    repair: { page: "ask an administrator", api: null },
  });
});

test("a pattern of stars names no environment in particular, and one with more than that does", () => {
  const environments = ["*", "**", "*-eu"];
  const policy = small.policy({ deployments: { ...small.policy().deployments, environments } });
  expect(namedEnvironments({ ...config, policies: [small.read(policy)] })).toEqual(["*-eu"]);
});

test("nothing is found about environments that could not be read", () => {
  const unread = [{ kind: "absent" }, { kind: "unreadable", why: "GitHub does not show them." }] as const;
  expect(
    unread.map((environments) => environmentFindings({ ...repository("main"), environments }, app)),
  ).toEqual([[], []]);
});

test("an environment that a policy names waits for the app, and what none names in particular need not", () => {
  const deployments = { ...small.policy().deployments, environments: ["production", "prod-*", "*"] };
  const policies = [{ kind: "read", value: small.policy({ branches: [], deployments }) }] as const;
  const named = { ...repository("main"), branches: [], config: { ...config, policies } };
  const environments = {
    kind: "read",
    value: [
      { name: "Production", guarded: false },
      { name: "prod-eu (2)", guarded: false },
      { name: "prod-us", guarded: true },
      { name: "staging", guarded: false },
    ],
  } as const;
  const why = "GitHub does not show them.";
  expect(environmentFindings({ ...named, environments }, app)).toMatchSnapshot();
  expect([
    namedEnvironments(named.config),
    namedEnvironments(config),
    environmentFindings({ ...repository("main"), environments }, app),
    unseenEnvironments({ ...named, environments }),
    unseenEnvironments({ ...named, environments: { kind: "unreadable", why } }),
  ]).toEqual([
    ["production", "prod-*"],
    [],
    [],
    [],
    [
      {
        repository: "acme/shop",
        what: `The app cannot see which environments wait for it: ${why}`,
        see: "https://github.com/acme/shop/settings/environments",
      },
    ],
  ]);
});

test("a finding is about an owner, a repository, or a branch or environment of one", () => {
  const place = { owner: "acme", repository: "acme/shop", branch: null, environment: null };
  expect(
    [
      { ...place, repository: null },
      place,
      { ...place, branch: "main\u0007" },
      { ...place, environment: "production\u0007" },
    ].map(placeOf),
  ).toEqual(["acme", "acme/shop", "acme/shop, branch main", "acme/shop, environment production"]);
});
