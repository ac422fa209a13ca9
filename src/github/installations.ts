import type { GitHub } from "./client.ts";
import { asking } from "./errors.ts";

/** The client of an installation; without a number, the app's own. */
export type ClientFor = (installation?: number) => Promise<GitHub>;

export type Installation = {
  readonly id: number;
  /** The login of the organisation or person it is on. */
  readonly owner: string;
  readonly kind: "Organization" | "User";
};

/** Every installation of the app that is not suspended. An enterprise's has no repositories, so it is left out. @throws GitHubError */
export async function listInstallations(clientFor: ClientFor, now: number): Promise<Installation[]> {
  return asking(now, async () => {
    const github = await clientFor();
    const all = await github.paginate(github.rest.apps.listInstallations, { per_page: 100 });
    return all.flatMap(({ id, account, suspended_at: suspended, target_type: target }) => {
      if (suspended !== null || account === null || !("login" in account)) return [];
      return [{ id, owner: account.login, kind: target === "User" ? "User" : "Organization" }];
    });
  });
}
