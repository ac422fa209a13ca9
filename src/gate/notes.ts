/**
 * git-ai's authorship logs: the notes under `refs/notes/ai` that say which lines of a commit which tool wrote.
 *
 * First the files with their lines, each under a key; then a line `---`; then JSON that says whose key it is:
 *
 *     src/cart.ts
 *       d9978a8723e02b52 1-4,9
 *     "src/my cart.ts"
 *       s_a76964380084ef::t_a3a130d3e145e3 28
 *       h_dca485b1adf836 3-4
 *     ---
 *     {"schema_version": "authorship/3.0.0", "prompts": {…}, "sessions": {…}, "humans": {…}}
 *
 * https://github.com/git-ai-project/git-ai, specs/git_ai_standard_v3.0.0.md; the keys of sessions and people are newer than
 * that text and are as git-ai writes them.
 */

/** The note on one commit, as it stands there. */
export type Note = { readonly sha: string; readonly text: string };

/** A tool as notes call it; null where the note does not say which one it was. */
type NotedTool = string | null;

/** What a note says of tools; what it says of people is left out. Both lists are in the note's order. */
type AuthorshipLog = {
  readonly kind: "read";
  /** Each file once for each tool that wrote in it; `lines` counts every line once. */
  readonly files: readonly { readonly path: string; readonly tool: NotedTool; readonly lines: number }[];
  readonly tools: readonly {
    readonly tool: NotedTool;
    readonly models: readonly string[];
    readonly files: number;
    readonly lines: number;
  }[];
};

type BrokenNote = { readonly kind: "broken"; readonly why: string };

/**
 * Reads an authorship log of version 3. Fields it does not know may stand anywhere in the JSON; what would make a count
 * wrong breaks the note. A line that both a tool and a person are said to have written is the tool's. Any text will do;
 * time grows with its length (and n log n with the ranges of one file).
 * @returns broken with the reason, the second half of a sentence such as "line 3: …".
 */
export function parseAuthorshipLog(text: string): AuthorshipLog | BrokenNote {
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  const divider = lines.indexOf("---");
  if (divider === -1) return broken("it has no line --- between files and data");
  const agents = readAgents(lines.slice(divider + 1).join("\n"));
  if (agents.kind === "broken") return agents;
  const claims: Claim[] = [];
  let path: string | null = null;
  for (const [index, line] of lines.slice(0, divider).entries()) {
    if (line.trim() === "") continue;
    const where = `line ${index + 1}`;
    if (!line.startsWith(" ")) {
      path = readPath(line.trimEnd());
      if (path === null) return broken(`${where}: a file name whose quotation mark is not closed`);
      continue;
    }
    const entry = readEntry(line.trimEnd(), agents.agents);
    if (typeof entry === "string") return broken(`${where}: ${entry}`);
    if (path === null) return broken(`${where}: lines before the name of any file`);
    if (entry.agent !== null) claims.push({ path, agent: entry.agent, ranges: entry.ranges });
  }
  return tally(claims);
}

type Agent = { readonly tool: NotedTool; readonly model: string | null };
type Range = readonly [first: number, last: number];
type Claim = { readonly path: string; readonly agent: Agent; readonly ranges: readonly Range[] };

function broken(why: string): BrokenNote {
  return { kind: "broken", why };
}

