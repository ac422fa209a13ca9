/** `npm run bench -- NAME`: reproducible measurements. docs/benchmarks.md says what they found, and on which machine. */
const benches: Readonly<Record<string, { readonly about: string; readonly run: () => Promise<unknown> }>> = {
  detect: {
    about: "precision and recall on labelled commits (COUNTERSIGN_CORPUS=folder), per class and per tool",
    run: async () => import("./detect.ts"),
  },
  "detect-speed": {
    about: "commits per second through the command countersign detect --jsonl",
    run: async () => import("./detect-speed.ts"),
  },
  "fan-out": {
    about: "requests and order of looks when the roster changes for 1,000 open pull requests, or COUNT",
    run: async () => import("./fan-out.ts"),
  },
};

const [name = "--help"] = process.argv.slice(2);
const bench = benches[name];
if (bench === undefined) {
  const lines = Object.entries(benches).map(([key, { about }]) => `  ${key.padEnd(14)}${about}`);
  console.log(`npm run bench -- NAME\n\n${lines.join("\n")}`);
  process.exitCode = name === "--help" ? 0 : 2;
} else {
  await bench.run();
}
