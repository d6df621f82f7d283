// Which requests did each role really get over a rollout, in few enough counts for a picture?
import { ROLES, type Role } from "../split.ts";
import { ms, type Ms } from "../units.ts";

/** Requests of users that were counted, by role, in times of one length that follow each other. */
export interface MeasuredCourse {
  readonly fromMs: Ms;
  /** How long each time is; doubles whenever there are too many of them. */
  readonly everyMs: Ms;
  /** Where a role's counts end before another's, it got nothing since. */
  readonly requests: Readonly<Partial<Record<Role, readonly number[]>>>;
}

/** Enough for a picture; the state of a service stays small. */
export const MOST_TIMES = 150;

/** So long is one at first. */
const FIRST_MS = ms(500);

/** Shares of fewer requests than that would show chance alone. */
const FEW = 50;

export const startCourse = (fromMs: Ms): MeasuredCourse => ({ fromMs, everyMs: FIRST_MS, requests: {} });

/** Adds what was counted up to a moment. Times become longer, and none is lost, until the moment is within the last one. */
export function count(course: MeasuredCourse, atMs: Ms, more: Readonly<Partial<Record<Role, number>>>): MeasuredCourse {
  let wide = course;
  while (timeOf(wide, atMs) >= MOST_TIMES) wide = twiceAsWide(wide);
  // A clock that was set back takes nothing from times that were told.
  const time = Math.max(timeOf(wide, atMs), timesOf(wide) - 1, 0);
  const requests = { ...wide.requests };
  for (const role of ROLES) {
    const counted = more[role] ?? 0;
    if (counted === 0) continue;
    const known = requests[role] ?? [];
    const next = known.length > time ? [...known] : [...known, ...Array<number>(time + 1 - known.length).fill(0)];
    next[time] = (next[time] ?? 0) + counted;
    requests[role] = next;
  }
  return { ...wide, requests };
}

/** A role's shares of the requests, 0…1, each at the end of the times in which there were enough of them. */
export function sharesIn(
  course: MeasuredCourse,
  role: Role,
  untilMs: number,
): readonly { readonly atMs: number; readonly share: number }[] {
  const { fromMs, everyMs, requests } = course;
  const all = Object.values(requests);
  const times = timesOf(course);
  const points: { readonly atMs: number; readonly share: number }[] = [];
  let [own, total] = [0, 0];
  for (let time = 0; time < times; time += 1) {
    own += requests[role]?.[time] ?? 0;
    total += all.reduce((sum, counts) => sum + (counts[time] ?? 0), 0);
    if (total === 0 || (total < FEW && time < times - 1)) continue;
    // The last time is not over yet.
    points.push({ atMs: Math.max(fromMs, Math.min(untilMs, fromMs + (time + 1) * everyMs)), share: own / total });
    [own, total] = [0, 0];
  }
  return points;
}

const timeOf = ({ fromMs, everyMs }: MeasuredCourse, atMs: Ms): number => Math.floor((atMs - fromMs) / everyMs);

const timesOf = ({ requests }: MeasuredCourse): number =>
  Math.max(0, ...Object.values(requests).map((counts) => counts.length));

function twiceAsWide({ fromMs, everyMs, requests }: MeasuredCourse): MeasuredCourse {
  const pairs = Object.entries(requests).map(([role, counts]) => {
    const sums = counts.flatMap((each, time) => (time % 2 === 0 ? [each + (counts[time + 1] ?? 0)] : []));
    return [role, sums] as const;
  });
  return { fromMs, everyMs: ms(everyMs * 2), requests: Object.fromEntries(pairs) };
}
