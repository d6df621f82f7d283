// What is a family of series that follows from what the controller sees?
import type { Ms } from "../../core/units.ts";
import type { Seen } from "../../runtime/controller.ts";

/** Takes in one series of the family. Labels are those that the family has, `service` aside. */
export type Add = (value: number, labels?: Readonly<Record<string, string>>) => void;

/** Series of every service, read when somebody asks: they are gone with the service. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  /** Besides `service`, which all have. */
  readonly labels: readonly string[];
  readonly of: (seen: Seen, add: Add, nowMs: Ms) => void;
}