/** Who is behind the keys of `prompts` and `sessions`. */
function readAgents(text: string): { kind: "read"; agents: ReadonlyMap<string, Agent> } | BrokenNote {
  const data = parseJson(text);
  if (!isRecord(data)) return broken("what follows its line --- is not a JSON object");
  const version = data["schema_version"];
  if (typeof version !== "string" || !/^authorship\/3\.\d+\.\d+$/u.test(version)) {
    return broken(`its schema_version is ${shown(version)}, not authorship/3.x`);
  }
  const agents = new Map<string, Agent>();
  for (const name of ["prompts", "sessions"]) {
    const records = data[name] ?? {};
    if (!isRecord(records)) return broken(`its ${name} are not a JSON object`);
    for (const [key, record] of Object.entries(records)) {
      const id = isRecord(record) && isRecord(record["agent_id"]) ? record["agent_id"] : {};
      agents.set(key, { tool: nameIn(id["tool"]), model: nameIn(id["model"]) });
    }
  }
  return { kind: "read", agents };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** git-ai writes `unknown` where a tool does not tell. */
function nameIn(value: unknown): string | null {
  return typeof value === "string" && value !== "" && value !== "unknown" ? value : null;
}

/** Only names with blanks or the like are in quotation marks. Nothing is escaped inside; null when they are not closed. */
function readPath(line: string): string | null {
  if (!line.startsWith('"')) return line;
  return line.length > 2 && line.endsWith('"') ? line.slice(1, -1) : null;
}

/** Who wrote which lines; `agent` is null for a person. A text says what is wrong with the line. */
function readEntry(
  line: string,
  agents: ReadonlyMap<string, Agent>,
): { agent: Agent | null; ranges: readonly Range[] } | string {
  const [, key = "", spans = ""] = /^ {2}(\S+) (\S+)$/u.exec(line) ?? [];
  if (key === "") return "expected two blanks, a key, a blank and line numbers";
  const ranges = readRanges(spans);
  if (ranges === null) return `${shown(spans)} are not line numbers such as 1-4,9`;
  if (key.startsWith("h_")) return { agent: null, ranges };
  // A session's key is followed by that of one of its steps.
  const agent = agents.get(key) ?? agents.get(key.split("::", 1)[0] ?? key);
  if (agent !== undefined) return { agent, ranges };
  // The data of a prompt may stand in an older note only; that a tool wrote the lines is certain all the same.
  return agentKey.test(key)
    ? { agent: { tool: null, model: null }, ranges }
    : `${shown(key)} is the key of no prompt, session or person`;
}

/** A prompt's key, in the short form of early versions too, or a session's. */
const agentKey = /^(?:[0-9a-f]{7}|[0-9a-f]{16}|s_[0-9a-f]+(?:::t_[0-9a-f]+)?)$/u;

/** Line numbers are unsigned numbers of 32 bits in git-ai. */
const lineMax = 2 ** 32 - 1;

function readRanges(text: string): Range[] | null {
  const ranges: Range[] = [];
  for (const part of text.split(",")) {
    const [, from = "", to = from] = /^(\d{1,10})(?:-(\d{1,10}))?$/u.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to)];
    if (from === "" || first < 1 || last < first || last > lineMax) return null;
    ranges.push([first, last]);
  }
  return ranges;
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  return value === undefined ? "missing" : "no text";
}

function tally(claims: readonly Claim[]): AuthorshipLog {
  const tools = new Map<NotedTool, { models: Set<string>; files: Map<string, Range[]> }>();
  for (const { path, agent, ranges } of claims) {
    const of = tools.get(agent.tool) ?? { models: new Set(), files: new Map<string, Range[]>() };
    tools.set(agent.tool, of);
    if (agent.model !== null) of.models.add(agent.model);
    const known = of.files.get(path) ?? [];
    of.files.set(path, known);
    for (const range of ranges) known.push(range);
  }
  const read = [...tools].map(([tool, { models, files }]) => ({
    tool,
    models: [...models],
    files: [...files].map(([path, ranges]) => ({ path, tool, lines: countLines(ranges) })),
  }));
  return {
    kind: "read",
    files: read.flatMap(({ files }) => files),
    tools: read.map(({ tool, models, files }) => ({
      tool,
      models,
      files: files.length,
      lines: files.reduce((sum, { lines }) => sum + lines, 0),
    })),
  };
}

/** How many lines the ranges cover; one that several cover counts once. */
function countLines(ranges: readonly Range[]): number {
  let covered = 0;
  let end = 0;
  for (const [first, last] of ranges.toSorted(([one], [other]) => one - other)) {
    covered += Math.max(0, last - Math.max(first, end + 1) + 1);
    end = Math.max(end, last);
  }
  return covered;
}
