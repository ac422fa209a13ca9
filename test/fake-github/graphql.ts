/**
 * The GraphQL half of the fake GitHub: queries are checked against GitHub's public schema (@octokit/graphql-schema) and
 * answered from the world. What the schema knows and the fake does not is an exception, never a silent null.
 *
 * Where things are: permissions in graphql-access.ts, paging in graphql-connection.ts, and one file for each of
 * accounts, repositories, commits and pull requests.
 */
import {
  buildSchema,
  type DocumentNode,
  execute,
  GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLFormattedError,
  type GraphQLSchema,
  parse,
  validate,
} from "graphql";
import { notFound, type Scope } from "./graphql-access.ts";
import { renderActor, renderOrganization } from "./graphql-account.ts";
import type { Page } from "./graphql-connection.ts";
import { renderRepository } from "./graphql-repository.ts";
import { followedRepository } from "./names.ts";
import { search } from "./graphql-search.ts";
import { actorOf, findAccount, findRepository, isoSeconds, type World } from "./world.ts";

/** GitHub puts the type of an error beside its message. */
export type GitHubGraphqlError = GraphQLFormattedError & { readonly type?: unknown };
export type GraphqlAnswer = { readonly data?: unknown; readonly errors?: readonly GitHubGraphqlError[] };
export type GraphqlRequest = {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
};

// Parsing the 64,000 lines takes about half a second: once per process, when the first query comes.
let schema: Promise<GraphQLSchema> | undefined;
// The app asks the same few queries again and again; checking one against such a schema takes longer than answering it.
const valid = new Map<string, DocumentNode>();

/**
 * Answers one query as GitHub would (HTTP 200 in every case): `errors` without `data` for one that the schema refuses,
 * both where a part of it is missing or not permitted.
 * @throws where the query asks for something the schema has and the fake does not answer.
 */
export async function executeGraphql(
  world: World,
  viewer: Scope["viewer"],
  request: GraphqlRequest,
): Promise<GraphqlAnswer> {
  const published = await (schema ??= publicSchema());
  const document = validated(published, request.query);
  if ("errors" in document) return document;
  const unanswered: string[] = [];
  const result = await execute({
    schema: published,
    document,
    rootValue: rootOf({ world, viewer }),
    variableValues: request.variables ?? {},
    fieldResolver: resolverThatReports(unanswered),
  });
  if (unanswered.length > 0) {
    throw new Error(
      `The fake GitHub does not answer ${unanswered.join(", ")}: add it in test/fake-github/graphql-*.ts.`,
    );
  }
  const errors = result.errors?.map(asGitHub);
  return { ...("data" in result ? { data: result.data } : {}), ...(errors === undefined ? {} : { errors }) };
}

function rootOf(scope: Scope): Record<string, unknown> {
  const { world, viewer } = scope;
  return {
    viewer: () => {
      const account = actorOf(world, viewer);
      // Unlike an actor, the viewer of an installation carries its bot's full name.
      return { ...renderActor(scope, account.id), __typename: "User", login: account.login };
    },
    repository: ({
      owner,
      name,
      followRenames,
    }: {
      owner: string;
      name: string;
      followRenames: boolean | null;
    }) => {
      const find = followRenames === false ? findRepository : followedRepository;
      const repository = find(world, owner, name);
      const shown = repository === undefined ? null : renderRepository(scope, repository);
      if (shown === null)
        throw notFound(`Could not resolve to a Repository with the name '${owner}/${name}'.`);
      return shown;
    },
    organization: ({ login }: { login: string }) => {
      const account = findAccount(world, login);
      if (account?.type !== "Organization") {
        throw notFound(`Could not resolve to an Organization with the login of '${login}'.`);
      }
      return renderOrganization(scope, account);
    },
    search: (asked: Page & { query: string }) => search(scope, asked),
    rateLimit: {
      cost: 1,
      limit: 5000,
      remaining: world.graphqlPointsLeft,
      used: 5000 - world.graphqlPointsLeft,
      nodeCount: 0,
      resetAt: isoSeconds(world.now() + 3_600_000),
    },
  };
}

/** Values and functions of what was rendered; what was not rendered is noted, because null would be a lie. */
function resolverThatReports(unanswered: string[]): GraphQLFieldResolver<unknown, unknown> {
  return (source, args, _context, info) => {
    if (typeof source !== "object" || source === null || !(info.fieldName in source)) {
      unanswered.push(`${info.parentType.name}.${info.fieldName}`);
      return null;
    }
    const value: unknown = Object.getOwnPropertyDescriptor(source, info.fieldName)?.value;
    return isFunction(value) ? value(args) : value;
  };
}

function isFunction(value: unknown): value is (args: unknown) => unknown {
  return typeof value === "function";
}

function validated(published: GraphQLSchema, query: string): DocumentNode | { errors: GitHubGraphqlError[] } {
  const known = valid.get(query);
  if (known !== undefined) return known;
  const document = parsed(query);
  if ("errors" in document) return document;
  const problems = validate(published, document);
  if (problems.length > 0) return { errors: problems.map(refusal) };
  valid.set(query, document);
  return document;
}

function parsed(query: string): DocumentNode | { errors: GitHubGraphqlError[] } {
  try {
    return parse(query);
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [refusal(error)] };
    throw error;
  }
}

/** What GitHub says about a query its schema has no answer for. */
function refusal(error: GraphQLError): GitHubGraphqlError {
  const field = /^Cannot query field "(\w+)" on type "(\w+)"/.exec(error.message);
  const { locations } = error.toJSON();
  if (!field) return { message: error.message, ...(locations && { locations }) };
  const [, fieldName, typeName] = field;
  return {
    message: `Field '${fieldName}' doesn't exist on type '${typeName}'`,
    ...(locations && { locations }),
    extensions: { code: "undefinedField", typeName, fieldName },
  };
}

function asGitHub(error: GraphQLError): GitHubGraphqlError {
  const { type, ...extensions } = error.extensions;
  const { message, path, locations } = error.toJSON();
  return {
    ...(type === undefined ? {} : { type }),
    ...(path && { path }),
    ...(Object.keys(extensions).length === 0 ? {} : { extensions }),
    ...(locations && { locations }),
    message,
  };
}

async function publicSchema(): Promise<GraphQLSchema> {
  // Imported late because the package reads a second, larger copy of the schema when it is loaded.
  const { schema: published } = await import("@octokit/graphql-schema");
  return buildSchema(published.idl, { assumeValid: true });
}
