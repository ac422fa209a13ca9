/** Attacks on whoever reads what Countersign says: mentions, links, headings, images, hidden characters. */
import { afterEach, expect, it } from "vitest";
import { accountNamed, repositoryNamed } from "../fake-github/setup.ts";
import {
  assertNothingRefused,
  type Company,
  ownCompany,
  policyFile,
  roster,
  rosterFile,
  shop,
} from "./company.ts";
import { aiTrailer, openPull, review } from "./pull-request.ts";

const at = { owner: "acme", repo: "shop" } as const;

let company: Company;
afterEach(() => assertNothingRefused(company.github));

/** Everything GitHub would interpret, a way out of a table cell and of a code span, and what nobody sees. */
const hostile =
  "`|` @acme/security #1 ![x](http://evil.example/beacon.png) [ok](http://evil.example) <img src=x> <!-- \u202Eevil\u200B\u0007";

/** The title and the summary of the check run as they were sent. */
async function sent(sha: string): Promise<{ title: string; summary: string }> {
  await company.idle();
  const { data } = await company.github.as("ada").rest.checks.listForRef({ ...at, ref: sha });
  const output = data.check_runs.find(({ name }) => name === "Countersign")?.output;
  return { title: output?.title ?? "", summary: output?.summary ?? "" };
}

/** The summary as a reader of Markdown sees it outside of code: code spans taken out, escaped characters too. */
function live(summary: string): string {
  return summary.replaceAll(/(?<![`\\])(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/gu, "␀").replaceAll(/\\[^\n]/gu, "");
}

it("lets no text of others mention, link, show an image or break the table in the check run", async () => {
  const rule = `rules: [{ name: ${JSON.stringify(hostile.slice(0, 90))}, when: {}, require: { approvals: 2, level: senior } }]\n`;
  const policy = `override: { level: principal }\n${rule}`;
  company = await ownCompany({ files: { [rosterFile]: roster, [policyFile]: policy } });
  company.github.createUser("mallory", { name: hostile, emails: ["mallory@example.com"] });
  accountNamed(company.github.world, "juno").name = hostile;
  const message = `${hostile}\n\n${aiTrailer} ${hostile}\nCo-Authored-By: ${hostile} <stranger@example.com>\nGenerated-By: Claude ${hostile}\n`;
  const pull = await openPull(company, { message, branch: "claude/x--@ada-#1" });
  const about = { ...at, issue_number: pull.number };
  await company.github.as("milo").rest.issues.addLabels({ ...about, labels: ["ai-generated"] });
  await review(company, pull, "grace");
  await company.idle();
  const body = `/countersign override ${hostile}`;
  await company.github.as("milo").rest.issues.createComment({ ...about, body });

  const waiting = await sent(pull.sha);
  await company.github.as("ada").rest.issues.createComment({ ...about, body });
  const overridden = await sent(pull.sha);

  expect(overridden.title).toContain("Overridden by ada (principal)");
  for (const { title, summary } of [waiting, overridden]) {
    expect(summary).toContain("beacon.png");
    expect(live(summary)).not.toMatch(/@(?!\u2060)\w|#(?!\u2060)\d|!\[|\]\([^)]*evil|:\/\/evil|<[a-z!]/u);
    expect(`${title}${summary}`).not.toMatch(/(?!\n)(?!\u2060)[\p{Cc}\p{Cf}]/u);
    for (const row of summary.split("\n").filter((line) => line.startsWith("|")))
      expect(columnsOf(row)).toBe(columnsOf(headingOf(summary, row)));
  }
});

it("lets no text of others mention, link or show an image in an answer to a command", async () => {
  // As long as the name of a level may be.
  const level = "# @acme/security ![x](http://evil.ex)<b>";
  const people = `people: { ada: ${JSON.stringify(level)}, milo: mid, juno: junior }\n`;
  const ladder = `levels: [junior, mid, ${JSON.stringify(level)}]\n${people}`;
  const rule = `rules: [{ name: Top, when: {}, require: { approvals: 1, level: ${JSON.stringify(level)} } }]\n`;
  const policy = `override: { level: ${JSON.stringify(level)} }\n${rule}`;
  company = await ownCompany({ files: { [rosterFile]: ladder, [policyFile]: policy } });
  const { number } = await openPull(company);
  await company.idle();
  const about = { ...at, issue_number: number };
  for (const [by, body] of [
    ["milo", `/countersign override ${hostile}`],
    ["juno", `/countersign ${hostile}`],
  ] as const)
    await company.github.as(by).rest.issues.createComment({ ...about, body });
  await company.idle();

  const { data } = await company.github.as("ada").rest.issues.listComments(about);
  const written = data.flatMap(({ user, body }) => (user?.login === "countersign[bot]" ? [body] : []));

  const shown = "#\u2060 @\u2060acme/security !\\[x\\](http:\u2060//evil.ex)\\<b\\>";
  expect(written).toEqual([
    `\`milo\`: this override does not count (is mid; overriding takes ${shown} or above). Ask somebody at ${shown} or above who is no contributor to this change and can push.`,
    "`juno`: there is no such command. `/countersign override`, with a reason behind it, lifts the wait where a policy lets you; `/countersign recheck` looks at this pull request again. Either is the whole first line of a new comment.",
  ]);
});

it("lets no text of others mention, link or show an image in the issue about a bypass", async () => {
  const rule = `rules: [{ name: ${JSON.stringify(hostile.slice(0, 90))}, when: {}, require: { approvals: 1, level: senior } }]\n`;
  company = await ownCompany({ files: { [rosterFile]: roster, [policyFile]: rule } });
  // With one backtick in it, which would end a code span of one.
  const text = hostile.slice(1);
  const pull = await openPull(company, { message: `Cache\n\n${aiTrailer} ${text}\n` });
  const { rest } = company.github.as("juno");
  await rest.pulls.update({ ...at, pull_number: pull.number, title: text });
  await company.idle();
  company.github.mergeAnyway(shop, pull.number, "ada");
  await company.idle();

  const [issue] = repositoryNamed(company.github.world, shop).issues.values();

  expect(issue?.title).toBe(`Merge of #${pull.number} reached main without the countersignature it needed`);
  expect(issue?.body).toContain("beacon.png");
  const ours = live(issue?.body ?? "").replaceAll(`#${pull.number}`, "");
  expect(ours).not.toMatch(/@(?!\u2060)\w|#(?!\u2060)\d|!\[|\]\([^)]*evil|:\/\/evil|<[a-z]/u);
  expect(issue?.body).not.toMatch(/(?!\n)(?!\u2060)[\p{Cc}\p{Cf}]/u);
});

/** How many cells a row of a table has: bars that are not escaped. */
function columnsOf(row: string): number {
  return row.replaceAll(/\\./gu, "").split("|").length;
}

function headingOf(summary: string, row: string): string {
  const lines = summary.split("\n");
  const above = lines.slice(0, lines.indexOf(row) + 1);
  return above.slice(above.findLastIndex((line) => !line.startsWith("|")) + 1)[0] ?? "";
}
