/** Short forms of the queries the GraphQL tests ask of the small world. */
import { executeGraphql } from "./graphql.ts";
import type { smallWorld } from "./graphql-small-world.ts";

type Scene = ReturnType<typeof smallWorld>;

/** Sends one query. */
export function ask(
  { world, viewer }: Pick<Scene, "world"> & { viewer: Parameters<typeof executeGraphql>[1] },
  query: string,
) {
  return executeGraphql(world, viewer, { query });
}

/** Asks about acme/shop. */
export function askShop(scene: Scene, fields: string) {
  return ask(scene, `{ repository(owner: "acme", name: "shop") { ${fields} } }`);
}

/** Asks about pull request 1 of acme/shop. */
export function askPull(scene: Scene, fields: string) {
  return askShop(scene, `pullRequest(number: 1) { ${fields} }`);
}

/** The whole answer about pull request 1. */
export const ofPull = (pullRequest: unknown) => ({ data: { repository: { pullRequest } } });
