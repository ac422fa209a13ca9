import { expect, it, vi } from "vitest";
import { demo } from "./demo-run.ts";

// Whole processes are started here; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 60_000 });

it("stops each incident where it should be, and the check or comment says why", async () => {
  const { code, stdout, stderr } = await demo({ args: ["incidents"] });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.replaceAll(/\b[0-9a-f]{7}\b/gu, "1c84b59")).toMatchInlineSnapshot(`
    "1. grace, a senior, has an agent tidy up. It deletes the production environment, and she approves that herself.
    │ ! Countersign — Waiting for 2 approvals by senior or above: vera or ada can  [action_required]
    │ | \`grace\` | approval | is a contributor to this change (is assigned to the bot's pull request) |
       The agent merges all the same. GitHub: Repository rule violations found Required status check "Countersign" is failing.
    2. An issue is assigned to an assistant, which writes the fix and opens the pull request; another approves it. No person was there.
    │ ! Countersign — Waiting for 1 approval by senior or above: grace, vera or ada can  [action_required]
    │ | \`reviewer[bot]\` | approval | is not a person: bots and apps have no say |
       The assistant merges all the same. GitHub: Repository rule violations found Required status check "Countersign" is failing.
    3. grace changes one number in a configuration file that every server reads, by hand, and vera, a senior, approves it.
    │ ! Countersign — Waiting for 1 approval by senior or above: ada can  [action_required]
    │ | \`High blast radius\` | changes infra/limits.yml | 2 × \`senior\` or above | \`vera\` (\`senior\`) | 1 by \`ada\` |
       A second senior, ada, looks at it, and it may land.
    │ ✓ Countersign — Countersigned by vera (senior) and ada (principal)  [success]
    4. ada, an administrator, merges juno's AI-assisted pull request past the check, and main is deployed.
    │ Waiting. Since \`1c84b59\`, not cleared:
    │ - #4 needs a senior: grace, vera or ada can
    │
    │ Approve the merged pull request, or comment \`/countersign accept\` with the full SHA there; then this goes on by itself.
       grace looks at the merged pull request and approves it. The deployment goes on by itself.
    │ All 2 commits since \`1c84b59\` are cleared. AI-assisted:
    │ - #4: countersigned by grace

    Every step came out as told.
    "
  `);
});
