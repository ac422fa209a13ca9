/** Plots as SVG: lines over weeks. The numbers stand in a table beside them, so that nobody needs the picture. */
import { scaleLinear, scalePoint } from "d3-scale";
import { line } from "d3-shape";
import { type Html, html } from "./html.ts";

/** One line; null where there is nothing to show, which leaves a gap. */
type Series = { readonly name: string; readonly values: readonly (number | null)[] };

const size = { width: 640, height: 240, left: 44, right: 132, top: 12, bottom: 28 };
/** Told apart without colour, too. */
const looks = ["one", "two"];

/**
 * @param plot.title says what is shown, to a screen reader as well. @param plot.unit of the values. @param plot.labels of the points,
 *   as many as each series has values.
 */
export function linePlot(plot: {
  readonly title: string;
  readonly unit: string;
  readonly labels: readonly string[];
  readonly series: readonly Series[];
}): Html {
  const { title, unit, labels, series } = plot;
  const { width, height, left, right, top, bottom } = size;
  const x = scalePoint([...labels], [left, width - right]);
  const highest = Math.max(1, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const y = scaleLinear([0, highest], [height - bottom, top]).nice(4);
  const ticks = y.ticks(4).map(
    (tick) => html`<line class="grid" x1="${left}" x2="${width - right}" y1="${y(tick)}" y2="${y(tick)}"/>
<text x="${left - 8}" y="${y(tick)}" dy="0.32em" text-anchor="end">${tick}</text>`,
  );
  const ends = [labels[0], labels[Math.floor(labels.length / 2)], labels.at(-1)].flatMap(
    (label) => label ?? [],
  );
  const dates = [...new Set(ends)].map(
    (label) => html`<text x="${x(label) ?? left}" y="${height - 8}" text-anchor="middle">${label}</text>`,
  );
  const drawn = series.map(({ name, values }, at) => {
    const points = labels.map((label, week) => {
      const value = values[week] ?? null;
      return value === null ? null : { x: x(label) ?? left, y: y(value) };
    });
    return drawSeries(name, points, looks[at] ?? "");
  });
  return html`<figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}"><title>${title}</title>
<text x="${left - 8}" y="${height - 8}" text-anchor="end">${unit}</text>
${ticks}${dates}${drawn}</svg><figcaption>${title}</figcaption></figure>`;
}

type Point = { readonly x: number; readonly y: number };

/** A line with gaps where there is no point, its name at its end. */
const path = line<Point | null>(
  (point) => point?.x ?? 0,
  (point) => point?.y ?? 0,
)
  .defined((point) => point !== null)
  .digits(1);

function drawSeries(name: string, points: readonly (Point | null)[], look: string): Html {
  const there = points.filter((point) => point !== null);
  const last = there.at(-1);
  const label =
    last === undefined
      ? []
      : [
          html`<text class="${look}" x="${round(last.x + 10)}" y="${round(last.y)}" dy="0.32em">${name}</text>`,
        ];
  return html`<g class="${look}"><path d="${path([...points]) ?? ""}"/>
${there.map(({ x, y }) => html`<circle cx="${round(x)}" cy="${round(y)}" r="3"/>`)}</g>${label}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
