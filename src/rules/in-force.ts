import { builtInPolicy, checkTogether, type Located, parsePolicy } from "../config/policy-file.ts";
import { parseRoster } from "../config/roster-file.ts";
import { formatProblem, type Parsed } from "../config/yaml-file.ts";
import type { Account, Read } from "../gate/accounts.ts";
import type { Facts } from "../gate/facts.ts";
import type { Policy } from "../gate/policy.ts";
import { type Roster, sameLogin } from "../gate/roster.ts";
import type { Config } from "../gate/verdict.ts";
import type { GitHub } from "../github/client.ts";
import type { ConfigBlob, ConfigFiles } from "../github/config-files.ts";
import { policyPath, rosterPath } from "../github/facts-query.ts";
import type { PullRead } from "../github/read-pull.ts";
import { readTeam } from "../github/teams.ts";
import {
  bindLogins,
  boundLogins,
  cachedTeam,
  cacheTeam,
  configWasSeen,
  lastGoodConfig,
  rememberConfig,
} from "../store/configs.ts";
import type { Store } from "../store/store.ts";

/** Roster and policies in force. */
export type InForce = {
  readonly config: Config;
  /** The version of each file that is in force. */
  readonly versions: Readonly<Record<string, string>>;
  /** The files of this repository that are in force, or would be if they were there. */
  readonly guarded: readonly GuardedFile[];
};

/** `version`: the blob on the default branch; null where there is none, empty where it cannot be read. */
export type GuardedFile = {
  readonly file: "roster" | "policy";
  readonly name: string;
  readonly path: string;
  readonly version: string | null;
};

/** A broken file's last good version is used for so long, and every check run says so. After that nobody can decide. */
const staleMaxMs = 24 * 60 * 60 * 1000;

/** Members of a team are asked for again after this time, should the event that tells of a change be lost. */
const teamAgeMaxMs = 10 * 60 * 1000;

/**
 * Finds the roster and the policies that hold for a pull request. Only default branches are read, and only those of the
 * organisation's configuration repository and of the repository itself:
 * - the roster is the organisation's; the repository's own only where the organisation never had one;
 * - the organisation's policy always applies where it has a roster or a policy, and the repository's is added.
 * A file that was there and cannot be read now is broken, never absent: nothing falls back to the next place by accident.
 */
export async function configInForce(
  given: { store: Store; github: GitHub; configRepo: string; now: number },
  owner: string,
  read: Pick<PullRead, "organisation" | "repository">,
): Promise<InForce> {
  const organisation = await organisationFiles(given, owner, read.organisation);
  const own = ownFiles(read.repository, organisation);
  const places = own === null ? [organisation] : [organisation, own];
  const rosters = await Promise.all(places.map((files) => inUse(given, files, "roster", parseRoster)));
  const ownRoster = rosters[0]?.kind === "absent" && neverHad(organisation.roster);
  const roster = (ownRoster ? rosters[1] : rosters[0]) ?? absent;
  const levels = roster.kind === "read" ? roster.value.file.value.levels : null;
  const parse = (text: string, origin: string) => parsePolicy(text, origin, levels);
  const policies = await Promise.all(places.map((files) => inUse(given, files, "policy", parse)));
  const [wide = absent, narrow = absent] = policies;
  const applying = [wide.kind === "absent" && rosters[0]?.kind !== "absent" ? builtIn : wide, narrow].filter(
    ({ kind }) => kind !== "absent",
  );
  const checked = withoutLostLevels(roster, applying);
  const stale = [checked, ...applying].flatMap((file) =>
    file.kind === "read" && file.value.stale ? [file.value.stale] : [],
  )[0];
  const config: Config = {
    roster:
      checked.kind === "read"
        ? { kind: "read", value: await withTeams(given, owner, checked.value.file.value) }
        : checked,
    policies: applying.map((policy) =>
      policy.kind === "read" ? { kind: "read", value: policy.value.file.value } : policy,
    ),
    ...(stale !== undefined && { stale }),
  };
  const guarded = guardedFiles(own ?? organisation, { roster: own === null || ownRoster });
  return { config, versions: versionsOf([checked, ...applying]), guarded };
}

/**
 * Binds roster logins without an id to the first account seen with them, so that a login given up and claimed by somebody
 * else does not inherit a level.
 */
