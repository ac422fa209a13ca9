/** One trailer as `git interpret-trailers --parse` prints it: key as written, value unfolded and trimmed. */
export type Trailer = { readonly key: string; readonly value: string };

// The two lines git writes itself (trailer.c, git_generated_prefixes): beside one of them a paragraph may be up to
// three quarters prose and still be a trailer block.
const gitGeneratedPrefixes = ["Signed-off-by: ", "(cherry picked from commit "];

// wt-status.c, cut_line: `git commit --verbose` puts the diff below it.
const scissors = "# ------------------------ >8 ------------------------";

/**
 * The trailers of a commit message, exactly as `git interpret-trailers --parse` (git 2.39) sees them under git's default
 * configuration, in order, duplicates kept. Follows the rules of git's trailer.c and of `ignore_non_trailer` in commit.c.
 *
 * Any text is a message; time is linear in its length. A message holds no NUL: git refuses those.
 */
export function parseTrailers(message: string): Trailer[] {
  const lines = message.split("\n");
  // What follows the last newline is a line only if there is something.
  const ended = lines.at(-1) === "";
  if (ended) lines.pop();
  const end = findTrailerEnd(lines, findPatchStart(lines, ended), ended);
  return unfold(lines.slice(findTrailerStart(lines, end), end));
}

/** Everything from a `---` line on is a patch, not the message. */
function findPatchStart(lines: readonly string[], ended: boolean): number {
  const last = lines.length - 1;
  const start = lines.findIndex(
    (line, index) =>
      line.startsWith("---") && (line.length > 3 ? isSpace(line.charCodeAt(3)) : index < last || ended),
  );
  return start === -1 ? lines.length : start;
}

/** Comments, empty lines and an old-style list of conflicts at the end do not belong to the message. */
function findTrailerEnd(lines: readonly string[], patchStart: number, ended: boolean): number {
  const cut = lines.findIndex((line, index) => line === scissors && (index < lines.length - 1 || ended));
  const cutoff = cut === -1 ? patchStart : Math.min(cut, patchStart);
  let ignoredFrom = 0;
  let inConflicts = false;
  for (let index = 0; index < cutoff; index++) {
    const line = lines[index] ?? "";
    if (line === "" || line.startsWith("#")) {
      ignoredFrom ||= index;
    } else if (line === "Conflicts:" && (index < lines.length - 1 || ended)) {
      inConflicts = true;
      ignoredFrom ||= index;
    } else if (!(inConflicts && line.startsWith("\t"))) {
      ignoredFrom = 0;
      inConflicts = false;
    }
  }
  return ignoredFrom || cutoff;
}

/** The first line of the last paragraph if that is a trailer block, else `end`. The first paragraph, the title, never is. */
function findTrailerStart(lines: readonly string[], end: number): number {
  let title = 0;
  while (title < end && (lines[title]?.startsWith("#") || !isBlank(lines[title] ?? ""))) title++;
  let onlySpaces = true;
  let recognised = false;
  let trailers = 0;
  let others = 0;
  // Indented lines belong to the trailer above them, and count as prose if there is none.
  let continuations = 0;
  for (let index = end - 1; index >= title; index--) {
    const line = lines[index] ?? "";
    if (line.startsWith("#")) {
      others += continuations;
      continuations = 0;
    } else if (isBlank(line)) {
      if (onlySpaces) continue;
      others += continuations;
      const isBlock = recognised ? trailers * 3 >= others : trailers > 0 && others === 0;
      return isBlock ? index + 1 : end;
    } else {
      onlySpaces = false;
      const generated = gitGeneratedPrefixes.some((prefix) => line.startsWith(prefix));
      recognised ||= generated;
      if (generated || findSeparator(line) >= 1) {
        trailers++;
        continuations = 0;
      } else if (isSpace(line.charCodeAt(0))) {
        continuations++;
      } else {
        others += 1 + continuations;
        continuations = 0;
      }
    }
  }
  return end;
}

function unfold(block: readonly string[]): Trailer[] {
  const trailers: { key: string; value: string[] }[] = [];
  let current: string[] | null = null;
  for (const line of block) {
    if (current && isSpace(line.charCodeAt(0))) {
      current.push(line);
      continue;
    }
    const separator = findSeparator(line);
    if (separator < 1) {
      current = null;
      continue;
    }
    current = [line.slice(separator + 1)];
    trailers.push({ key: trim(line.slice(0, separator)), value: current });
  }
  return trailers.map(({ key, value }) => ({ key, value: trim(joinFolded(trim(value.join("\n")))) }));
}

/** A newline and the white space after it become one blank; other white space stays as it is. */
function joinFolded(value: string): string {
  return value.includes("\n") ? value.replace(/\n[ \t\r\n]*/g, " ") : value;
}

/** Where the `:` of a trailer line is; -1 if the text before it is not letters, digits, hyphens and then blanks. */
function findSeparator(line: string): number {
  let blankSeen = false;
  for (let index = 0; index < line.length; index++) {
    const code = line.charCodeAt(index);
    if (code === 0x3a) return index;
    if (!blankSeen && isKeyCharacter(code)) continue;
    if (index === 0 || (code !== 0x20 && code !== 0x09)) return -1;
    blankSeen = true;
  }
  return -1;
}

function isKeyCharacter(code: number): boolean {
  const lower = code | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x2d;
}

function isBlank(line: string): boolean {
  for (let index = 0; index < line.length; index++) if (!isSpace(line.charCodeAt(index))) return false;
  return true;
}

// git's isspace knows blank, tab, newline and carriage return only: not the vertical tab, not U+00A0.
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}
