// How is a source of figures asked in the tests, and what does it know?
import { createVendor } from "../../../src/adapters/figures/vendor.ts";
import { systemClock } from "../../../src/adapters/system/clock.ts";
import { VENDORS, type VendorKind, type VendorSpec } from "../../../src/core/spec/vendors.ts";
import { ms, type Ms } from "../../../src/core/units.ts";
import type { FigurePlace, Known, Odd } from "../../../src/ports/figures.contract.ts";
import { type Answer, Front } from "./front.ts";

/** On a full minute. */
export const FROM = ms(1_700_000_040_000);
export const MINUTE = 60_000;
export const TO = ms(FROM + 3 * MINUTE);

/** Of one series: what is not in the interval is large. A point may have no value. */
export const POINTS: readonly (readonly [atMs: number, value: number | null])[] = [
  [FROM, 100],
  [FROM + MINUTE, 4],
  [FROM + 2 * MINUTE, null],
  [TO, 8],
  [TO + MINUTE, 1_000],
];
export const INSIDE = POINTS.slice(1, 4);
export const LEVEL = 6;
export const COUNT = 12;

export const SECRET = 's3cret/"key"';
const VARIABLE = "FIGURES_TEST_KEY";
export const KEY = { env: VARIABLE } as const;

/** What stands in a rollout file. */
export function specOf(kind: VendorKind, fields: object): VendorSpec {
  process.env[VARIABLE] = SECRET;
  // The name of a key stands in each request as it is.
  process.env["FIGURES_TEST_ID"] = "AKIAEXAMPLE";
  return VENDORS[kind].parse(fields);
}

/** Somebody who answers over HTTP. */
export interface Vendor {
  readonly kind: VendorKind;
  readonly fields: (url: string) => object;
  readonly answer: Answer;
  readonly level: string;
  readonly count: string;
  readonly values?: { readonly level: number; readonly count: number };
  readonly odd: Readonly<Record<string, Odd>>;
  readonly garbage?: RegExp;
  readonly interval?: { readonly fromMs: Ms; readonly toMs: Ms };
  readonly dispose?: () => Promise<void>;
}

/** The vendor behind a front that can misbehave. */
export async function placeOf(vendor: Vendor): Promise<FigurePlace & { readonly front: Front }> {
  const front = new Front(vendor.answer);
  await front.start();
  const { level, count, values = { level: LEVEL, count: COUNT }, odd, interval } = vendor;
  const known = (query: string, as: Known["as"]): Known => ({ query, as, value: values[as] });
  return {
    front,
    source: (timeoutMs) => {
      const spec = { ...specOf(vendor.kind, vendor.fields(front.url)), timeoutMs } as VendorSpec;
      return createVendor(spec, { clock: systemClock() });
    },
    fromMs: interval?.fromMs ?? FROM,
    toMs: interval?.toMs ?? TO,
    level: known(level, "level"),
    count: known(count, "count"),
    odd,
    faults: {
      refused: /^answered 401: "/u,
      forbidden: /^answered 403: "/u,
      broken: /^answered 500: "/u,
      slow: /^did not answer within 600ms$/u,
      garbage: vendor.garbage ?? /^answered with something that is not JSON: "<html>a page of somebody else/u,
      huge: /^answered with more than 8 MiB$/u,
      cut: /^closed the connection before the end of its answer$/u,
      gone: /^cannot be reached: nobody listens there$/u,
      busy: true,
    },
    misbehave: (fault) => front.misbehave(fault),
    secret: SECRET,
    dispose: async () => {
      await front.stop();
      await vendor.dispose?.();
    },
  };
}
