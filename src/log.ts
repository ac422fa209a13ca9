import { type Logger, pino } from "pino";

/**
 * Tokens in old and new form (`ghs_…`, since 2026 also `ghs_APPID_JWT`), fine-grained ones, JWTs, private keys, passwords in
 * addresses, and what follows `Bearer`, `Basic` or `token`: whatever field or message they got into, they never reach the log. None
 * of them crosses a quote, so that what somebody sends us cannot break the line.
 */
const secrets =
  /\b(?:gh[opsur]_[A-Za-z0-9_.-]+|github_pat_\w+|eyJ[\w-]+\.[\w-]+\.[\w-]*)|(?<=:\/\/[^\s"/@:]*:)[^\s"/@]+(?=@)|\b(?:bearer|basic|token)\s+[\w.~+/-]{16,}=*|-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^"\\]|\\[^"])*?(?:-----END [A-Z ]*PRIVATE KEY-----|(?=\\?"|$))/giu;

/** Fields that carry credentials whatever they look like and wherever they are; what follows may be cut off. */
const secretFields =
  /"((?:proxy-)?authorization|(?:set-)?cookie|private_?key|\w*secret|\w*token|password)":\s*(?:"(?:[^"\\]|\\.)*(?:"|$)|\[(?:"(?:[^"\\]|\\.)*"|[^"\]])*(?:\]|$))/giu;

/** One log line with everything secret taken out. */
export function scrub(line: string): string {
  return line.replace(secrets, "[secret]").replace(secretFields, '"$1":"[secret]"');
}

/**
 * The server's log: JSON lines, one an event, to `write`.
 * @param level pino's names, `info` by default in the environment.
 */
export function createLog(level: string, write: (line: string) => void): Logger {
  return pino({ level, redact: ["*.headers"], base: null }, { write: (line) => write(scrub(line)) });
}
