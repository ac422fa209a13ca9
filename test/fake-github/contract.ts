/**
 * What GitHub's own API description says about a request, an answer or a webhook payload.
 *
 * The fake GitHub asks about everything that goes in and out, so that a call GitHub would refuse, or an answer it would
 * never give, fails the test it happens in. The description is vendored by scripts/vendor-openapi.ts.
 */
import { readFileSync } from "node:fs";
import addFormats from "ajv-formats";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { z } from "zod";
import { closed } from "./contract-closed.ts";

const schemaNode = z.record(z.string(), z.unknown());
const operationShape = z.object({
  path: schemaNode,
  query: schemaNode,
  body: schemaNode.nullish(),
  bodyRequired: z.boolean().optional(),
  responses: z.record(z.string(), schemaNode.nullable()),
});
const operationsFile = z.object({ operations: z.record(z.string(), operationShape), schemas: schemaNode });
const webhooksFile = z.object({ webhooks: z.record(z.string(), schemaNode), schemas: schemaNode });

export type ApiRequest = {
  readonly method: string;
  /** Without the `/api/v3` in front of it and without the query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** The parsed JSON body; undefined when there was none. */
  readonly body?: unknown;
};

type Operation = z.infer<typeof operationShape>;
type Route = {
  readonly name: string;
  readonly method: string;
  readonly pattern: RegExp;
  readonly operation: Operation;
};
type Validators = { readonly body: Ajv2020; readonly parameters: Ajv2020 };

/** GitHub answers these from any operation, listed or not; all have the body of `basic-error`. */
const COMMON_ERRORS = new Set([400, 401, 403, 404, 405, 409, 410, 413, 422, 429, 500, 502, 503]);

/** Where GitHub's description is wrong about what GitHub does. A problem is dropped where both patterns match. */
const KNOWN_FAULTS = [
  {
    where: /^issue_comment\./,
    problem: /issue\/performed_via_github_app\/events\/\d+: must be equal to one of the allowed values/,
    why: "An issue of an app lists all its events; the description has those of years ago, elsewhere any text.",
  },
  {
    where: /^GET \/app\/installations 200$/,
    problem:
      /account: must (have required property '(name|slug|created_at|updated_at)'|be null|match a schema in anyOf)$/,
    why: "An account is a user or an enterprise; the description says that it is both.",
  },
  {
    where: /^GET \/repos\/\{owner\}\/\{repo\}\/pulls 200$/,
    problem: /labels\/\d+\/description: must be string$/,
    why: "A label made by putting it on has no description; elsewhere the description says that it may be null.",
  },
  {
    where: /^check_(suite|run)\./,
    problem: /app\/events\/\d+: must be equal to one of the allowed values/,
    why: "The description lists the events of an earlier time; deployment_protection_rule is not among them.",
  },
  {
    where: /^GET \/repos\/\{owner\}\/\{repo\}\/actions\/runs/,
    problem: /head_repository: must be object$/,
    why: "The repository a run comes from may have been deleted since.",
  },
];

// Parsing and compiling takes most of a second in all: done once, and only for what a test touches.
const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
};
const restDescription = once(() => operationsFile.parse(readJson("./openapi.json")));
const webhooksDescription = once(() => webhooksFile.parse(readJson("./openapi-webhooks.json")));
const restValidators = once(() => validatorsFor(restDescription().schemas));
const webhookValidators = once(() => validatorsFor(webhooksDescription().schemas));
const routes = once(() =>
  Object.entries(restDescription().operations).map(([name, one]) => route(name, one)),
);
const compiled = new Map<string, ValidateFunction>();

/**
 * Checks a request against the operation it is for.
 * @returns the operation as GitHub names it (`GET /repos/{owner}/{repo}`), null when none of the vendored ones matches,
 *   and a line per problem: unknown query parameter, unknown or missing body property, wrong type, value not in an enum.
 */
export function validateRequest(request: ApiRequest): { route: string | null; problems: string[] } {
  const found = findRoute(request.method, request.path);
  if (found === null)
    return { route: null, problems: [`${request.method} ${request.path} is not a known operation`] };
  const { route: matched, parameters } = found;
  const { body, parameters: coercing } = restValidators();
  const problems = [
    ...check(coercing, `${matched.name} path`, matched.operation.path, parameters),
    ...check(coercing, `${matched.name} query`, matched.operation.query, { ...request.query }),
    ...bodyProblems(matched, body, request.body),
  ];
  return { route: matched.name, problems };
}

/**
 * Checks an answer against the operation's schema for its status.
 * @param answer.route as validateRequest returned it. @param answer.body the JSON body; undefined or null for none.
 * @returns a line per problem; empty when GitHub could have answered this.
 */
