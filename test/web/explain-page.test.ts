import { expect, it } from "vitest";
import { undecidable } from "../../src/gate/verdict.ts";
import { appendAudit } from "../../src/store/audit.ts";
import { recordFailedLook } from "../../src/store/record-look.ts";
import { explainedPull, explainPage } from "../../src/web/explain-page.ts";
import { openAcme, roster, rosterFile, shop } from "../look/acme.ts";
import { pageWords, words } from "./words.ts";

type Acme = Awaited<ReturnType<typeof openAcme>>;

async function page({ store }: Acme, number = 1): Promise<string> {
  const explained = await explainedPull(store, "acme/shop", number);
  if (explained === null) throw new Error(`Nothing is recorded of #${number}.`);
  return pageWords(explainPage(explained, 1).content.markup);
}

it("shows what was recorded, and says when the head has moved since", async () => {
  const acme = await openAcme();
  await acme.look();
  const sha = acme.github.push("acme/shop", {
    branch: "topic",
    pusher: "june",
    files: { "cart.ts": "export const total = 2;\n" },
    message: "Round it",
  });
  await acme.deliver();

  const said = await page(acme);

  const [now, then] = [sha.slice(0, 7), acme.head.slice(0, 7)];
  expect(said).toContain(words("Waiting for 1 approval by senior or above"));
  expect(said).toContain(words(`The head is ${now} by now and waits for its look. This is about ${then}.`));
});

it("hides no row: what does not fit on one page is on the next, and each part of the table leads to the others", async () => {
  const acme = await openAcme();
  await acme.look();
  const explained = await explainedPull(acme.store, "acme/shop", 1);
  if (explained === null) throw new Error("Nothing is recorded of #1.");
  // As many reviews as are read before the verdict is that it cannot be decided.
  const refused = Array.from({ length: 1000 }, (_, at) => ({
    reviewer: `reviewer-${at}`,
    state: "approval",
    reason: "is not on the roster",
  }));
  const parts = [1, 2].map(
    (part) => explainPage({ ...explained, verdict: { ...explained.verdict, refused } }, part).content.markup,
  );
  const late = explainPage({ ...explained, verdict: { ...explained.verdict, refused } }, 3).content.markup;

  const reviewers = [...parts.join("").matchAll(/<code>(reviewer-\d+)</gu)].map(([, name]) => name);
  expect(reviewers).toEqual(refused.map(({ reviewer }) => reviewer));
  for (const [at, markup] of parts.entries()) {
    expect(pageWords(markup)).toContain(words(`Part ${at + 1} of 2, of 1000 rows: Part 1 Part 2`));
    expect(markup).toContain('<a href="?part=2#reviews-that-do-not-count">');
    // A table that is short is whole on each of them.
    expect(pageWords(markup)).toContain(words("june junior"));
  }
  expect(late).toBe(parts[1]);
});

it("does not show a verdict as the present one while looks fail", async () => {
  const acme = await openAcme();
  await acme.look();
  await acme.review("grace", "APPROVE");
  await acme.look();
  const problem = { what: "a secret of the log", repair: "" };
  const verdict = undecidable({ number: 1, headSha: acme.head, mode: "enforce" }, problem);
  await recordFailedLook(acme.store, { repo: "acme/shop", number: 1, base: "main", verdict, now: 1 });

  const said = await page(acme);

  const [state = "", history = ""] = said.split(words("What was decided, and when"));
  expect(state).toContain(words("Could not decide: one look after another failed."));
  expect(state).not.toContain(words("Countersigned by grace (senior)."));
  expect(history).toContain(words(`Countersigned by grace (senior), at ${acme.head.slice(0, 7)}.`));
  expect(said).not.toContain(words("a secret of the log"));
});

it("shows what the check run of a shared head shows: the strictest verdict", async () => {
  const acme = await openAcme({ [rosterFile]: roster });
  acme.github.push("acme/shop", { branch: "release/1", pusher: "ada", files: { a: "" }, message: "Release" });
  acme.github.requireCheck("acme/shop", "release/1", { context: "Countersign" });
  await acme.github
    .as("june")
    .rest.pulls.create({ ...shop, title: "Again", head: "topic", base: "release/1" });
  await acme.deliver();
  await acme.review("grace", "APPROVE", 1);
  await acme.look(1);

  const said = await page(acme, 1);

  expect(said).toContain(words("#2: Waiting for 1 approval by senior or above"));
  expect(said).toContain(
    words("This head commit is also that of #1; the strictest verdict, that of #2, is shown."),
  );
});

it("has a bypass in the history, at its time", async () => {
  const acme = await openAcme();
  await acme.look();
  const about = { kind: "bypass", repo: "acme/shop", sha: acme.head, actorId: null, body: {} };
  for (const number of [1, 2])
    await appendAudit(acme.store, { ...about, number, at: acme.context.now() + number });

  const [, history = ""] = (await page(acme)).split(words("What was decided, and when"));

  expect(history.split(words("Bypass: it landed without what it needed"))).toHaveLength(2);
  expect(history.indexOf("Bypass")).toBeLessThan(history.indexOf("Waitingfor"));
});

it("says how to write a roster where there is none", async () => {
  const acme = await openAcme({ "README.md": "" });
  await acme.look();

  expect(await page(acme)).toContain(words("with your own names: people: ada: senior grace: junior"));
});

it("has no more to say where nothing was recorded", async () => {
  const acme = await openAcme();
  expect(await explainedPull(acme.store, "acme/shop", 1)).toBeNull();
});
