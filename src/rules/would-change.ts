import { parsePolicy } from "../config/policy-file.ts";
import type { Read } from "../gate/accounts.ts";
import { judge } from "../gate/judge.ts";
import { defaultPolicy, type Policy } from "../gate/policy.ts";
import { rank, type Roster } from "../gate/roster.ts";
import { blocks } from "../gate/strictest.ts";
import type { Config } from "../gate/verdict.ts";
import { lacks } from "../gate/wanted.ts";
import { withKnownIds } from "./in-force.ts";
import type { ProposedChange } from "./proposed-changes.ts";
import { configText } from "../store/configs.ts";
import { judgedOpenPulls, type StoredPull, understoodPull } from "../store/pulls.ts";
import type { Store } from "../store/store.ts";

/** Somebody's level before and after; null where they are not on the roster. `who` may be a team. */
export type LevelChange = {
  readonly who: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly kind: "gains" | "loses";
};

/** What a change of roster or policy would do, as far as what is stored can tell. */
export type Effects = {
  readonly people: readonly LevelChange[];
  /** Numbers of open pull requests of the same repository, whose readers see this. */
  readonly passing: readonly number[];
  readonly blocked: readonly number[];
  /** How many there are in other repositories, which not everybody may see who reads this. */
  readonly elsewhere: { readonly passing: number; readonly blocked: number };
  /** Of how many it was judged, of how many only a look can tell, and how many were too many. */
  readonly judged: number;
  readonly untold: number;
  readonly left: number;
};

/** Judging one takes a few milliseconds, and every look at the pull request that changes the rules judges them all. */
const pullsMax = 200;

/**
 * What the open pull requests would come to by the rules that a pull request proposes, and whose level it changes. Judges the facts
 * that the last looks read: nothing is asked of GitHub, recorded or promised.
 * @param given.pull the one that proposes. @param given.config what is in force for it.
 * @param proposed what it makes of the files. @returns null where one of them would be broken, which says enough.
 */
export async function wouldChange(
  store: Store,
  given: {
    readonly pull: { readonly owner: string; readonly repo: string; readonly number: number };
    readonly installation: number;
    readonly configRepo: string;
    readonly config: Config;
    readonly now: number;
  },
  proposed: readonly ProposedChange[],
): Promise<Effects | null> {
  const sound = proposed.every(({ change }) => !["broken", "unreadable"].includes(change.proposal.kind));
  if (proposed.length === 0 || !sound) return null;
  const own = `${given.pull.owner}/${given.pull.repo}`.toLowerCase();
  const isOrganisations = given.pull.repo.toLowerCase() === given.configRepo.toLowerCase();
  const concerned = (repo: string) =>
    isOrganisations ? repo.startsWith(`${given.pull.owner.toLowerCase()}/`) : repo === own;
  const open = (await judgedOpenPulls(store, given.installation)).filter(
    ({ repo, number }) => concerned(repo) && !(repo === own && number === given.pull.number),
  );
  const rules = { ...given, store, isOrganisations, proposed, roster: rosterAfter(given.config, proposed) };
  const told: { repo: string; number: number; effect: Effect }[] = [];
  for (const pull of open.slice(0, pullsMax)) {
    told.push({ ...pull, effect: await effectOn(rules, pull.repo, pull.number) });
  }
  const among = (effect: Effect, here: boolean) =>
    told.filter((each) => each.effect === effect && (each.repo === own) === here);
  const untold = told.filter(({ effect }) => effect === "untold").length;
  return {
    people: levelChanges(given.config.roster, rules.roster),
    passing: among("passing", true).map(({ number }) => number),
    blocked: among("blocked", true).map(({ number }) => number),
    elsewhere: { passing: among("passing", false).length, blocked: among("blocked", false).length },
    judged: told.length - untold,
    untold,
    left: open.length - told.length,
  };
}

type Effect = "passing" | "blocked" | "none" | "untold";

type Rules = {
  readonly store: Store;
  readonly config: Config;
  readonly isOrganisations: boolean;
  readonly now: number;
  readonly proposed: readonly ProposedChange[];
  readonly roster: Read<Roster>;
};

