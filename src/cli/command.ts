/** What every command does alike: reads its options and words, helps, and says in a line why it cannot go on. */
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import type { Checked } from "../config/environment.ts";

/** Kinds of options. */
export const flag = { type: "boolean" } as const;
export const text = { type: "string" } as const;
const help = { type: "boolean", short: "h" } as const;

/** What commands need of their process; each takes its part. */
export type Io = {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The clock, ms since epoch. */
  readonly now: () => number;
  /** Waits so many ms. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Returns the text of a file, or throws. */
  readonly readFile: (path: string) => string;
  readonly stdin: () => AsyncIterable<string>;
  readonly stdout: (text: string) => void;
  /** The same, for long output: resolves once more can be taken, so that a slow reader holds up the work and not the memory. */
  readonly stream: (text: string) => Promise<void>;
  readonly stderr: (text: string) => void;
  readonly colour: boolean;
  /** Whether a line that overwrites itself may be written to stderr. */
  readonly progress: boolean;
  /** Asks somebody at a terminal; null where there is none. */
  readonly ask: ((question: string) => Promise<string>) | null;
  /** Aborted when it is no use to wait for somebody any longer. */
  readonly signal: AbortSignal;
};

/** A command cannot do what it was asked; one line that says what to do. */
export class CommandError extends Error {}

/** Something that is wrong with how a command was called; one line. */
export class UsageError extends CommandError {}

/** Files with problems, each on a line with its place. */
export class BrokenFiles extends Error {}

/** What was read of the environment. @throws CommandError with every problem of it. */
export function known<T>(checked: Checked<T>): T {
  if (checked.kind === "broken") throw new CommandError(checked.problems.join("\n"));
  return checked.value;
}

/** The options that were given to a command, and its other words. */
export type Words<Options extends ParseArgsOptionsConfig> = ReturnType<typeof readWords<Options>>;

type Command<Options extends ParseArgsOptionsConfig> = {
  readonly name: string;
  readonly help: string;
  readonly options: Options;
  /** Whether it takes words besides its options. */
  readonly allowPositionals: boolean;
  /** Errors besides those above whose message says what to do. */
  readonly known: readonly ErrorClass[];
};

type ErrorClass = new (message: string) => Error;

/** Runs a command on its arguments; resolves with the exit status, which is 2 for whatever is wrong with them or in its way. */
export async function runCommand<Options extends ParseArgsOptionsConfig>(
  command: Command<Options>,
  argv: readonly string[],
  io: Pick<Io, "stdout" | "stderr">,
  run: (words: Words<Options>) => Promise<number> | number,
): Promise<number> {
  try {
    const words = readWords(argv, command);
    if ("help" in words.values) {
      io.stdout(command.help);
      return 0;
    }
    return await run(words);
  } catch (error) {
    const how = `Run "countersign ${command.name} --help" for how it is used.\n`;
    const isKnown = [CommandError, BrokenFiles, ...command.known].some((kind) => error instanceof kind);
    if (!(error instanceof Error) || !isKnown) throw error;
    if (error instanceof BrokenFiles) io.stderr(error.message);
    else
      io.stderr(`countersign ${command.name}: ${error.message}\n${error instanceof UsageError ? how : ""}`);
    return 2;
  }
}

function readWords<Options extends ParseArgsOptionsConfig>(
  argv: readonly string[],
  { options, allowPositionals }: Pick<Command<Options>, "options" | "allowPositionals">,
) {
  try {
    return parseArgs({ args: [...argv], options: { ...options, help }, allowPositionals });
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message.replaceAll("\n", " ")) : error;
  }
}
