// What is kept of a test's users, so that a look takes in only the new ones?
import { type Arm, type Arms, NO_ONE, together } from "./arms.ts";
import type { Sample } from "./fixed.ts";
import type { Batches } from "./judge.ts";
import { lookSize } from "./users.ts";

/** Everything of a test that any look needs. Its size grows with the logarithm of the number of users. */
export interface Gathered extends Batches {
  /** The newest users, too few for a look. Of counters, conversions here may be more than users. */
  readonly open: Arms;
}

export const NOTHING_GATHERED: Gathered = { batches: [], open: NO_ONE, total: NO_ONE, first: NO_ONE };

/** One user whose outcome is settled. */
export interface Settled {
  readonly variant: "control" | "treatment";
  readonly converted: boolean;
}

const VARIANTS = ["control", "treatment"] as const;

const usersIn = ({ control, treatment }: Arms): number => control.users + treatment.users;

/**
 * So many users more, in their order. Looks and the planned sample are the same however the users come in portions: those
 * of `looksOf` and `firstOf` over all of them.
 */
export function gatherUsers(before: Gathered, users: readonly Settled[], sample: Sample | undefined): Gathered {
  const batches = [...before.batches];
  let { open, total, first } = before;
  let size = lookSize(usersIn(total) - usersIn(open));
  for (const { variant, converted } of users) {
    const one = { ...NO_ONE, [variant]: { users: 1, converted: Number(converted) } };
    total = together(total, one);
    open = together(open, one);
    if (!sample || first[variant].users < sample[variant]) first = together(first, one);
    if (usersIn(open) < size) continue;
    batches.push(open);
    open = NO_ONE;
    size = lookSize(usersIn(total));
  }
  return { batches, open, total, first };
}

const whole = ({ users, converted }: Arm): Arm => {
  const count = Math.floor(users);
  return { users: count, converted: Math.min(count, Math.floor(converted)) };
};

const bothWhole = ({ control, treatment }: Arms): Arms => ({ control: whole(control), treatment: whole(treatment) });

function less(a: Arm, b: Arm): Arm {
  return { users: a.users - b.users, converted: a.converted - b.converted };
}

/**
 * So much more was counted, without saying of whom. A look is closed at a reading, with as many users as `lookSize` asks
 * or more; conversions that are more than its users wait for the next one, for they are of users who came before. The
 * planned sample is what there is at the first reading that has it, and stays that.
 */
export function gatherCounts(before: Gathered, more: Arms, sample: Sample | undefined): Gathered {
  const total = together(before.total, more);
  const open = together(before.open, more);
  const has = (arms: Arms): boolean =>
    sample !== undefined && VARIANTS.every((variant) => Math.floor(arms[variant].users) >= sample[variant]);
  const first = has(before.first) ? before.first : bothWhole(total);
  const batch = bothWhole(open);
  const counted = usersIn(total) - usersIn(open);
  if (usersIn(batch) < lookSize(counted)) return { ...before, open, total, first };
  const rest = { control: less(open.control, batch.control), treatment: less(open.treatment, batch.treatment) };
  return { batches: [...before.batches, batch], open: rest, total, first };
}

/** What can be judged of what was counted: whole users, and no more conversions than users. */
export function judgeable({ batches, total, first }: Gathered): Batches {
  return { batches, total: bothWhole(total), first };
}
