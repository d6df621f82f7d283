// Does a source give one figure per question, and say what it has instead, whatever it is asked and answered?
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ms, type Ms } from "../core/units.ts";
import type { Figure, FigureAsked, FigureSource } from "./figures.ts";

/** What can go wrong between a source and whoever answers it. */
export type Fault = "refused" | "forbidden" | "busy" | "broken" | "slow" | "garbage" | "huge" | "cut" | "gone";

/** A question, and its answer. */
export interface Known extends Pick<FigureAsked, "query" | "as"> {
  readonly value: number;
}

/** Somebody who keeps figures, and can be told to misbehave. */
export interface FigurePlace {
  /** Asks them, with so much time. */
  source(timeoutMs: Ms): FigureSource;
  readonly fromMs: Ms;
  readonly toMs: Ms;
  readonly level: Known;
  readonly count: Known;
  /** Questions without one finite number for an answer, and what is said of them. */
  readonly odd: Readonly<Record<string, Odd>>;
  /** What it can be made to do, and what is then said. `busy` is over after the first request. */
  readonly faults: Readonly<Partial<Record<Exclude<Fault, "busy">, RegExp>>> & { readonly busy?: true };
  misbehave(fault: Fault | undefined): Promise<void>;
  /** In no text. */
  readonly secret: string;
  dispose(): Promise<void>;
}

/** A question that has no figure. */
export interface Odd extends Pick<FigureAsked, "query"> {
  readonly why: RegExp;
}

const ENOUGH = ms(20_000);
/** For who does not answer. */
const LITTLE = ms(600);
const NEVER = new AbortController().signal;

/** Every source must pass this. The first questions of `odd` are of a series without data and of several series. */
export function figuresContract(name: string, make: () => Promise<FigurePlace>): void {
  describe(`${name} as a source of figures`, () => {
    let place: FigurePlace;
    const open: FigureSource[] = [];
    beforeEach(async () => {
      place = await make();
    }, 60_000);
    afterEach(async () => {
      for (const source of open.splice(0)) source.close?.();
      await place.dispose();
    });
    const asked = ({ query }: Pick<FigureAsked, "query">, as: FigureAsked["as"]): FigureAsked => ({
      query,
      as,
      fromMs: place.fromMs,
      toMs: place.toMs,
    });
    const made = (timeoutMs = ENOUGH): FigureSource => {
      const source = place.source(timeoutMs);
      open.push(source);
      return source;
    };
    const ask = (questions: readonly FigureAsked[], timeoutMs = ENOUGH): Promise<readonly Figure[]> =>
      made(timeoutMs).ask(questions, { signal: NEVER });
    const level = (): FigureAsked => asked(place.level, "level");
    const count = (): FigureAsked => asked(place.count, "count");
    const figure = ({ value }: Known): Figure => ({ ok: true, value });
    const why = (said: RegExp): object => ({ ok: false, why: expect.stringMatching(said) as unknown });

    test("each question has its figure, in their order", async () => {
      expect(await ask([level(), count(), level()])).toEqual([
        figure(place.level),
        figure(place.count),
        figure(place.level),
      ]);
    });

    test("no question, no figure", async () => {
      expect(await ask([])).toEqual([]);
    });

    test("the same questions, asked by many", async () => {
      const many = Array.from({ length: 70 }, (_, index) => (index % 3 === 0 ? count() : level()));
      const expected = many.map(({ as }) => figure(as === "count" ? place.count : place.level));
      expect(await ask(many, ms(60_000))).toEqual(expected);
    }, 90_000);

    test("what has no figure says why, is never 0, and spoils no other", async () => {
      const odd = Object.values(place.odd);
      expect(odd.length).toBeGreaterThan(1);
      const questions = odd.flatMap((one) => [asked(one, "level"), count(), asked(one, "count"), level()]);
      const expected = odd.flatMap((one) => [why(one.why), figure(place.count), why(one.why), figure(place.level)]);
      expect(await ask(questions)).toEqual(expected);
    }, 60_000);

    test("a call that was called off rejects", async () => {
      const source = made();
      await expect(source.ask([level()], { signal: AbortSignal.abort(new Error("not now")) })).rejects.toThrow(
        "not now",
      );
    });

    test("one that is called off on the way rejects too", async () => {
      if (!place.faults.slow) return;
      await place.misbehave("slow");
      const source = made();
      const off = new AbortController();
      const asking = source.ask([level()], { signal: off.signal });
      off.abort(new Error("not any more"));
      await expect(asking).rejects.toThrow("not any more");
    });

    test.each(["refused", "forbidden", "broken", "slow", "garbage", "huge", "cut", "gone"] as const)(
      "%s: each question says so, and the next one is answered again",
      async (fault) => {
        const said = place.faults[fault];
        if (!said) return;
        await place.misbehave(fault);
        const figures = await ask([level(), count()], fault === "slow" ? LITTLE : ENOUGH);
        expect(figures).toEqual([why(said), why(said)]);
        expect(JSON.stringify(figures)).not.toContain(JSON.stringify(place.secret).slice(1, -1));
        expect(figures.map((one) => (one.ok ? "" : one.why)).join("")).not.toContain(place.secret);
        await place.misbehave(undefined);
        expect(await ask([level()])).toEqual([figure(place.level)]);
      },
    );

    test("busy: asked again when it says so", async () => {
      if (!place.faults.busy) return;
      await place.misbehave("busy");
      expect(await ask([level()])).toEqual([figure(place.level)]);
    });
  });
}
