/** Reads our Dockerfile: as much of the format as it uses, and an error for the rest. */

export type Instruction = { readonly name: string; readonly text: string };
/** One stage. `name` is what follows AS; empty for one without. */
export type Stage = {
  readonly name: string;
  readonly from: string;
  readonly instructions: readonly Instruction[];
};

const known = /^(FROM|LABEL|ENV|WORKDIR|COPY|RUN|VOLUME|USER|EXPOSE|HEALTHCHECK|CMD)$/;

/** The stages in their order. @throws on an instruction that our Dockerfile does not use. */
export function readDockerfile(text: string): Stage[] {
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  for (const line of text.replaceAll("\\\n", " ").split("\n")) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [, name = "", rest = ""] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    if (!known.test(name))
      throw new Error(`The Dockerfile has an instruction that is not understood here: ${line}`);
    const [from = "", , stage = ""] = rest.split(/\s+/);
    if (name === "FROM") stages.push({ name: stage, from, instructions: [] });
    else stages.at(-1)?.instructions.push({ name, text: rest });
  }
  return stages;
}

/** All texts of one kind of instruction. */
export function textsOf(stage: Stage | undefined, name: string): string[] {
  return (stage?.instructions ?? []).filter((each) => each.name === name).map(({ text }) => text);
}

/** The variables of ENV, of one line each. */
export function environmentOf(stage: Stage | undefined): Record<string, string> {
  const pairs = textsOf(stage, "ENV").flatMap((text) => text.split(/\s+/).map((pair) => pair.split("=")));
  return Object.fromEntries(pairs.map(([name = "", value = ""]) => [name, value]));
}
