/** The oldest Node that runs TypeScript without a flag. package.json's engines and scripts/require-node.cjs say the same. */
export const minimumNode = "22.18.0";

/**
 * Takes the version of the running Node (`process.versions.node`) and returns null when it is new enough, otherwise one
 * line that says what to do. It has no imports: main.ts and cli/main.ts call it before they load anything else, because
 * better-sqlite3 under an older Node does not throw, it crashes the process.
 */
export function requireNode(version: string): string | null {
  if (compareVersions(version, minimumNode) >= 0) return null;
  return (
    `Countersign needs Node ${minimumNode} or newer, this is ${version}. ` +
    "Start it with npm (npm start) or npx, which use the Node installed beside it, or install Node 24."
  );
}

/** Compares major, minor and patch; a pre-release suffix ("24.0.0-nightly") counts as its release. */
function compareVersions(left: string, right: string): number {
  const rightParts = right.split(".");
  for (const [index, part] of left.split(".").slice(0, 3).entries()) {
    const difference = Number.parseInt(part, 10) - Number.parseInt(rightParts[index] ?? "0", 10);
    if (difference !== 0) return difference;
  }
  return 0;
}
