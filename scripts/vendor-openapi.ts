/**
 * Writes test/fake-github/openapi.json and openapi-webhooks.json: the part of GitHub's own API description that the fake
 * GitHub answers and is checked against. Run `node scripts/vendor-openapi.ts` after changing a list or a version below.
 *
 * The source packages are hundreds of megabytes, so they are fetched into a temporary folder and never installed. Only
 * structure is kept: no descriptions, no examples. OpenAPI's `nullable` becomes plain JSON Schema on the way.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const REST_PACKAGE = "@octokit/openapi@23.0.2";
const WEBHOOKS_PACKAGE = "@octokit/openapi-webhooks@12.1.0";
const DESCRIPTION = "package/generated/api.github.com.json";
/** What the references in both files start with; contract.ts registers the schemas under this name. */
const SCHEMAS_ID = "github";

const REPO = "/repos/{owner}/{repo}";
const OPERATIONS = [
  "GET /app",
  "POST /app-manifests/{code}/conversions",
  "GET /app/hook/deliveries",
  "POST /app/hook/deliveries/{delivery_id}/attempts",
  "GET /app/installations",
  "DELETE /applications/{client_id}/token",
  "POST /app/installations/{installation_id}/access_tokens",
  "GET /installation/repositories",
  "GET /orgs/{org}/teams/{team_slug}/members",
  "GET /rate_limit",
  "GET /user",
  "GET /user/installations",
  "GET /user/installations/{installation_id}/repositories",
  "GET /users/{username}",
  `GET ${REPO}`,
  `GET ${REPO}/actions/runs`,
  `GET ${REPO}/actions/runs/{run_id}`,
  `POST ${REPO}/actions/runs/{run_id}/deployment_protection_rule`,
  `GET ${REPO}/actions/runs/{run_id}/pending_deployments`,
  `GET ${REPO}/activity`,
  `GET ${REPO}/branches/{branch}`,
  `POST ${REPO}/check-runs`,
  `GET ${REPO}/check-runs/{check_run_id}`,
  `PATCH ${REPO}/check-runs/{check_run_id}`,
  `POST ${REPO}/check-runs/{check_run_id}/rerequest`,
  `GET ${REPO}/collaborators/{username}/permission`,
  `GET ${REPO}/commits`,
  `GET ${REPO}/commits/{ref}/check-runs`,
  `GET ${REPO}/commits/{commit_sha}/pulls`,
  `GET ${REPO}/compare/{basehead}`,
  `GET ${REPO}/contents/{path}`,
  `PUT ${REPO}/contents/{path}`,
  `GET ${REPO}/environments`,
  `GET ${REPO}/environments/{environment_name}/deployment_protection_rules`,
  `POST ${REPO}/environments/{environment_name}/deployment_protection_rules`,
  `GET ${REPO}/git/trees/{tree_sha}`,
  `GET ${REPO}/issues`,
  `POST ${REPO}/issues`,
  `PATCH ${REPO}/issues/{issue_number}`,
  `POST ${REPO}/issues/comments/{comment_id}/reactions`,
  `POST ${REPO}/issues/{issue_number}/assignees`,
  `DELETE ${REPO}/issues/{issue_number}/assignees`,
  `GET ${REPO}/issues/{issue_number}/comments`,
  `POST ${REPO}/issues/{issue_number}/comments`,
  `POST ${REPO}/issues/{issue_number}/labels`,
  `DELETE ${REPO}/issues/{issue_number}/labels/{name}`,
  `GET ${REPO}/pulls`,
  `POST ${REPO}/pulls`,
  `GET ${REPO}/pulls/{pull_number}`,
  `PATCH ${REPO}/pulls/{pull_number}`,
  `GET ${REPO}/pulls/{pull_number}/commits`,
  `GET ${REPO}/pulls/{pull_number}/files`,
  `PUT ${REPO}/pulls/{pull_number}/merge`,
  `GET ${REPO}/pulls/{pull_number}/reviews`,
  `POST ${REPO}/pulls/{pull_number}/reviews`,
  `PUT ${REPO}/pulls/{pull_number}/reviews/{review_id}/dismissals`,
  `PUT ${REPO}/pulls/{pull_number}/update-branch`,
  `GET ${REPO}/rules/branches/{branch}`,
  `GET ${REPO}/rulesets`,
  `POST ${REPO}/rulesets`,
  `GET ${REPO}/rulesets/{ruleset_id}`,
  `POST ${REPO}/statuses/{sha}`,
];

