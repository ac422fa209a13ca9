import { auditRows } from "../../src/store/audit.ts";
import { type Landed, landedCommits } from "../../src/store/landed.ts";
import { storedPull } from "../../src/store/pulls.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { type Company, shop } from "./company.ts";

/** What the server's store says, once nothing is going on any more. */
async function inStore<T>(company: Company, ask: (store: Store) => Promise<T>): Promise<T> {
  await company.idle();
  const store = await openStore({ dataDir: company.dataDir });
  try {
    return await ask(store);
  } finally {
    await store.close();
  }
}

/** The ledger's word on a commit, of the shop if nothing else is said; undefined when it has none. */
export async function ledgerOf(company: Company, sha: string, repo = shop): Promise<Landed | undefined> {
  return inStore(company, async (store) => (await landedCommits(store, repo, [sha])).get(sha));
}

/** What the last look at a pull request of the shop said. */
export async function verdictOf(company: Company, number: number) {
  return inStore(company, async (store) => (await storedPull(store, shop, number))?.verdict);
}

/** How a commit of the shop reached each branch, in words. */
export async function ledgerRows(company: Company, sha: string): Promise<string[]> {
  return inStore(company, async ({ db }) => {
    const rows = await db.selectFrom("landed").selectAll().where("sha", "=", sha).orderBy("branch").execute();
    return rows.map(
      ({ branch, how, cleared }) => `${branch}: ${how}, ${cleared ? "cleared" : "not cleared"}`,
    );
  });
}

/** The rows of these kinds in the audit log, oldest first, with their bodies parsed. */
export async function audited(company: Company, ...kinds: readonly string[]) {
  return inStore(company, async (store) => {
    const rows = [];
    for await (const { kind, number, sha, body } of auditRows(store, { since: 0 })) {
      const parsed: unknown = JSON.parse(body);
      if (kinds.includes(kind)) rows.push({ kind, number, sha, body: parsed });
    }
    return rows;
  });
}
