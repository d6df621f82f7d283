// What is known of two variants: how many users, and how many of them converted?

/** Users of one variant, each counted once, and how many of them converted. Whole numbers. */
export interface Arm {
  readonly users: number;
  readonly converted: number;
}

/** Both variants. Differences are those of the treatment's rate from the control's. */
export interface Arms {
  readonly control: Arm;
  readonly treatment: Arm;
}

export const NOBODY: Arm = { users: 0, converted: 0 };

export const NO_ONE: Arms = { control: NOBODY, treatment: NOBODY };

/** The same test with the names exchanged. */
export function exchanged({ control, treatment }: Arms): Arms {
  return { control: treatment, treatment: control };
}

function sum(a: Arm, b: Arm): Arm {
  return { users: a.users + b.users, converted: a.converted + b.converted };
}

/** The users of both. */
export function together(a: Arms, b: Arms): Arms {
  return { control: sum(a.control, b.control), treatment: sum(a.treatment, b.treatment) };
}

/** Converted per user; `undefined` without users. */
export function rateOf({ users, converted }: Arm): number | undefined {
  return users > 0 ? converted / users : undefined;
}

function checkArm(name: string, { users, converted }: Arm): void {
  if (!Number.isSafeInteger(users) || users < 0) throw new RangeError(`${name}: not a number of users: ${users}`);
  if (!Number.isSafeInteger(converted) || converted < 0 || converted > users) {
    throw new RangeError(`${name}: not a number of converted among ${users} users: ${converted}`);
  }
}

/** Refuses counts that cannot be: a RangeError names the arm and the number. */
export function checkArms({ control, treatment }: Arms): void {
  checkArm("control", control);
  checkArm("treatment", treatment);
}
