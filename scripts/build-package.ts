/** What npm pack runs first (prepack): compiles src to dist, because Node strips no types below node_modules. */
import { execFileSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

// A file whose source is gone would be published for ever.
rmSync(`${root}dist`, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, "-p", `${root}tsconfig.build.json`],
  {
    stdio: "inherit",
  },
);
// npm marks the file as executable when it installs the package; other tools unpack it as it is.
chmodSync(`${root}dist/cli/main.js`, 0o755);