/** Event -> its actions; an event without actions has one empty name. */
const WEBHOOKS: Readonly<Record<string, readonly string[]>> = {
  check_run: ["completed", "created", "rerequested"],
  check_suite: ["requested", "rerequested"],
  deployment_protection_rule: ["requested"],
  installation: ["created", "deleted", "new_permissions_accepted", "suspend", "unsuspend"],
  installation_repositories: ["added", "removed"],
  installation_target: ["renamed"],
  issue_comment: ["created", "edited"],
  label: ["created", "deleted", "edited"],
  member: ["added", "edited", "removed"],
  membership: ["added", "removed"],
  merge_group: ["checks_requested", "destroyed"],
  organization: ["deleted", "member_added", "member_removed", "renamed"],
  pull_request: [
    "assigned",
    "closed",
    "converted_to_draft",
    "edited",
    "labeled",
    "opened",
    "ready_for_review",
    "reopened",
    "synchronize",
    "unassigned",
    "unlabeled",
  ],
  pull_request_review: ["dismissed", "edited", "submitted"],
  push: [""],
  repository: [
    "archived",
    "deleted",
    "edited",
    "privatized",
    "publicized",
    "renamed",
    "transferred",
    "unarchived",
  ],
  status: [""],
  team: ["added_to_repository", "created", "deleted", "edited", "removed_from_repository"],
};

/** The keywords that say something about structure; everything else (prose, examples, defaults, x-…) is dropped. */
const KEPT_KEYWORDS = new Set([
  "additionalProperties",
  "allOf",
  "anyOf",
  "const",
  "enum",
  "exclusiveMaximum",
  "exclusiveMinimum",
  "format",
  "items",
  "maxItems",
  "maxLength",
  "maximum",
  "minItems",
  "minLength",
  "minProperties",
  "minimum",
  "not",
  "oneOf",
  "pattern",
  "properties",
  "required",
  "type",
  "uniqueItems",
]);

/** GitHub writes formats of its own (`timestamp`, `repo.nwo`) which no validator knows; only these mean something. */
const KEPT_FORMATS = new Set(["date", "date-time", "email", "int32", "int64", "uri", "uri-template"]);

type Node = Record<string, unknown>;

const folder = mkdtempSync(join(tmpdir(), "openapi-"));
try {
  vendorOperations(fetchDescription(REST_PACKAGE, folder), "test/fake-github/openapi.json");
  vendorWebhooks(fetchDescription(WEBHOOKS_PACKAGE, folder), "test/fake-github/openapi-webhooks.json");
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function vendorOperations(description: Node, file: string): void {
  const operations: Node = {};
  for (const route of OPERATIONS.toSorted()) {
    const [method = "", path = ""] = route.split(" ");
    operations[route] = operation(description, at(description, ["paths", path, method.toLowerCase()]));
  }
  // Errors that an operation does not list are still GitHub's: contract.ts checks them against this schema.
  const roots = [operations, { $ref: `${SCHEMAS_ID}#/$defs/basic-error` }];
  write(file, { source: source(REST_PACKAGE), operations, schemas: reached(description, roots) });
}

function vendorWebhooks(description: Node, file: string): void {
  const webhooks: Node = {};
  for (const [event, actions] of Object.entries(WEBHOOKS)) {
    for (const action of actions) {
      const name = [event, action]
        .filter((part) => part !== "")
        .join("-")
        .replaceAll("_", "-");
      const body = at(description, [
        "webhooks",
        name,
        "post",
        "requestBody",
        "content",
        "application/json",
        "schema",
      ]);
      webhooks[action === "" ? event : `${event}.${action}`] = schema(body);
    }
  }
  write(file, { source: source(WEBHOOKS_PACKAGE), webhooks, schemas: reached(description, [webhooks]) });
}

/** One operation as plain JSON Schemas: its path and query parameters as objects, its body, and its answers by status. */
function operation(description: Node, described: Node): Node {
  const parameters = list(described["parameters"]).map((parameter) => resolved(description, parameter));
  const body = described["requestBody"];
  const responses = Object.entries(record(described["responses"])).map(([status, response]) => {
    return [status, jsonContent(resolved(description, response))];
  });
  return {
    path: parametersSchema(parameters.filter((parameter) => parameter["in"] === "path")),
    query: parametersSchema(parameters.filter((parameter) => parameter["in"] === "query")),
    ...(body === undefined
      ? {}
      : { body: jsonContent(record(body)), bodyRequired: record(body)["required"] === true }),
    responses: Object.fromEntries(responses),
  };
}

function parametersSchema(parameters: readonly Node[]): Node {
  const required = parameters
    .filter((parameter) => parameter["required"] === true)
    .map((parameter) => parameter["name"]);
  return {
    type: "object",
    properties: Object.fromEntries(parameters.map((one) => [one["name"], schema(one["schema"])])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

/** The schema of the JSON form of a body; null where there is none (204, 304, redirects). */
function jsonContent(body: Node): unknown {
  const content = record(body["content"] ?? {});
  const json = content["application/json"];
  return json === undefined ? null : schema(record(json)["schema"]);
}

/** A schema without prose, `nullable` spelled as JSON Schema spells it, references rewritten to our file. */
function schema(value: unknown): unknown {
  if (typeof value === "boolean") return value;
  const described = record(value);
  const reference = described["$ref"];
  if (typeof reference === "string") return { $ref: `${SCHEMAS_ID}#/$defs/${reference.split("/").at(-1)}` };
  const kept: Node = {};
  for (const [keyword, content] of Object.entries(described)) {
    if (!KEPT_KEYWORDS.has(keyword)) continue;
    if (keyword === "format" && !KEPT_FORMATS.has(String(content))) continue;
    kept[keyword] = keywordContent(keyword, content);
  }
  return described["nullable"] === true ? orNull(kept) : kept;
}

function keywordContent(keyword: string, content: unknown): unknown {
  if (keyword === "properties") {
    return Object.fromEntries(
      Object.entries(record(content)).map(([name, property]) => [name, schema(property)]),
    );
  }
  if (["allOf", "anyOf", "oneOf"].includes(keyword)) return list(content).map((branch) => schema(branch));
  if (["items", "not", "additionalProperties"].includes(keyword)) return schema(content);
  return content;
}

function orNull(kept: Node): Node {
  if (typeof kept["type"] !== "string" || "oneOf" in kept || "anyOf" in kept || "allOf" in kept) {
    return { anyOf: [kept, { type: "null" }] };
  }
  const enumeration = kept["enum"] === undefined ? {} : { enum: [...new Set([...list(kept["enum"]), null])] };
  return { ...kept, ...enumeration, type: [kept["type"], "null"] };
}

/** Every component schema that can be reached from the roots, by name. */
function reached(description: Node, roots: readonly unknown[]): Node {
  const schemas: Node = {};
  const waiting = roots.flatMap(referencesIn);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name in schemas) continue;
    const kept = schema(at(description, ["components", "schemas", name]));
    schemas[name] = kept;
    waiting.push(...referencesIn(kept));
  }
  return schemas;
}

function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isNode(value)) return [];
  const own = typeof value["$ref"] === "string" ? [value["$ref"].split("/").at(-1) ?? ""] : [];
  return [...own, ...Object.values(value).flatMap(referencesIn)];
}

