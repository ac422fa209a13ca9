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
  delay: {
    about: "from a webhook to its check run at ten events a second, GitHub answering after 50 ms",
    run: async () => import("./delay.ts"),
  },
  looks: {
    about:
      "looks a second where GitHub answers at once, on SQLite and with 1, 2 and 4 replicas on PostgreSQL",
    run: async () => import("./looks.ts"),
  },
  memory: {
    about: "memory when idle, during 100,000 deliveries, and at the largest pull request",
    run: async () => import("./memory.ts"),
  },
  cost: {
    about:
      "processor time of a look by the number of commits, files, reviews and open pull requests, with a plot",
    run: async () => import("./cost.ts"),
  },
  intake: {
    about: "deliveries stored and answered a second, beside a Probot app that does nothing",
    run: async () => import("./intake.ts"),
  },
  burst: {
    about:
      "5,000 deliveries at once over 200 pull requests: all accepted, all decided, within the limits of GitHub",
    run: async () => import("./burst.ts"),
  },
  overview: {
    about: "the overview of 200,000 verdicts, or COUNT, on SQLite and PostgreSQL",
    run: async () => import("./overview.ts"),
  },
  calls: {
    about: "requests to GitHub of one look, with 1 to 2,000 commits",
    run: async () => import("./calls.ts"),
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
