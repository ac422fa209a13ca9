import { parseTrailers, type Trailer } from "./trailers.ts";

/** A trailer of a message. `byGit`: git sees it, too; otherwise it is one of the real forms git misses. */
type ReadTrailer = Trailer & { readonly byGit: boolean };

/** A message without what it quotes: the subject, the lines that speak for the message itself, the trailers. */
export type ReadMessage = {
  readonly subject: string;
  readonly lines: readonly string[];
  /** These, and the lines that were taken over from elsewhere: a reverted message, release notes. */
  readonly unquoted: readonly string[];
  readonly trailers: readonly ReadTrailer[];
};

/** The trailers of a message: git's, then those in forms git misses (see `readMessage`). */
export function readTrailers(message: string): readonly ReadTrailer[] {
  return readMessage(message).trailers;
}

/**
 * Reads a commit message or the body of a pull request the way people and tools really write them. Beyond git's trailers it
 * finds those in paragraphs that are not the last, at the end of prose, indented by up to three blanks, after a `---` line,
 * between the parts of a squashed message, with CRLF, with a literal `\n` for a newline, without a colon, or with a key that
 * is misspelt. It leaves out what is quoted: lines with `>`, code, HTML comments,
 * unticked task-list items, the reverted message, release notes.
 *
 * Any text will do; time is linear in its length.
 */
export function readMessage(message: string): ReadMessage {
  const lines = unescapeNewlines(message).split("\n").map(tidy);
  if (lines.includes("Squashed commit of the following:")) dedent(lines);
  const quoted = findQuoted(lines);
  const tail = findTail(lines, quoted);
  const [from, until] = findForeign(lines, tail);
  const announced = findAnnounced(lines);
  const spoken = (index: number) => !quoted[index] && (index < from || index >= until);
  // What git sees as a trailer counts, even where the end of a revert may belong to the message it quotes: hiding a trailer
  // must take more than a subject that begins with "Revert".
  const byGit = parseTrailers(message).map((trailer) => ({ ...trailer, byGit: true }));
  const known = new Set(byGit.map(trailerKey));
  const others: ReadTrailer[] = [];
  for (let index = 1; index < lines.length; index++) {
    if (!spoken(index) || (index < tail && (announced[index] || isMidSentence(lines, index)))) continue;
    const trailer = lineTrailer(lines[index] ?? "", index >= tail);
    if (trailer === null) continue;
    const indent = indentOf(lines[index] ?? "");
    const folded = [trailer.value];
    while (indentOf(lines[index + 1] ?? "") > indent) folded.push((lines[++index] ?? "").trim());
    const whole = { key: trailer.key, value: folded.join(" "), byGit: false };
    if (!known.has(trailerKey(whole))) others.push(whole);
    known.add(trailerKey(whole));
  }
  const body = lines.filter((line, index) => index > 0 && line !== "" && spoken(index));
  const unquoted = lines.filter((line, index) => index > 0 && line !== "" && !quoted[index]);
  return { subject: lines[0] ?? "", lines: body, unquoted, trailers: [...byGit, ...others] };
}

function trailerKey(trailer: Trailer): string {
  return `${trailer.key.toLowerCase()}:${trailer.value}`;
}

