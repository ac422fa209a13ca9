import { z } from "zod";
import type { InstallationFacts } from "../gate/protection.ts";
import type { GitHub } from "./client.ts";
import { asking } from "./errors.ts";
import { listGiven } from "./open-pulls.ts";

/** The client of an installation; without a number, the app's own. */
export type ClientFor = (installation?: number) => Promise<GitHub>;

/** An installation before its repositories are known. */
export type Installation = Omit<InstallationFacts, "repositories" | "configRepository"> & {
  readonly kind: "Organization" | "User";
};

/** Every installation of the app, suspended ones too; an enterprise's has no repositories, so it is left out. @throws GitHubError */
export async function listInstalled(clientFor: ClientFor, now: number): Promise<Installation[]> {
  return asking(now, async () => {
    const app = await clientFor();
    const all = await app.paginate(app.rest.apps.listInstallations, { per_page: 100 });
    return all.flatMap((one) => {
      const { id, account, permissions, events } = one;
      if (account === null || !("login" in account)) return [];
      return {
        id,
        owner: account.login,
        kind: one.target_type === "User" ? "User" : "Organization",
        page: one.html_url,
        suspended: one.suspended_at !== null,
        everything: one.repository_selection === "all",
        granted: { permissions: named(permissions), events },
      };
    });
  });
}

/** Those of them that are not suspended. @throws GitHubError */
export async function listInstallations(clientFor: ClientFor, now: number): Promise<Installation[]> {
  return (await listInstalled(clientFor, now)).filter(({ suspended }) => !suspended);
}

/** The same with the repositories that are given to it; a suspended one may see none. @throws GitHubError */
export async function withRepositories(
  clientFor: ClientFor,
  installed: Installation,
  { configRepo, now }: { readonly configRepo: string; readonly now: number },
): Promise<InstallationFacts> {
  const configRepository = `${installed.owner}/${configRepo}`;
  if (installed.suspended) return { ...installed, configRepository, repositories: [] };
  return asking(now, async () => {
    const repositories = await listGiven(await clientFor(installed.id), now);
    return { ...installed, configRepository, repositories };
  });
}

/** GitHub's types name each permission it knows; ours are those that app.yml names. */
export function named(permissions: object): Record<string, string> {
  return z.record(z.string(), z.string()).parse(permissions);
}
