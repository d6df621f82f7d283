// What do a worker and its mirror thread say to each other, and what do both tell the main thread?
import type { FieldCounts } from "../../core/comparison.ts";
import { canonical } from "../../core/match.ts";
import type { Mirror } from "../../core/mirror.ts";
import type { Route } from "../../core/split.ts";
import type { Ms } from "../../core/units.ts";
import type { Count } from "../ledger.ts";

export type CopyRole = Mirror["to"][number];

export const COPY_ROLES: readonly CopyRole[] = ["canary", "baseline"];

/** What a mirror thread is given. */
export interface MirrorStart {
  readonly mirror: Mirror;
  /** Names the mirror, see `keyOf`. */
  readonly key: string;
  /** Longest time from sending a copy to the end of its answer. */
  readonly timeoutMs: Ms;
}

/** One copy of a request. */
export interface Target {
  readonly id: number;
  readonly role: CopyRole;
  readonly pool: string;
  readonly replica: string;
  readonly host: string;
  readonly port: number;
}

/** A request that was answered, and who gets a copy. Its bytes stand one after another: head, body, answer. */
export interface Handed {
  readonly targets: readonly Target[];
  readonly headBytes: number;
  readonly bodyBytes: number;
  /** 0 when answers are not compared. */
  readonly answerBytes: number;
  /** False when the answer was too large: the bytes hold its head and a part of its body. */
  readonly whole: boolean;
}

/** To the mirror thread. */
export type ToMirror =
  | {
      readonly kind: "handed";
      readonly requests: readonly Handed[];
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly at: number;
    }
  /** No more copies come: it ends with the last one that is under way. */
  | { readonly kind: "close" };

/** From the mirror thread. */
export interface FromMirror {
  /** Copies that are over. */
  readonly ended: readonly number[];
  /** For how long all that was handed over has been taken late, in milliseconds. */
  readonly lateMs: number;
  readonly mirrored: Mirrored;
}

/** What became of a role's copies. */
export interface CopySums {
  readonly sent: number;
  readonly shed: number;
  readonly failed: number;
  readonly compared: number;
  readonly differing: number;
}

/** What was counted since this was last told. */
export interface Mirrored {
  readonly key: string;
  /** The copies, at the replicas that got them. */
  readonly counts: readonly Count[];
  readonly sums: Readonly<Record<CopyRole, CopySums>>;
  readonly fields: readonly FieldCounts[];
}

/** A worker's news of a section's copies, or of everybody else's. */
export interface MirroredIn extends Mirrored {
  readonly section: string;
}

/** Sums that are being added up. */
export type OpenSums = Record<CopyRole, { -readonly [K in keyof CopySums]: CopySums[K] }>;

export function noSums(): OpenSums {
  const none = { sent: 0, shed: 0, failed: 0, compared: 0, differing: 0 };
  return { canary: { ...none }, baseline: { ...none } };
}

export function addSums(to: OpenSums, more: Mirrored["sums"]): void {
  for (const role of COPY_ROLES) {
    for (const name of ["sent", "shed", "failed", "compared", "differing"] as const) to[role][name] += more[role][name];
  }
}

/** Names what is compared with what: another mirror or another pool of either role begins anew. */
export function keyOf({ split, pools }: Route): string | undefined {
  const { mirror } = split;
  if (!mirror) return undefined;
  return canonical([mirror, pools.stable?.pool, ...mirror.to.map((role) => pools[role]?.pool)]);
}
