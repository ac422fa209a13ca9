import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

test("a server that is loaded after nock works when a test has ended that used nock", () => {
  const program = `
    const { nock } = await import("./test/github/idle-nock.ts");
    const { createAdaptorServer } = await import("@hono/node-server");
    if (!nock.isActive()) nock.activate();
    nock.restore();
    // From here on the process has the server's classes for those of Node.
    createAdaptorServer({ fetch: () => new Response() });
    console.log(new Request("https://github.test", { headers: { accept: "text/plain" } }).headers.get("accept"));
  `;
  const said = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
  });

  expect(said).toBe("text/plain\n");
});