/** A parameter or response, followed through its reference if it is one. */
function resolved(description: Node, value: unknown): Node {
  const reference = record(value)["$ref"];
  return typeof reference === "string" ? at(description, reference.split("/").slice(1)) : record(value);
}

function at(description: Node, keys: readonly string[]): Node {
  let found: unknown = description;
  for (const key of keys) found = isNode(found) ? found[key] : undefined;
  if (!isNode(found))
    throw new Error(`GitHub's description has no ${keys.join(" › ")}. Correct the list in this script.`);
  return found;
}

function fetchDescription(specifier: string, into: string): Node {
  const packed = execFileSync("npm", ["pack", "--silent", specifier], { cwd: into, encoding: "utf8" });
  const tarball = packed.trim().split("\n").at(-1) ?? "";
  execFileSync("tar", ["-xzf", tarball, DESCRIPTION], { cwd: into });
  return record(JSON.parse(readFileSync(join(into, DESCRIPTION), "utf8")));
}

function source(specifier: string): Node {
  return {
    package: specifier,
    file: DESCRIPTION.replace("package/", ""),
    licence: "MIT, Copyright (c) 2020 Octokit contributors",
    generatedBy: "scripts/vendor-openapi.ts",
  };
}

/** One line per operation or schema, keys sorted, so that a diff shows which of them changed. */
function write(file: string, content: Readonly<Record<string, Node>>): void {
  const sections = Object.entries(content).map(([name, section]) => {
    const lines = Object.keys(section)
      .toSorted()
      .map((key) => `    ${JSON.stringify(key)}: ${JSON.stringify(sorted(section[key]))}`);
    return `  ${JSON.stringify(name)}: {\n${lines.join(",\n")}\n  }`;
  });
  writeFileSync(new URL(`../${file}`, import.meta.url), `{\n${sections.join(",\n")}\n}\n`);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isNode(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(value[key])]),
  );
}

function record(value: unknown): Node {
  if (!isNode(value))
    throw new Error(`expected an object in GitHub's description, got ${JSON.stringify(value)}`);
  return value;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
