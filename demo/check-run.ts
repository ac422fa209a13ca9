/** A check run as GitHub's REST API answers it, as far as it is shown. */
export type ShownCheckRun = {
  readonly name: string;
  readonly conclusion: string | null;
  readonly title: string | null;
  readonly summary: string | null;
};

const signs: Readonly<Record<string, string>> = {
  success: "✓",
  neutral: "◻",
  action_required: "!",
  failure: "✗",
};

/** The check run as GitHub shows it on the pull request: the line in the list of checks, then its details. */
export function showCheckRun(run: ShownCheckRun): string {
  const lines = [
    `${signs[run.conclusion ?? ""] ?? "•"} ${run.name} — ${run.title ?? ""}  [${run.conclusion}]`,
    "",
    ...(run.summary ?? "").split("\n"),
  ];
  return lines.map((line) => (line === "" ? "│" : `│ ${line}`)).join("\n");
}

/** An invented SHA: those of the story differ in every run, and a README must not. */
const inventedSha = "1c84b59e821ba82fb45b8d3604a5cd298465f908";

/** The same text without what differs from run to run: the address of the fake GitHub, and the head SHA. */
export function timeless(shown: string, headSha: string): string {
  return shown
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+/gu, "https://github.com")
    .replaceAll(headSha, inventedSha)
    .replaceAll(headSha.slice(0, 7), inventedSha.slice(0, 7));
}
