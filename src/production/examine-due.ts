/** Examines by the clock whether the gate is closed, each repository once a day, and keeps what was found. */
import { eachOnce, installationFindings } from "../gate/installation-findings.ts";
import { type AppFacts, type InstallationFacts, unseenNote } from "../gate/protection.ts";
import { GitHubError, messageOf } from "../github/errors.ts";
import { listInstalled, withRepositories } from "../github/installations.ts";
import { readApp } from "../github/read-protection.ts";
import { examinedAt, forgetExamination, recordExamination } from "../store/examinations.ts";
import { type DoctorContext, examineSafely } from "./doctor.ts";

export type DueContext = DoctorContext & {
  /** Says that the server stops: what has begun ends soon. */
  readonly signal: AbortSignal;
  /** Does something for an installation. @throws GitHubError where GitHub does not answer for it, and is left alone for a while. */
  readonly attempt: <T>(
    chore: { readonly name: string; readonly installation: number },
    work: () => Promise<T>,
  ) => Promise<T>;
  readonly log: Record<"info" | "warn", (fields: object, message: string) => void>;
};

const dayMs = 24 * 60 * 60_000;

/**
 * Repositories of an installation that are examined at once, at two or three points each: with ten minutes between, at most a sixth
 * of the 5,000 points that the smallest installation has in an hour, so that looks have the rest; 7,200 repositories a day.
 */
export const examinedAtOnce = 50;

/**
 * Examines what was not examined for a day, the oldest first, and forgets what is the app's no more.
 * @returns how many repositories were left for the next run, and how many installations could not be listed.
 * @throws GitHubError where not even the installations can be.
 */
export async function examineDue(
  context: DueContext,
): Promise<{ readonly left: number; readonly failed: number }> {
  const { store, clientFor, configRepo, webUrl, now, signal, log } = context;
  const app = await readApp(await clientFor(), { webUrl, now: now() });
  const installed = await listInstalled(clientFor, now());
  const known = await examinedAt(store);
  const there = new Set(installed.map(({ owner }) => owner.toLowerCase()));
  const done = { left: 0, failed: 0 };
  for (const one of installed) {
    if (signal.aborted) return done;
    try {
      const chore = { name: "examination", installation: one.id };
      done.left += await context.attempt(chore, async () => {
        const installation = await withRepositories(clientFor, one, { configRepo, now: now() });
        for (const { name } of installation.repositories) there.add(name.toLowerCase());
        return examineInstallation(context, { app, installation, known });
      });
    } catch (error) {
      if (!(error instanceof GitHubError)) throw error;
      done.failed += 1;
      log.warn({ owner: one.owner, error: messageOf(error) }, "The repositories could not be listed");
    }
  }
  // An installation that could not be listed would make its repositories look gone.
  if (done.failed === 0) {
    for (const place of known.keys()) if (!there.has(place)) await forgetExamination(store, place);
  }
  return done;
}

async function examineInstallation(
  context: DueContext,
  given: {
    readonly app: AppFacts;
    readonly installation: InstallationFacts;
    readonly known: ReadonlyMap<string, number>;
  },
): Promise<number> {
  const { store, now, signal, needed, log } = context;
  const { app, installation, known } = given;
  const { owner } = installation;
  const at = (place: string) => known.get(place.toLowerCase()) ?? 0;
  const isDue = (place: string) => at(place) <= now() - dayMs;
  const found = isDue(owner) ? installationFindings(installation, { app, needed }) : [];
  if (isDue(owner)) await recordExamination(store, { place: owner, at: now(), findings: found });
  const due = installation.repositories
    .map(({ name }) => name)
    .filter(isDue)
    .toSorted((one, other) => at(one) - at(other));
  for (const place of due.slice(0, examinedAtOnce)) {
    if (signal.aborted) break;
    const { findings, unseen } = await examineSafely(context, { app, installation, name: place });
    // What could not be read is looked at again by the next run, after all that wait longer.
    const isReadable = findings.every(({ kind }) => kind !== "unreadable");
    const notes = unseen.map(unseenNote);
    const known = { place, at: isReadable ? now() : now() - dayMs, findings: [...findings, ...notes] };
    await recordExamination(store, known);
    found.push(...findings);
  }
  for (const { what, repair, ...place } of eachOnce(found))
    log.warn({ ...place, repair: repair.page }, `The gate: ${what}`);
  return Math.max(0, due.length - examinedAtOnce);
}