export function validateResponse(answer: {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly body?: unknown;
}): string[] {
  const operation = restDescription().operations[answer.route];
  if (operation === undefined || !answer.route.startsWith(`${answer.method.toUpperCase()} `)) {
    return [`${answer.method} ${answer.route} is not a known operation`];
  }
  const name = `${answer.route} ${answer.status}`;
  const described = operation.responses[String(answer.status)];
  if (described === null || answer.status === 304) {
    return answer.body === undefined || answer.body === null
      ? []
      : [`${name}: has a body, GitHub sends none`];
  }
  if (described !== undefined) return check(restValidators().body, name, described, answer.body);
  if (!COMMON_ERRORS.has(answer.status)) return [`${name}: not a status of this operation`];
  return check(restValidators().body, name, { $ref: "github#/$defs/basic-error" }, answer.body);
}

/**
 * Checks a webhook payload against GitHub's schema for the event and action.
 * @param delivery.action undefined for events without actions (`push`).
 * @returns a line per problem; empty when GitHub could have sent this.
 */
export function validateWebhook(delivery: {
  readonly event: string;
  readonly action?: string | undefined;
  readonly payload: unknown;
}): string[] {
  const name = delivery.action === undefined ? delivery.event : `${delivery.event}.${delivery.action}`;
  const described = webhooksDescription().webhooks[name];
  if (described === undefined) return [`${name} is not a known webhook`];
  return check(webhookValidators().body, name, described, delivery.payload);
}

function bodyProblems(matched: Route, validator: Ajv2020, body: unknown): string[] {
  const { name, operation } = matched;
  const absent = body === undefined || body === null;
  if (operation.body === undefined || operation.body === null) {
    return absent ? [] : [`${name} body: this operation takes none`];
  }
  if (absent) return operation.bodyRequired === true ? [`${name} body: is missing`] : [];
  return check(validator, `${name} body`, closed(operation.body), body);
}

function findRoute(
  method: string,
  path: string,
): { route: Route; parameters: Record<string, string> } | null {
  for (const candidate of routes()) {
    const match = candidate.method === method.toUpperCase() ? candidate.pattern.exec(path) : null;
    if (match === null) continue;
    const parameters = Object.entries(match.groups ?? {}).map(([name, value]): [string, string] => [
      name,
      decodeURIComponent(value),
    ]);
    return { route: candidate, parameters: Object.fromEntries(parameters) };
  }
  return null;
}

function route(name: string, operation: Operation): Route {
  const [method = "", template = ""] = name.split(" ");
  // GitHub takes a file path with its slashes as they are; every other parameter is one segment.
  const source = template.replace(
    /\{(\w+)\}/g,
    (_, parameter) => `(?<${parameter}>${parameter === "path" ? ".*" : "[^/]+"})`,
  );
  return { name, method, pattern: new RegExp(`^${source}$`), operation };
}

function check(validator: Ajv2020, name: string, schema: Record<string, unknown>, value: unknown): string[] {
  const validate = compiled.get(name) ?? validator.compile(schema);
  compiled.set(name, validate);
  if (validate(value)) return [];
  const problems = (validate.errors ?? []).map((error) => `${name}${error.instancePath}: ${wording(error)}`);
  return problems.filter(
    (problem) => !KNOWN_FAULTS.some((fault) => fault.where.test(name) && fault.problem.test(problem)),
  );
}

function wording(error: ErrorObject): string {
  const params: Record<string, unknown> = error.params;
  const unknown = params["unevaluatedProperty"] ?? params["additionalProperty"];
  if (unknown !== undefined) return `unknown property ${JSON.stringify(unknown)}`;
  const allowed = params["allowedValues"];
  return `${error.message}${allowed === undefined ? "" : `: ${JSON.stringify(allowed)}`}`;
}

function validatorsFor(schemas: Record<string, unknown>): Validators {
  const options = {
    allErrors: true,
    strict: false,
    validateSchema: false,
    schemas: { github: { $defs: schemas } },
  };
  const body = new Ajv2020(options);
  // Parameters arrive as text; a number in them is a number to GitHub.
  const parameters = new Ajv2020({ ...options, coerceTypes: true });
  addFormats.default(body);
  addFormats.default(parameters);
  // The address of a bot, 49699333+dependabot[bot]@users.noreply.github.com, is none by the letter of RFC 5322; GitHub sends it.
  body.addFormat("email", /^[^\s@]+@[^\s@]+$/u);
  return { body, parameters };
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8"));
}
