/** GraphQL lists as GitHub pages them. */
import { GraphQLError } from "graphql";

export type Page = {
  readonly first?: number | null;
  readonly last?: number | null;
  readonly after?: string | null;
  readonly before?: string | null;
};

/** GitHub's limit: https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api */
const pageMax = 100;

/**
 * A connection over the items: totalCount, nodes, edges and pageInfo, where only what is on the page is rendered.
 * @param name the field's name, for GitHub's errors about `first` and `last`. They are raised when the page is looked
 *   at: GitHub counts a list without being told how much of it to show.
 */
export function connection<Item>(
  name: string,
  page: Page,
  items: readonly Item[],
  render: (item: Item) => unknown,
): Record<string, unknown> {
  const visible = () => slice(name, page, items.length);
  const edges = () => {
    const { start, end } = visible();
    return items
      .slice(start, end)
      .map((item, index) => ({ node: render(item), cursor: cursor(start + index) }));
  };
  return {
    totalCount: items.length,
    edges,
    nodes: () => edges().map((edge) => edge.node),
    pageInfo: () => {
      const { start, end } = visible();
      return {
        hasNextPage: end < items.length,
        hasPreviousPage: start > 0,
        startCursor: end > start ? cursor(start) : null,
        endCursor: end > start ? cursor(end - 1) : null,
      };
    },
  };
}

function slice(name: string, page: Page, length: number): { start: number; end: number } {
  const { first, last } = checked(name, page);
  const from = page.after == null ? 0 : position(page.after) + 1;
  const to = page.before == null ? length : Math.min(length, position(page.before));
  if (first != null) return { start: Math.min(from, to), end: Math.max(from, Math.min(to, from + first)) };
  return { start: Math.max(from, to - (last ?? 0)), end: Math.max(from, to) };
}

function checked(name: string, page: Page): Page {
  const { first, last } = page;
  if (first == null && last == null) {
    const message = `You must provide a \`first\` or \`last\` value to properly paginate the \`${name}\` connection.`;
    throw pageError("MISSING_PAGINATION_BOUNDARIES", message);
  }
  if (first != null && last != null) {
    const message = `Passing both \`first\` and \`last\` values to paginate the \`${name}\` connection is not supported.`;
    throw pageError("INVALID_PAGINATION_BOUNDARIES", message);
  }
  const [bound, wanted] = first != null ? ["first", first] : ["last", last ?? 0];
  if (wanted < 1) {
    throw pageError(
      "INVALID_PAGINATION_BOUNDARIES",
      `\`${bound}\` on the \`${name}\` connection must be at least 1.`,
    );
  }
  if (wanted > pageMax) {
    const message = `Requesting ${wanted} records on the \`${name}\` connection exceeds the \`${bound}\` limit of ${pageMax} records.`;
    throw pageError("EXCESSIVE_PAGINATION", message);
  }
  return page;
}

function cursor(index: number): string {
  return Buffer.from(`cursor:v2:${index}`).toString("base64");
}

function position(text: string): number {
  const match = /^cursor:v2:(\d+)$/.exec(Buffer.from(text, "base64").toString("utf8"));
  if (!match)
    throw pageError("INVALID_CURSOR_ARGUMENTS", `\`${text}\` does not appear to be a valid cursor.`);
  return Number(match[1]);
}

function pageError(type: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type } });
}
