/** What the specification says of the past: which pushes count, what was cleared, and which evidence still asks for something. */
import type { BranchPush, Commit, Pull, Push, Reading, World } from "./specification.ts";

/** The pushes that led to the head: those that the app must have been told of, or all there were. */
function pushesKnown(pull: Pull, reading: Reading): readonly Push[] {
  const { pushes } = pull;
  if (reading === "strictest") return pushes;
  // They are followed back from the head, as far as there is no gap; what a push replaced is known by that push alone.
  const gap = pushes.findLastIndex(
    ({ push, told }) => !told && (push.heard === null || !isOnTheWay(pull, push)),
  );
  return pushes.filter(({ told }, at) => told || at > gap);
}

/** A push to another branch is on the way if that one had the commits first, as far as the order of the deliveries shows. */
function isOnTheWay({ branch, pushes }: Pull, { branch: to, heard }: BranchPush): boolean {
  if (heard === null) return false;
  return pushes.every(
    ({ push: own }) => to === branch || own.branch !== branch || (own.heard ?? Infinity) > heard,
  );
}

/** Those since the branch left the base. Whether it left it anew with a force-push only git knows, so by the strictest reading all. */
export function pushesSince(world: World, pull: Pull, reading: Reading): readonly Push[] {
  const known = pushesKnown(pull, reading);
  if (reading === "strictest") return known;
  const left = known.findLastIndex(({ push: { after } }) => world.isIn(pull.base, after));
  return known.slice(left + 1);
}

/** @returns whether a commit asks for nothing again. */
export function clearedBy(
  world: World,
  reading: Reading,
): (commit: Pick<Commit, "sha" | "pushed">) => boolean {
  const merged = world.pulls.flatMap((pull) => pull.merged ?? []).filter(({ cleared }) => cleared[reading]);
  // That it was pushed where no rule applied the app may not have been told.
  return ({ sha, pushed }) =>
    (pushed && reading === "mildest") || merged.some(({ commits }) => commits.has(sha));
}

/** Whether a commit that is in the branch, or was when somebody pushed, is assisted, as far as the pushes are known. */
export function isAssisted(world: World, pull: Pull, reading: Reading): boolean {
  // What a head of another pull request showed, that was merged, was the matter of that one, if it was no head of this one.
  const settled = world.pulls.filter(
    ({ merged }) => merged !== null && (merged.base === pull.base || merged.cleared[reading]),
  );
  const others = settled.flatMap(({ pushes }) => pushes.map(({ push }) => push.after));
  const heads = pushesSince(world, pull, reading)
    .filter(({ told, push }) => told || !others.includes(push.after))
    .flatMap(({ push: { before, after }, forced }) =>
      forced && before !== null ? [before, after] : [after],
    );
  const isCleared = clearedBy(world, reading);
  return [pull.head, ...heads].some((head) =>
    world.range(pull.base, head).some((commit) => commit.assisted && !isCleared(commit)),
  );
}

/** Whether evidence is remembered, of this pull request or of one that it inherits from, that still asks for something. */
export function isRemembered(world: World, pull: Pull, reading: Reading): boolean {
  const isCleared = clearedBy(world, reading);
  const asks = (sign: string) => !world.isIn(pull.base, sign) && !isCleared({ sha: sign, pushed: false });
  const signsOn = ({ known, ever }: Pull) => [...(reading === "mildest" ? known : ever)].filter(asks);
  if (signsOn(pull).length > 0) return true;
  return [...kinOf(world, pull, reading)].some(
    ([other, left]) => (left || other.merged?.cleared[reading] !== true) && signsOn(other).length > 0,
  );
}

/**
 * Whom a pull request inherits from: earlier ones with its branch or a tree of theirs, and those these inherit from in turn; of those
 * that were merged into its base only by a tree that was left out of the merge; and those whose merge into another branch it contains.
 * With each whether what they share was left out.
 */
function kinOf(world: World, pull: Pull, reading: Reading): ReadonlyMap<Pull, boolean> {
  const now = world.range(pull.base, pull.head).map(({ tree }) => tree);
  const treesOf = (each: Pull) => [
    ...(reading === "mildest" ? each.knownTrees : each.everTrees),
    ...(each === pull ? now : []),
  ];
  const kin = new Map<Pull, boolean>();
  const heirs = [pull];
  for (let heir = heirs.pop(); heir !== undefined; heir = heirs.pop()) {
    const theirs = treesOf(heir);
    for (const other of world.pulls.filter((each) => each !== pull && each !== heir)) {
      const { merged } = other;
      const shared = treesOf(other).filter((tree) => theirs.includes(tree));
      const left = merged !== null && shared.some((tree) => !merged.trees.has(tree));
      const isKin = other.number < pull.number && (other.branch === heir.branch || shared.length > 0);
      // Nobody says when the app must know of a merge that it did not look at.
      const contains = reading === "strictest" && merged !== null && now.includes(merged.as.tree);
      if (!(isKin && left) && !((isKin || contains) && merged?.base !== pull.base)) continue;
      if (!kin.has(other)) heirs.push(other);
      kin.set(other, left || kin.get(other) === true);
    }
  }
  return kin;
}
