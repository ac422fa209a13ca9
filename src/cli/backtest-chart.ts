/** A backtest as one SVG: week by week what would have become of the pull requests, and person by person how much was to do. */
import { plain } from "../gate/markdown.ts";
import { type Found, type Judged, judgedIn, peopleOf } from "./backtest-report.ts";

const weekMs = 7 * 24 * 60 * 60 * 1000;
/** More rows than fit a page: then each is of several weeks. */
const rowsMax = 60;
/** Pixels. */
const width = 720;
const left = 130;
const rowHeight = 18;
/** More people than anybody compares in one picture; --json has them all. */
const peopleMax = 30;

/** Told apart without colours, too: by order, and by the numbers written beside each bar. Readable on light and on dark. */
const colours = { quiet: "#8c959f", good: "#2da44e", bad: "#d4742a" } as const;

type Bar = { readonly name: string; readonly parts: readonly { colour: string; count: number }[] };

/** @returns a document of its own, with a title and a description for those who do not see it. */
export function backtestChart(found: Found): string {
  const judged = judgedIn(found).filter(({ outcome }) => outcome !== "not-gated");
  const weeks = weeksOf(judged, found);
  const people = peopleOf(judged)
    .slice(0, peopleMax)
    .map(({ login, countersigned, asked }) => ({
      name: login,
      parts: [
        { colour: colours.good, count: countersigned },
        { colour: colours.bad, count: asked },
      ],
    }));
  const second = 40 + weeks.length * rowHeight + 40;
  const height = second + people.length * rowHeight + 30;
  const waited = judged.filter(({ passes }) => !passes).length;
  const title = `Backtest of ${found.repository}`;
  const description = `${judged.length} pull requests merged since ${day(found.since)}: ${waited} would have waited.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="sans-serif" font-size="12">
<title>${xml(title)}</title>
<desc>${xml(description)}</desc>
<style>text { fill: #1f2328 } @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }</style>
${legend("Merged from", 14, [
  ["nothing needed", colours.quiet],
  ["countersigned", colours.good],
  ["would have waited", colours.bad],
])}
${bars(weeks, 30)}
${legend("Asked of", second - 16, [
  ["countersigned", colours.good],
  ["could have been asked", colours.bad],
])}
${bars(people, second)}
</svg>
`;
}

function weeksOf(judged: readonly Judged[], { since, until }: Found): Bar[] {
  const step = weekMs * Math.ceil((until - since) / weekMs / rowsMax);
  return Array.from({ length: Math.ceil((until - since) / step) }, (_, at) => {
    const from = since + at * step;
    const these = judged.filter(({ mergedAt }) => mergedAt >= from && mergedAt < from + step);
    const count = (fits: (pull: Judged) => boolean) => these.filter(fits).length;
    return {
      name: day(from),
      parts: [
        { colour: colours.quiet, count: count(({ passes, waitedMs }) => passes && waitedMs === null) },
        { colour: colours.good, count: count(({ passes, waitedMs }) => passes && waitedMs !== null) },
        { colour: colours.bad, count: count(({ passes }) => !passes) },
      ],
    };
  });
}

function bars(rows: readonly Bar[], top: number): string {
  const total = ({ parts }: Bar) => parts.reduce((sum, { count }) => sum + count, 0);
  const scale = (width - left - 120) / Math.max(1, ...rows.map(total));
  return rows
    .map((row, at) => {
      const y = top + at * rowHeight;
      let x = left;
      const boxes = row.parts.map(({ colour, count }) => {
        const box = `<rect x="${x.toFixed(1)}" y="${y}" width="${(count * scale).toFixed(1)}" height="${rowHeight - 4}" fill="${colour}"/>`;
        x += count * scale;
        return count === 0 ? "" : box;
      });
      const numbers = row.parts.map(({ count }) => count).join(" + ");
      return `<text x="${left - 8}" y="${y + 11}" text-anchor="end">${xml(plain(row.name, 18))}</text>${boxes.join("")}<text x="${(x + 6).toFixed(1)}" y="${y + 11}">${numbers}</text>`;
    })
    .join("\n");
}

function legend(heading: string, y: number, entries: readonly (readonly [string, string])[]): string {
  const keys = entries.map(([name, colour], at) => {
    const x = left + 70 + at * 160;
    return `<rect x="${x}" y="${y - 9}" width="10" height="10" fill="${colour}"/><text x="${x + 14}" y="${y}">${xml(name)}</text>`;
  });
  return `<text x="8" y="${y}" font-weight="bold">${xml(heading)}</text>${keys.join("")}`;
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function xml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
