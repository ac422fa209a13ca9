/** The search for open pull requests. GitHub shows the first 1,000 results of any search. */
import { isVisible, type Scope } from "./graphql-access.ts";
import { connection, type Page } from "./graphql-connection.ts";
import { renderPull } from "./graphql-pull.ts";
import { accountById } from "./world.ts";

const resultsMax = 1000;
const known = new Set(["is:pr", "is:open", "archived:false", "sort:updated-desc"]);

/** @throws for a search that is not of open pull requests of one owner, latest update first: nothing else is answered. */
export function search(scope: Scope, { query, ...page }: Page & { readonly query: string }) {
  const words = query.split(" ");
  const owner = words.flatMap((word) => /^(?:org|user):(.+)$/u.exec(word)?.[1] ?? [])[0];
  const others = words.filter((word) => !known.has(word) && !/^(?:org|user):/u.test(word));
  if (owner === undefined || others.length > 0 || !words.includes("sort:updated-desc"))
    throw new Error(`The fake GitHub does not search for ${query}.`);
  const found = [...scope.world.repositories.values()]
    .filter((repository) => isVisible(scope, repository))
    .filter(({ ownerId }) => accountById(scope.world, ownerId).login.toLowerCase() === owner.toLowerCase())
    .flatMap((repository) => [...repository.pulls.values()].map((pull) => ({ repository, pull })))
    .filter(({ pull }) => pull.state === "open" && !pull.merged)
    .toSorted((one, other) => (one.pull.updatedAt < other.pull.updatedAt ? 1 : -1));
  const shown = found.slice(0, resultsMax);
  const { totalCount: _, ...results } = connection("search", page, shown, ({ repository, pull }) =>
    renderPull(scope, repository, pull),
  );
  return { issueCount: found.length, ...results };
}