export async function bindRoster(
  store: Store,
  config: Config,
  facts: readonly Facts[],
  now: number,
): Promise<Config> {
  if (config.roster.kind !== "read") return config;
  const roster = config.roster.value;
  const unbound = roster.people.filter((person) => person.id === null);
  const seen = facts
    .flatMap(accountsOf)
    .flatMap(({ login, id, kind }) => (id !== null && kind === "User" ? [{ login, id }] : []));
  const matching = seen.filter(({ login }) => unbound.some((person) => sameLogin(person.login, login)));
  const owner = facts[0]?.owner.toLowerCase() ?? "";
  const bound = await bindLogins(store, owner, matching, now);
  return { ...config, roster: { kind: "read", value: withIds(roster, bound) } };
}

/** The same with ids that are bound already; binds none, so that what was read long ago cannot decide whose a login is. */
export async function withKnownIds(store: Store, config: Config, owner: string): Promise<Config> {
  if (config.roster.kind !== "read") return config;
  const roster = config.roster.value;
  const unbound = roster.people.filter((person) => person.id === null).map(({ login }) => login);
  const bound = await boundLogins(store, owner.toLowerCase(), unbound);
  return { ...config, roster: { kind: "read", value: withIds(roster, bound) } };
}

function withIds(roster: Roster, bound: ReadonlyMap<string, number>): Roster {
  const people = roster.people.map((person) => ({
    ...person,
    id: person.id ?? bound.get(person.login.toLowerCase()) ?? null,
  }));
  return { ...roster, people };
}

function accountsOf(facts: Facts): readonly Account[] {
  const reviewers = facts.reviews.kind === "read" ? facts.reviews.value.map((review) => review.author) : [];
  const commits = facts.commits.kind === "read" ? facts.commits.value : [];
  const identities = commits.flatMap((commit) => [commit.author, commit.committer, ...commit.coAuthors]);
  const actors = facts.observations.flatMap((seen) => {
    if (seen.kind === "override" || seen.kind === "accept") return [seen.by];
    return seen.kind === "push" ? [seen.actor] : [];
  });
  const all = [
    facts.author,
    ...facts.assignees,
    ...reviewers,
    ...identities.map((identity) => identity.account),
    ...actors,
  ];
  return all.filter((account) => account !== null);
}

type Given = {
  readonly store: Store;
  readonly github: GitHub;
  readonly configRepo: string;
  readonly now: number;
};
type Files = {
  readonly owner: string;
  readonly repo: string;
  readonly roster: ConfigBlob;
  readonly policy: ConfigBlob;
};
type Stale = NonNullable<Config["stale"]>;
type InUse<T> = {
  readonly file: Located<T>;
  readonly name: string;
  readonly version: string;
  readonly stale?: Stale;
};

const pathOf = { roster: rosterPath, policy: policyPath } as const;
const absent = { kind: "absent" } as const;
const nothing: ConfigBlob = { kind: "absent", removed: false };
const builtIn: Read<InUse<Policy>> = {
  kind: "read",
  value: { file: builtInPolicy, name: "built-in defaults", version: "" },
};

async function organisationFiles(
  { store, configRepo }: Given,
  owner: string,
  read: Read<ConfigFiles>,
): Promise<Files> {
  const place = { owner: owner.toLowerCase(), repo: configRepo.toLowerCase() };
  if (read.kind === "read") return { ...place, roster: read.value.roster, policy: read.value.policy };
  const name = `${owner}/${configRepo}`;
  const why =
    read.kind === "unreadable"
      ? `${name} could not be read: ${read.why}`
      : `${name} was there and cannot be seen any more.`;
  const blob = async (path: string): Promise<ConfigBlob> => {
    const gone = read.kind === "absent" && !(await configWasSeen(store, place.owner, place.repo, path));
    return gone ? nothing : { kind: "unreadable", why };
  };
  return { ...place, roster: await blob(rosterPath), policy: await blob(policyPath) };
}

/** The repository's own files; null for the configuration repository itself, whose files are the organisation's already. */
function ownFiles(files: ConfigFiles, organisation: Files): Files | null {
  const [owner = "", repo = ""] = files.where.toLowerCase().split("/");
  if (owner === organisation.owner && repo === organisation.repo) return null;
  return { owner, repo, roster: files.roster, policy: files.policy };
}

