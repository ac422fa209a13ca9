/**
 * Request bodies, closed: a property GitHub does not know is a mistake of ours.
 *
 * GitHub's description leaves its request bodies open. Every object that a value can be is closed here, with the
 * branches of a combination counting together.
 */

type Schema = Record<string, unknown>;

const COMBINATIONS = ["allOf", "anyOf", "oneOf"] as const;

/** @returns the schema with every object in it closed, unless it takes properties of any name by a schema of its own. */
export function closed(schema: Schema): Schema {
  const inner = closedInside(schema);
  const isObject = "properties" in schema || COMBINATIONS.some((keyword) => keyword in schema);
  return isObject && !("additionalProperties" in inner) ? { ...inner, unevaluatedProperties: false } : inner;
}

/** The same for what is inside of the schema; a branch of a combination stays open, the whole is closed around it. */
function closedInside(schema: Schema): Schema {
  const result: Schema = {};
  for (const [keyword, content] of Object.entries(schema)) {
    if (keyword === "additionalProperties" && content === true && "properties" in schema) continue;
    result[keyword] = closedContent(keyword, content);
  }
  return result;
}

function closedContent(keyword: string, content: unknown): unknown {
  if (keyword === "items" && isSchema(content)) return closed(content);
  if (keyword === "properties" && isSchema(content)) {
    return Object.fromEntries(
      Object.entries(content).map(([name, property]) => [
        name,
        isSchema(property) ? closed(property) : property,
      ]),
    );
  }
  if (COMBINATIONS.some((combination) => combination === keyword) && Array.isArray(content)) {
    return content.map((branch: unknown) => (isSchema(branch) ? closedInside(branch) : branch));
  }
  return content;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
