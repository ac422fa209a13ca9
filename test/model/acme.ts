import {
  accountNamed,
  createAccount,
  createApp,
  createRepository,
  installApp,
} from "../fake-github/setup.ts";
import { appSettings } from "../fake-github/app-manifest.ts";
import { commitsBetween, diffFromMergeBase, isAncestor } from "../fake-github/git.ts";
import { createWorld } from "../fake-github/create-world.ts";
import { createWebhooks, type Webhooks } from "../fake-github/webhooks.ts";
import {
  accountForEmail,
  type Commit as GitCommit,
  type Repository,
  type World as GitHubWorld,
} from "../fake-github/world.ts";
import { type App, startApp } from "./app-in-memory.ts";
import type { Commit, Level, Policy, World } from "./specification.ts";

/** Everybody, and the level the roster begins with; otto is on no roster, rhea can only read. */
export const people = ["ada", "grace", "vera", "rhea", "milo", "juno", "otto"] as const;
const firstRoster: [string, Level][] = [
  ["ada", "principal"],
  ["grace", "senior"],
  ["vera", "senior"],
  ["rhea", "senior"],
  ["milo", "mid"],
  ["juno", "junior"],
];

export const bases = ["main", "release", "develop"] as const;
/** Those of them that the policy names. */
const gated = ["main", "release"] as const;
/** What commits say that ada pushes to them. */
export const aside = "Elsewhere";
export const rosterFile = ".github/countersign/roster.yml";
export const policyFile = ".github/countersign/policy.yml";
export const aiTrailer = "Co-Authored-By: Claude <noreply@anthropic.com>";
export const attestation = "- [x] AI assistance was used";

/** The fake GitHub, the app, and what is true by the specification's lights, side by side. */
export type Acme = {
  readonly github: GitHubWorld;
  readonly webhooks: Webhooks;
  readonly app: App;
  readonly shop: Repository;
  readonly config: Repository;
  readonly roster: Map<string, Level>;
  policy: Policy;
  /** GitHub's clock, and the server's. */
  readonly clock: { now: number };
};

/** The organisation acme before anything happened: the app is installed, and everything it was told is delivered. */
export async function openAcme(): Promise<Acme> {
  const clock = { now: Date.UTC(2026, 0, 5, 9) };
  const github = createWorld({ now: () => clock.now });
  const webhooks = createWebhooks(github, null);
  // Who gets which delivery, when and whether at all, is the sequence's to say.
  webhooks.hold();
  createAccount(github, "acme", { type: "Organization" });
  for (const login of people) createAccount(github, login, { emails: [`${login}@acme.dev`] });
  const roster = new Map(firstRoster);
  const policy: Policy = { mode: "enforce", approvals: 1 };
  const files = { [rosterFile]: rosterText(roster), [policyFile]: policyText(policy) };
  const config = createRepository(github, "acme/.github", { files, collaborators: { ada: "admin" } });
  const collaborators = Object.fromEntries(
    people.map((login) => [login, login === "rhea" ? ("read" as const) : ("write" as const)]),
  );
  const shop = createRepository(github, "acme/shop", { collaborators });
  const [main = ""] = shop.branches.values();
  for (const branch of bases) shop.branches.set(branch, main);
  const webhookUrl = "http://127.0.0.1/never-called";
  const registered = { slug: "countersign", webhookSecret: "never used", webhookUrl, ...appSettings };
  const installation = installApp(github, createApp(github, registered), "acme", { repositories: "all" });
  const app = await startApp(github, { installation, now: () => clock.now });
  return { github, webhooks, app, shop, config, roster, policy, clock };
}

export function rosterText(roster: ReadonlyMap<string, Level>): string {
  return `people:\n${[...roster].map(([login, level]) => `  ${login}: ${level}\n`).join("")}`;
}

export function policyText({ mode, approvals }: Policy): string {
  return `mode: ${mode}
branches: [${gated.join(", ")}]
ai:
  attestation: { human: "Written without AI assistance", ai: "AI assistance was used" }
rules:
  - name: Senior sign-off
    when: { level_below: senior }
    require: { approvals: ${approvals}, level: senior }
  - name: Infrastructure
    when: { paths: ["infra/**"], provenance: any }
    require: { approvals: 1, level: staff }
override: { level: senior }
`;
}

/**
 * The specification's view of what is in git and in the configuration.
 * @param branches where each branch is, if it is not as it is now.
 */
export function worldOf(
  acme: Acme,
  pulls: World["pulls"],
  branches: ReadonlyMap<string, string> = acme.shop.branches,
): World {
  const { shop, roster, policy } = acme;
  const on = (branch: string) => shaOf(branches, branch);
  const groups = shop.queue.map((entry, at) => {
    const ahead = shop.queue.slice(0, at + 1).filter(({ base }) => base === entry.base);
    return [entry.sha, ahead.map(({ number }) => number)] as const;
  });
  return {
    roster,
    policy,
    pulls,
    canPush: new Set(people.filter((login) => login !== "rhea")),
    gated: new Set(gated),
    groups: new Map(groups),
    range: (base, head) => commitsBetween(shop, on(base), head).map((commit) => seen(acme, commit)),
    isIn: (base, sha) => isAncestor(shop, sha, on(base)),
    patch: (base, head) => {
      const files = diffFromMergeBase(shop, on(base), head);
      const key = files.map(({ path, previousPath, before, after }) =>
        [path, previousPath, before?.mode, before?.sha, after?.mode, after?.sha].join(" "),
      );
      return {
        key: key.join("\n"),
        paths: files.flatMap((file) => [file.path, file.previousPath ?? file.path]),
      };
    },
  };
}

/** The commits of a pull request. */
export function rangeOf(acme: Acme, base: string, head: string): GitCommit[] {
  return commitsBetween(acme.shop, tip(acme, base), head);
}

export function tip({ shop }: Acme, branch: string): string {
  return shaOf(shop.branches, branch);
}

function shaOf(branches: ReadonlyMap<string, string>, branch: string): string {
  const sha = branches.get(branch);
  if (sha === undefined) throw new Error(`There is no branch ${branch}.`);
  return sha;
}

function seen(acme: Acme, commit: GitCommit): Commit {
  const { github, shop } = acme;
  const { sha, treeSha: tree, message, author, committer, signedByGitHub, parents } = commit;
  const login = (email: string) => accountForEmail(github, email)?.login ?? null;
  const coAuthors = [...message.matchAll(/^Co-authored-by: (\w+) </gmu)].flatMap(([, name]) => name ?? []);
  return {
    sha,
    tree,
    people: [login(author.email), ...(signedByGitHub ? [] : [login(committer.email)]), ...coAuthors],
    assisted: message.includes(aiTrailer),
    updateOf: signedByGitHub ? (parents[0] ?? null) : null,
    pushed: message === aside && gated.some((branch) => isAncestor(shop, sha, tip(acme, branch))),
  };
}

export function account({ github }: Acme, login: string) {
  return accountNamed(github, login);
}
