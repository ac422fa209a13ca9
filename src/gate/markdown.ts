/**
 * Puts text of other people into GitHub's Markdown so that it stays text: no mention, link, heading, image or control
 * character of theirs takes effect. Everything user-controlled that is rendered goes through one of these.
 */

/** C0, C1 and the characters that reorder or hide text (bidirectional controls, zero width, line separators, tags). */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

/** One line of plain text without control characters, at most `charactersMax` UTF-16 units long, for titles. */
export function plain(text: string, charactersMax = 120): string {
  const line = text.replace(/\s+/gu, " ").replace(unseen, "").trim();
  if (line.length <= charactersMax) return line;
  // A cut between the halves of a character would leave half of one.
  const cut = line.slice(0, charactersMax - 1).replace(/[\uD800-\uDBFF]$/u, "");
  return `${cut}…`;
}

/**
 * A sentence as Markdown text, on one line of its own or inside one. What marks up is escaped; mentions, references and
 * addresses are found by GitHub in the rendered text, too, so a word joiner is put into them, which nobody sees.
 */
export function prose(text: string, charactersMax = 400): string {
  const escaped = plain(text, charactersMax)
    .replace(/[\\`*_[\]<>~|&$]/gu, "\\$&")
    .replace(/^(\d*)([-+=.):])/u, "$1\\$2");
  return apart(escaped);
}

/** A sentence where GitHub reads no Markdown, as in an annotation. Whatever it finds in plain text, it finds nothing here. */
export function unlinked(text: string, charactersMax = 400): string {
  return apart(plain(text, charactersMax));
}

function apart(text: string): string {
  // GitHub draws `:shipit:`; `policy.yml:2:8:` is no such name.
  return text.replace(/[@#]|:(?=\/\/|(?!\d*:)[\w+\\-]+:)|www(?=\.)|GH(?=-)/giu, "$&\u2060");
}

/**
 * A code span, in which GitHub interprets nothing. The fence is longer than any run of backticks inside, and blanks at
 * both ends are needed where the text itself begins or ends with one.
 */
export function code(text: string, charactersMax = 120): string {
  const line = plain(text, charactersMax) || "(empty)";
  const longest = Math.max(0, ...[...line.matchAll(/`+/gu)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${fence}${pad}${line}${pad}${fence}`;
}

/**
 * A code span inside a table cell, where GitHub reads `|` before it reads the span. A blank behind a backslash that stands
 * before a bar keeps it from escaping the escape.
 */
export function cell(text: string, charactersMax = 120): string {
  return code(text, charactersMax)
    .replace(/\\(?=\|)/gu, "\\ ")
    .replaceAll("|", "\\|");
}
