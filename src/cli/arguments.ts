import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

/** Kinds of options. */
export const flag = { type: "boolean" } as const;
export const text = { type: "string" } as const;

/** Reads the options of a command, `--help` among them, and its other words. @throws what `wrong` makes of a mistake there. */
export function readWords<Options extends ParseArgsOptionsConfig>(
  argv: readonly string[],
  own: Options,
  wrong: (problem: string) => Error = (problem) => new TypeError(problem),
) {
  const options = { ...own, help: { type: "boolean", short: "h" } } as const;
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    throw error instanceof TypeError ? wrong(error.message.replaceAll("\n", " ")) : error;
  }
}
