/** The smallest world in which every GraphQL field has something to say; tests change one thing in it. */
import { createWorld } from "./create-world.ts";
import { generateKeyPairSync } from "node:crypto";
import { createCheckRun } from "./check-runs.ts";
import { editTree, type FileEdits, makeCommit } from "./git.ts";
import { createPull } from "./pulls.ts";
import { requireCheck } from "./setup.ts";
import {
  type Account,
  type App,
  type Commit,
  type Installation,
  type Repository,
  type Tree,
  type World,
} from "./world.ts";

const start = Date.parse("2026-03-01T12:00:00Z");

const permissions = {
  checks: "write",
  contents: "read",
  members: "read",
  pull_requests: "write",
  statuses: "read",
} as const;

/**
 * `acme/shop` (private) with `main` (required check), `.github/countersign/roster.yml`, and pull request 1 by junior
 * `grace`: one commit with a co-author, one new file, one run of the check. `ada` is the senior. Its clock starts at noon and moves a second whenever somebody looks at it.
 */
export function smallWorld() {
  let now = start;
  const world = createWorld({ now: () => (now += 1000) });
  const acme = addAccount(world, "acme", "Organization");
  const ada = addAccount(world, "ada", "User");
  const grace = addAccount(world, "grace", "User");
  const app = addApp(world, acme);
  const shop = addRepository(world, acme, "shop");
  shop.collaborators.set(ada.id, "write").set(grace.id, "write");
  const installation: Installation = {
    id: world.nextId(),
    appId: app.id,
    accountId: acme.id,
    selection: "selected",
    repositoryIds: new Set([shop.id]),
    permissions,
    createdAt: "2026-03-01T12:00:00Z",
    suspendedAt: null,
  };
  world.installations.set(installation.id, installation);
  const roster = { ".github/countersign/roster.yml": "people: { ada: senior }\n" };
  addCommit(world, shop, ada, { branch: "main", message: "Add a roster", edits: roster });
  shop.branches.set("checkout", shop.branches.get("main") ?? "");
  const message = "Add a checkout\n\nWritten with help.\n\nCo-authored-by: Claude <noreply@anthropic.com>\n";
  const head = addCommit(world, shop, grace, {
    branch: "checkout",
    message,
    edits: { "checkout.ts": "buy();\npay();\n" },
  });
  requireCheck(world, shop, "main", { context: "Countersign", appId: app.id });
  const content = {
    title: "Add a checkout",
    body: "Please look.",
    head: "checkout",
    base: "main",
    draft: false,
  };
  const pull = createPull(world, shop, grace, content);
  const run = createCheckRun(world, shop, app, head.sha, {
    name: "Countersign",
    status: "completed",
    conclusion: "action_required",
    externalId: "1 1:abc",
    output: { title: "Waiting for one senior", summary: "…" },
  });
  const viewer = { kind: "installation", app, installation, permissions, repositoryIds: null } as const;
  return { world, acme, ada, grace, app, shop, pull, head, run, viewer };
}

/** A repository with one empty commit on `main`. */
export function addRepository(world: World, owner: Account, name: string): Repository {
  const repository: Repository = {
    id: world.nextId(),
    ownerId: owner.id,
    name,
    private: true,
    defaultBranch: "main",
    collaborators: new Map(),
    commits: new Map(),
    branches: new Map(),
    otherRefs: new Map(),
    labels: new Map(),
    issues: new Map(),
    hasIssues: true,
    pulls: new Map(),
    checkSuites: [],
    activities: [],
    checkRuns: [],
    statuses: [],
    rulesets: [],
    protections: [],
    environments: [],
    runs: [],
    queue: [],
    createdAt: "2026-03-01T12:00:00Z",
    pushedAt: "2026-03-01T12:00:00Z",
  };
  world.repositories.set(repository.id, repository);
  addCommit(world, repository, owner, { branch: "main", message: "First commit", edits: {} });
  return repository;
}

/** A commit on top of a branch, without anybody hearing of it. */
export function addCommit(
  world: World,
  repository: Repository,
  author: Account,
  content: { branch: string; message: string; edits: FileEdits; signedByGitHub?: boolean },
): Commit {
  const parent = repository.branches.get(content.branch);
  const tree: Tree = (parent === undefined ? undefined : repository.commits.get(parent)?.tree) ?? new Map();
  const signature = { name: author.name, email: author.emails[0] ?? "", date: world.stamp() };
  const commit = makeCommit({
    tree: editTree(tree, content.edits),
    parents: parent === undefined ? [] : [parent],
    message: content.message,
    author: signature,
    committer: signature,
    signedByGitHub: content.signedByGitHub ?? false,
  });
  repository.commits.set(commit.sha, commit);
  repository.branches.set(content.branch, commit.sha);
  return commit;
}

export function addAccount(world: World, login: string, type: Account["type"]): Account {
  const id = world.nextId();
  const email = `${id}+${login}@users.noreply.github.com`;
  const account: Account = {
    id,
    type,
    login,
    name: login,
    emails: [email],
    createdAt: "2026-03-01T12:00:00Z",
  };
  world.accounts.set(id, account);
  return account;
}

function addApp(world: World, owner: Account): App {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const app: App = {
    id: world.nextId(),
    slug: "countersign",
    name: "Countersign",
    ownerId: owner.id,
    botId: addAccount(world, "countersign[bot]", "Bot").id,
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKey,
    webhookSecret: "secret",
    clientId: "",
    clientSecret: "",
    callbackUrls: [],
    webhookUrl: null,
    permissions,
    events: ["pull_request"],
    createdAt: "2026-03-01T12:00:00Z",
  };
  world.apps.set(app.id, app);
  return app;
}