/** Some agents pass `\n` through a shell that does not turn it into a newline: the whole message is one line then. */
function unescapeNewlines(message: string): string {
  if (!message.includes("\\n")) return message;
  if (!message.trim().includes("\n")) return message.replaceAll("\\n", "\n");
  return message.replace(/(?<![`"'])\\n\\n(?=[A-Z][A-Za-z-]{2,30}: )/g, "\n\n");
}

function tidy(line: string): string {
  const text = line.trimEnd();
  // An emoji that reached the message as its JSON escape stands in the way of the marker after it.
  return text.startsWith("\\u") ? text.replace(/^(\\u[0-9a-f]{4})+ ?/i, "") : text;
}

/** `git merge --squash` indents the messages it joins. They speak for the squashed commit. */
function dedent(lines: string[]): void {
  for (const [index, line] of lines.entries()) if (line.startsWith("    ")) lines[index] = line.slice(4);
}

function findQuoted(lines: readonly string[]): boolean[] {
  const quoted = lines.map((line) => /^( {4}|\t| {0,3}>|\s*[-*+] \[ \])/.test(line));
  suppressPairs(
    lines,
    quoted,
    (line) => /^ {0,3}(`{3,}|~{3,})/.test(line),
    (line) => /^ {0,3}(`{3,}|~{3,})$/.test(line),
  );
  suppressPairs(
    lines,
    quoted,
    (line) => line.includes("<!--") && line.lastIndexOf("<!--") > line.lastIndexOf("-->"),
    (line) => line.includes("-->"),
  );
  return quoted;
}

/** A fence or comment that never closes is a slip in prose, and hides nothing. */
function suppressPairs(
  lines: readonly string[],
  quoted: boolean[],
  opens: (line: string) => boolean,
  closes: (line: string) => boolean,
): void {
  let open = -1;
  for (const [index, line] of lines.entries()) {
    if (open === -1) {
      if (opens(line)) open = index;
    } else if (closes(line)) {
      quoted.fill(true, open, index + 1);
      open = -1;
    }
  }
}

/** Where the closing paragraphs begin that hold nothing but trailers, markers and dividers. */
function findTail(lines: readonly string[], quoted: readonly boolean[]): number {
  let index = lines.length;
  while (index > 1) {
    const line = lines[index - 1] ?? "";
    if (line !== "" && (quoted[index - 1] || !closing.test(line))) break;
    index--;
  }
  while (lines[index] === "") index++;
  return index;
}

const closing =
  /^(-{3,}| {0,3}[A-Za-z0-9][A-Za-z0-9-]{0,40}( [a-z]{1,10})? ?:.*| {0,3}(co-authored|assisted|generated)-by .*|\(cherry picked from .*|\W{0,8}(generated|made|assisted|written) (with|by) .*| {1,3}\S.*)$/i;

/** The lines that were taken over from elsewhere, from and until: a reverted message, release notes, changelogs. */
function findForeign(lines: readonly string[], tail: number): [number, number] {
  if (/^revert\b/i.test(lines[0] ?? "")) {
    const original = lines.some((line) =>
      /^(the )?original (commit |pull request )?(message|description|change)/i.test(line),
    );
    if (!original) return [1, tail];
    // The quoted message ends with its own trailers; only a block after those is the revert's own.
    const block = lines.indexOf("", tail);
    return [1, block === -1 ? lines.length : block];
  }
  const notes = lines.findIndex((line, index) => index > 0 && releaseNotes.test(line));
  return [notes === -1 ? lines.length : notes, tail];
}

const releaseNotes =
  /^(((#{1,6} |\*\*|<summary>|<h\d>)?(release notes|(full )?changelog|what's changed)(\*\*|<\/\w+>)?:?$)|bumps (the |\[)|#{1,6} \[?v?\d+\.\d+)/i;

/** Lines after one that ends with a colon: before the end of a message, what looks like a trailer there is a sample. */
function findAnnounced(lines: readonly string[]): boolean[] {
  let announced = false;
  return lines.map((line, index) => {
    const result = announced;
    if (line !== "") announced = index > 0 && line.endsWith(":");
    return result;
  });
}

/** A line the prose goes on after is no trailer, whatever it looks like. */
function isMidSentence(lines: readonly string[], index: number): boolean {
  const next = lines[index + 1] ?? "";
  return /^[a-z]/.test(next) && lineTrailer(next, true) === null;
}

const authorship = ["co-authored-by", "assisted-by", "generated-by"];

/** Reads one line as a trailer. Only keys with a hyphen: `Note: …` is prose wherever git does not say otherwise. */
function lineTrailer(line: string, atEnd: boolean): Trailer | null {
  const bare = /^ {0,3}(co-authored|assisted|generated)-by (?=[^:\s])/i.exec(line);
  const colon = line.indexOf(":");
  if (bare) return { key: `${bare[1]}-by`, value: line.slice(bare[0].length) };
  if (colon < 1 || colon > 60) return null;
  const key = line.slice(0, colon).trim();
  const value = line.slice(colon + 1).trim();
  const prefixed = atEnd ? /^((?:co-authored|assisted|generated)-by): (?=\S)/i.exec(value) : null;
  if (prefixed?.[1]) return { key: prefixed[1], value: value.slice(prefixed[0].length) };
  if (value === "" || !/^[A-Za-z][A-Za-z0-9-]*( by)?$/.test(key)) return null;
  const dashed = key.replace(" ", "-");
  const meant = authorship.find((known) => isMisspelt(dashed.toLowerCase(), known));
  if (meant) return { key: meant, value };
  return dashed.includes("-") ? { key: dashed, value } : null;
}

/** One letter too many, too few or wrong. */
function isMisspelt(key: string, known: string): boolean {
  if (key === known || Math.abs(key.length - known.length) > 1) return false;
  let start = 0;
  while (start < key.length && key[start] === known[start]) start++;
  const [keyRest, knownRest] = [key.slice(start), known.slice(start)];
  return (
    keyRest.slice(1) === knownRest.slice(1) ||
    keyRest.slice(1) === knownRest ||
    keyRest === knownRest.slice(1)
  );
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
