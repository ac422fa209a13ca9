import type { Line } from "./report.ts";

const [panel, height, margin] = [260, 200, { left: 46, right: 14, top: 44, bottom: 34 }];

/** An SVG with a chart for each line, all with the same scale of ms, readable on a light and on a dark page. */
export function plot(title: string, lines: readonly Line[]): string {
  const top = Math.max(...lines.flatMap(({ points }) => points.map(({ ms }) => ms)));
  const width = panel * lines.length;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<style>
  text { font: 11px sans-serif; fill: #57606a } .axis { stroke: #8c959f; fill: none } .line { stroke: #0969da; stroke-width: 2; fill: none } .dot { fill: #0969da }
  @media (prefers-color-scheme: dark) { text { fill: #9da7b3 } .line { stroke: #58a6ff } .dot { fill: #58a6ff } }
</style>
<text x="${margin.left}" y="16">${title}</text>
${lines.map((line, index) => chart(line, { left: index * panel, top })).join("\n")}
</svg>
`;
}

function chart({ what, points }: Line, at: { left: number; top: number }): string {
  const most = points.at(-1)?.size ?? 1;
  const x = (size: number) => Math.round(margin.left + (size / most) * (panel - margin.left - margin.right));
  const y = (ms: number) =>
    Math.round(height - margin.bottom - (ms / at.top) * (height - margin.top - margin.bottom));
  const places = points.map(({ size, ms }) => `${x(size)},${y(ms)}`);
  return `<g transform="translate(${at.left} 0)">
<path class="axis" d="M${x(0)} ${y(at.top)}V${y(0)}H${x(most)}"/>
<text x="${x(0) - 6}" y="${y(at.top) + 4}" text-anchor="end">${Math.round(at.top)}</text><text x="${x(0) - 6}" y="${y(0) + 4}" text-anchor="end">0</text>
<text x="${x(most)}" y="${y(0) + 14}" text-anchor="end">${most.toLocaleString("en")}</text><text x="${x(0)}" y="${y(0) + 28}">${what}</text>
<polyline class="line" points="${places.join(" ")}"/>
${points.map(({ size, ms }) => `<circle class="dot" cx="${x(size)}" cy="${y(ms)}" r="3"/>`).join("")}
</g>`;
}
