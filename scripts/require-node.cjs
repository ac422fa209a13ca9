// npm's scripts load this file before a TypeScript file. A Node that cannot run TypeScript stops at the first import with
// "Unknown file extension", before src/node-version.ts could say anything, so the check exists a second time in plain
// JavaScript that any Node understands. A test keeps both in step.
"use strict";

const minimum = [22, 18, 0];
const running = process.versions.node.split(".").map((part) => Number.parseInt(part, 10));
const differs = minimum.findIndex((part, index) => part !== running[index]);

if (differs !== -1 && running[differs] < minimum[differs]) {
  process.stderr.write(
    `Countersign needs Node ${minimum.join(".")} or newer, this is ${process.versions.node}. ` +
      "Start it with npm (npm start) or npx, which use the Node installed beside it, or install Node 24.\n",
  );
  process.exit(2);
}
