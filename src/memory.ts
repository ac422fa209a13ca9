/**
 * What is remembered of pull requests, as our own check run carries it in its `text`: should the store be lost, GitHub still
 * has it. Nobody is disturbed, because an HTML comment is not shown, and nobody else can write it: a check run belongs to
 * the app that made it, and no text of users gets into `text` but in base64, which can end no comment and fake none.
 */
import { z } from "zod";
import { evidenceKey } from "./gate/assistance.ts";
import type { Evidence } from "./gate/evidence.ts";
import type { Observation } from "./gate/facts.ts";
import { observation } from "./store/observations.ts";

/** What is remembered: everything else GitHub shows again, or decides nothing. */
export type Remembered = Extract<Observation, { kind: "evidence" | "push" }>;

/** Something there is to remember of a pull request. */
export type Memory = { readonly number: number; readonly observations: readonly Observation[] };

const before = "<!-- countersign:memory:1 ";
const after = " -->";

/** GitHub takes 65,535 characters and may count otherwise than JavaScript; of base64, four stand for three bytes. */
const bytesMax = 45_000;

/** Of a longer quote only the beginning is kept: it shows what was found, and a commit message may have a megabyte. */
const quoteCharactersMax = 300;

const memorySchema = z.array(z.object({ number: z.int(), observations: z.array(observation) }));

/**
 * The text of a check run that remembers these pull requests; null when there is nothing to remember. Where not everything has
 * room, first comes one piece of evidence of each tool, then who pushed, then the rest. One pull request may be given in parts.
 */
export function toText(memories: readonly Memory[]): string | null {
  // In one order, so that the same memory gives the same text whichever pull request is looked at.
  const numbers = [...new Set(memories.map(({ number }) => number))].toSorted((one, other) => one - other);
  const all = numbers.flatMap((number) => {
    const own = memories.filter((memory) => memory.number === number);
    const observations = byImportance(own.flatMap((memory) => memory.observations));
    return observations.map((entry, rank) => ({ number, rank, entry: shortened(entry) }));
  });
  let bytes = 0;
  const kept = all
    .toSorted((one, other) => one.rank - other.rank)
    .filter(({ number, entry }) => {
      const size = Buffer.byteLength(JSON.stringify({ number, entry }));
      if (bytes + size > bytesMax) return false;
      bytes += size;
      return true;
    });
  if (kept.length === 0) return null;
  const written = numbers.map((number) => ({
    number,
    observations: kept.filter((one) => one.number === number).map(({ entry }) => entry),
  }));
  return `${before}${Buffer.from(JSON.stringify(written)).toString("base64")}${after}`;
}

/** Evidence and pushes, each once, the most important first; nothing else has to be remembered. */
function byImportance(observations: readonly Observation[]): Remembered[] {
  const evidence = new Map<string, Evidence>();
  const seen = observations.flatMap((entry) => (entry.kind === "evidence" ? [entry.evidence] : []));
  // What was seen here as well as on an earlier pull request is its own, whichever was seen first.
  for (const one of [...seen.filter(isOwn), ...seen.filter((each) => !isOwn(each))]) {
    if (!evidence.has(evidenceKey(one))) evidence.set(evidenceKey(one), one);
  }
  const pushes = new Map<string, Remembered>();
  for (const entry of observations) {
    if (entry.kind !== "push") continue;
    const { actor, before: from, after: to } = entry;
    const key = JSON.stringify([actor, from, to]);
    if (!pushes.has(key)) pushes.set(key, entry);
  }
  const tools = new Set<string>();
  const [first, rest]: [Remembered[], Remembered[]] = [[], []];
  for (const one of evidence.values()) {
    (tools.has(one.tool) ? rest : first).push({ kind: "evidence", evidence: one });
    tools.add(one.tool);
  }
  return [...first, ...pushes.values(), ...rest];
}

function isOwn({ seenOn }: Evidence): boolean {
  return seenOn === undefined;
}

/** An observation as it is written; its key is another one where its quote was cut. */
export function shortened(entry: Remembered): Remembered {
  if (entry.kind !== "evidence" || entry.evidence.quote.length <= quoteCharactersMax) return entry;
  // By characters: half of one could not be written.
  const quote = `${[...entry.evidence.quote].slice(0, quoteCharactersMax).join("")}…`;
  return { kind: "evidence", evidence: { ...entry.evidence, quote } };
}

/**
 * What a check run of ours remembers of a pull request. A text that is not of this form was written by another version, and
 * remembers nothing; null for one that should be and is damaged.
 */
export function fromText(text: string, number: number): Remembered[] | null {
  const line = text.trim();
  if (!line.startsWith(before) || !line.endsWith(after)) return [];
  const memories = memorySchema.safeParse(parsed(line.slice(before.length, -after.length)));
  if (!memories.success) return null;
  const own = memories.data.filter((memory) => memory.number === number);
  return own.flatMap(({ observations }) => observations).filter(isRemembered);
}

/** Whether it is of the kinds that are remembered. */
export function isRemembered(entry: Observation): entry is Remembered {
  return entry.kind === "evidence" || entry.kind === "push";
}

function parsed(base64: string): unknown {
  try {
    return JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