/** A roster taken away in a commit was there once; the organisation has decided, and no repository decides for it. */
function neverHad(blob: ConfigBlob): boolean {
  return blob.kind === "absent" && !blob.removed;
}

async function inUse<T>(
  given: Given,
  files: Files,
  which: GuardedFile["file"],
  parse: (text: string, origin: string) => Parsed<T>,
): Promise<Read<InUse<T>>> {
  const { store, now } = given;
  const { owner, repo, [which]: blob } = files;
  const path = pathOf[which];
  const name = `${owner}/${repo} › ${path}`;
  const broken = async (problem: string) => lastGood(given, { owner, repo, path, name, parse }, problem);
  if (blob.kind === "read") {
    const parsed = parse(blob.value.text, name);
    await rememberConfig(store, { owner, repo, path, ...blob.value, valid: parsed.kind === "ok", now });
    if (parsed.kind === "ok")
      return { kind: "read", value: { file: parsed, name, version: blob.value.version } };
    const all = parsed.problems.map((problem) => formatProblem(name, problem)).join("; ");
    return broken(`${all}.`);
  }
  if (blob.kind === "unreadable") return broken(blob.why);
  if (blob.removed || !(await configWasSeen(store, owner, repo, path))) return absent;
  return broken(`${name} has disappeared, and no commit on the default branch removes it.`);
}

async function lastGood<T>(
  { store, now }: Given,
  file: Record<"owner" | "repo" | "path" | "name", string> & {
    readonly parse: (text: string, origin: string) => Parsed<T>;
  },
  problem: string,
): Promise<Read<InUse<T>>> {
  const { owner, repo, path, name, parse } = file;
  const good = await lastGoodConfig(store, owner, repo, path);
  if (good === null || now - good.seenAt > staleMaxMs) return { kind: "unreadable", why: problem };
  const parsed = parse(good.text, name);
  if (parsed.kind === "broken") return { kind: "unreadable", why: problem };
  const stale = { since: new Date(good.seenAt).toISOString(), problem };
  return { kind: "read", value: { file: parsed, name, version: good.version, stale } };
}

/** A ladder without the levels that the built-in rule asks for needs rules of its own; without them the roster is broken. */
function withoutLostLevels(
  roster: Read<InUse<Roster>>,
  policies: readonly Read<InUse<Policy>>[],
): Read<InUse<Roster>> {
  if (roster.kind !== "read") return roster;
  const read = policies.flatMap((policy) => (policy.kind === "read" ? [policy.value.file] : []));
  const { problems } = checkTogether(roster.value.file, read.length > 0 ? read : [builtInPolicy]);
  if (problems.length === 0) return roster;
  return {
    kind: "unreadable",
    why: `${problems.map((problem) => formatProblem(roster.value.name, problem)).join("; ")}.`,
  };
}

async function withTeams({ store, github, now }: Given, owner: string, roster: Roster): Promise<Roster> {
  const teams = await Promise.all(
    roster.teams.map(async (team) => {
      if (!sameLogin(team.name.split("/")[0] ?? "", owner)) {
        const why = `The team ${team.name} is not of ${owner}; only teams of the same organisation are read.`;
        return { ...team, members: { kind: "unreadable" as const, why } };
      }
      const cached = await cachedTeam(store, team.name, now - teamAgeMaxMs);
      if (cached !== null) return { ...team, members: { kind: "read" as const, value: cached } };
      const members = await readTeam(github, team.name, now);
      if (members.kind === "read") await cacheTeam(store, team.name, members.value, now);
      return { ...team, members };
    }),
  );
  return { ...roster, teams };
}

function guardedFiles(files: Files, has: { readonly roster: boolean }): GuardedFile[] {
  const guarded = (file: GuardedFile["file"]): GuardedFile => {
    const blob = files[file];
    const path = pathOf[file];
    const version = blob.kind === "read" ? blob.value.version : blob.kind === "absent" ? null : "";
    return { file, name: `${files.owner}/${files.repo} › ${path}`, path, version };
  };
  return [...(has.roster ? [guarded("roster")] : []), guarded("policy")];
}

function versionsOf(files: readonly Read<{ name: string; version: string }>[]): Record<string, string> {
  return Object.fromEntries(
    files.flatMap((file) => (file.kind === "read" ? [[file.value.name, file.value.version] as const] : [])),
  );
}