/** The roster as it would be. Members of teams are those that are known. */
function rosterAfter({ roster }: Config, proposed: readonly ProposedChange[]): Read<Roster> {
  const change = proposed.find(({ change: { file } }) => file === "roster")?.change.proposal;
  if (change === undefined) return roster;
  if (change.kind !== "roster") return { kind: "absent" };
  const known = roster.kind === "read" ? roster.value.teams : [];
  const teams = change.roster.teams.map((team) => ({
    ...team,
    members:
      known.find(({ name }) => name.toLowerCase() === team.name.toLowerCase())?.members ?? team.members,
  }));
  return { kind: "read", value: { ...change.roster, teams } };
}

async function effectOn(rules: Rules, repo: string, number: number): Promise<Effect> {
  const stored = await understoodPull(rules.store, repo, number);
  const after = stored === null ? null : await configAfter(rules, stored);
  if (stored === null || after === null) return "untold";
  const facts = { ...stored.facts, readAt: new Date(rules.now).toISOString() };
  const samePolicies = rules.proposed.every(({ change }) => change.file === "roster");
  if (lacks(facts, after, { samePolicies })) return "untold";
  const verdict = judge(facts, after);
  const blocked = verdict !== null && blocks(verdict);
  if (blocked === blocks(stored.verdict)) return "none";
  return blocked ? "blocked" : "passing";
}

/** The rules that would hold for a pull request; null where what is stored does not tell. */
async function configAfter(rules: Rules, { configVersions, repo }: StoredPull): Promise<Config | null> {
  const names = Object.keys(configVersions);
  const { roster } = rules.config;
  // Where another roster holds, or none yet, more would change than one file for another.
  if (roster.kind !== "read" || !names.includes(roster.value.origin)) return null;
  const policies: Read<Policy>[] = [];
  for (const name of names.filter((each) => each !== roster.value.origin)) {
    const policy = await policyOf(rules, name, configVersions[name] ?? "");
    if (policy === null) return null;
    policies.push(...(policy === "removed" ? [] : [{ kind: "read" as const, value: policy }]));
  }
  const added = rules.proposed.flatMap(({ change, policy }) =>
    policy !== null && !names.includes(change.name) ? [{ kind: "read" as const, value: policy }] : [],
  );
  return withKnownIds(
    rules.store,
    { roster: rules.roster, policies: [...policies, ...added] },
    repo.split("/")[0] ?? "",
  );
}

async function policyOf(rules: Rules, name: string, version: string): Promise<Policy | "removed" | null> {
  const changed = rules.proposed.find(({ change }) => change.name === name);
  // Beside the organisation's roster its policy always holds, the built-in one where there is no file.
  if (changed !== undefined) return changed.policy ?? (rules.isOrganisations ? defaultPolicy : "removed");
  if (name === defaultPolicy.origin) {
    const written = rules.proposed.some(({ policy }) => policy !== null);
    return rules.isOrganisations && written ? "removed" : defaultPolicy;
  }
  const inForce = rules.config.policies.find(
    (policy) => policy.kind === "read" && policy.value.origin === name,
  );
  if (inForce?.kind === "read") return inForce.value;
  const [place = "", path = ""] = name.split(" › ");
  const [owner = "", repo = ""] = place.split("/");
  const text = await configText(rules.store, { owner, repo, path, version });
  const levels = rules.roster.kind === "read" ? rules.roster.value.levels : null;
  const parsed = text === null ? null : parsePolicy(text, name, levels);
  return parsed?.kind === "ok" ? parsed.value : null;
}

function levelChanges(before: Read<Roster>, after: Read<Roster>): LevelChange[] {
  const [old, now] = [before, after].map((each) => (each.kind === "read" ? each.value : null));
  const [from, to] = [levelsOf(old ?? null), levelsOf(now ?? null)];
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((key): LevelChange[] => {
    const [one, other] = [from.get(key), to.get(key)];
    if (one?.level === other?.level) return [];
    const rose =
      other !== undefined && now && (one === undefined || rank(now, other.level) > rank(now, one.level));
    return [
      {
        who: other?.who ?? one?.who ?? key,
        from: one?.level ?? null,
        to: other?.level ?? null,
        kind: rose ? "gains" : "loses",
      },
    ];
  });
}

/** People and teams by lower-case name; a team's has a slash. */
function levelsOf(roster: Roster | null): Map<string, { who: string; level: string }> {
  const people = roster?.people.map(({ login, level }) => ({ who: login, level })) ?? [];
  const teams = roster?.teams.map(({ name, level }) => ({ who: name, level })) ?? [];
  return new Map([...people, ...teams].map((each) => [each.who.toLowerCase(), each]));
}
