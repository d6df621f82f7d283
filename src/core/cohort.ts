// Which part of the share axis does a user keep, and whose part is that?
//
// One definition for the proxy, which sends a user's requests there, and for whoever must say later where they went.
import { ROLES, shareOf, type Role, type Weights } from "./split.ts";
import { WHOLE } from "./units.ts";

/** The axis as the hot path sees it: 32-bit integers, so that no sum ever drifts. */
export const AXIS = 2 ** 32;

/** MurmurHash3's finalizer: a bijection of 32-bit integers in which every bit of the input moves half of the output. */
export function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The value that `mix` turns into `mixed`. */
export function unmix(mixed: number): number {
  let h = mixed ^ (mixed >>> 16);
  h = Math.imul(h, 0x7ed1b41d);
  h = Math.imul(h ^ (h >>> 13) ^ (h >>> 26), 0xa5cb9243);
  return (h ^ (h >>> 16)) >>> 0;
}

function hash(text: string, seed: number): number {
  let h = seed | 0;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix(h);
}

/** What a split's salt does to every key: computed once per split. */
export function seedOf(salt: string): number {
  return hash(salt, 0x811c9dc5);
}

/**
 * The number in a key that the proxy handed out itself, `s` and eight hexadecimal digits; -1 for other keys (an
 * application's cookie), which are any text. By hand, because a match object a request is the dearest part of a cohort.
 */
function issued(key: string): number {
  if (key.length !== 9 || key.charCodeAt(0) !== 115) return -1;
  let number = 0;
  for (let i = 1; i < 9; i += 1) {
    const code = key.charCodeAt(i);
    const digit = code < 58 ? code - 48 : code - 87;
    if (digit < 0 || digit > 15 || (code >= 58 && digit < 10)) return -1;
    number = number * 16 + digit;
  }
  return number;
}

/** Where on the axis the user with this key is. */
export function positionOf(key: string, seed: number): number {
  const number = issued(key);
  return number < 0 ? hash(key, seed) : mix(number ^ seed);
}

/** The key, of those that the proxy hands out, whose position this is. */
export function keyAt(position: number, seed: number): string {
  const key = (unmix(position) ^ seed) >>> 0;
  return `s${key.toString(16).padStart(8, "0")}`;
}

/** Ends of the roles' parts of the axis, in the order of `ROLES`. */
export function cut(weights: Weights): readonly number[] {
  let sum = 0;
  return ROLES.map((role) => {
    sum += shareOf(weights, role);
    return Math.round((sum / WHOLE) * AXIS);
  });
}

/** The role whose part of the axis holds `position`; with weights that sum to less than the whole, the rest is stable's. */
export function roleAt(cuts: readonly number[], position: number): Role {
  for (let i = 0; i < ROLES.length; i += 1) {
    if (position < (cuts[i] ?? 0)) return ROLES[i] ?? "stable";
  }
  return "stable";
}
