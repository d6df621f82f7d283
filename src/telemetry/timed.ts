// How long do calls of the parts take, and how do they end?
import type { Factory, OwnedWorkload } from "../runtime/parts.ts";

type CallOutcome = "ok" | "unreadable" | "failed" | "timeout";

/** One call that has ended. */
interface TimedCall {
  /** `workload`, `router`, `metrics`, `journal`, `messenger`, `signals`, `alerts`, `tests`. */
  readonly part: string;
  /** The method: `observe`, `apply`, `append`. */
  readonly call: string;
  readonly outcome: CallOutcome;
  readonly seconds: number;
}

export type OnCall = (call: TimedCall) => void;

type Method = (...given: readonly unknown[]) => unknown;

/** The same part; every call that answers with a promise is told of when it has ended. */
export function timed<T extends object>(part: string, port: T, onCall: OnCall): T {
  const methods = new Map<PropertyKey, Method>();
  return new Proxy(port, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const known = methods.get(name);
      if (known) return known;
      const made: Method = (...given) =>
        follow({ part, call: String(name), given, onCall }, () => Reflect.apply(value as Method, target, given));
      methods.set(name, made);
      return made;
    },
  });
}

interface Call {
  readonly part: string;
  readonly call: string;
  readonly given: readonly unknown[];
  readonly onCall: OnCall;
}

function follow({ part, call, given, onCall }: Call, run: () => unknown): unknown {
  const begun = performance.now();
  const answer = run();
  if (!(answer instanceof Promise)) return answer;
  const signal = signalIn(given.at(-1));
  let isOver = false;
  const end = (outcome: CallOutcome): void => {
    if (isOver) return;
    isOver = true;
    signal?.removeEventListener("abort", late);
    onCall({ part, call, outcome, seconds: (performance.now() - begun) / 1_000 });
  };
  // Whoever called does not wait any longer, whatever the part does with its signal.
  const late = (): void => end("timeout");
  signal?.addEventListener("abort", late, { once: true });
  answer.then(
    (value: unknown) => end(outcomeOf(value)),
    () => end("failed"),
  );
  return answer;
}

function signalIn(given: unknown): AbortSignal | undefined {
  const signal = given instanceof Object && "signal" in given ? given.signal : undefined;
  return signal instanceof AbortSignal ? signal : undefined;
}

/** Looks answer that nothing could be read, and messengers that nothing was delivered. */
function outcomeOf(value: unknown): CallOutcome {
  if (!(value instanceof Object)) return "ok";
  if ("kind" in value && value.kind === "unreadable") return "unreadable";
  return "ok" in value && value.ok === false ? "failed" : "ok";
}

/** The same factory; what it makes is timed. */
export function timedFactory(factory: Factory, onCall: OnCall): Factory {
  const alerts = factory.alerts?.bind(factory);
  const tests = factory.tests?.bind(factory);
  return {
    ...factory,
    workload: async (state) => {
      const owned = await factory.workload(state);
      return { ...owned, workload: timed("workload", owned.workload, onCall), ...timedSignals(owned, onCall) };
    },
    router: async (state) => {
      const owned = await factory.router(state);
      const { router, metrics } = owned;
      return { ...owned, router: timed("router", router, onCall), metrics: timed("metrics", metrics, onCall) };
    },
    ...(alerts && {
      alerts: async (state) => (await alerts(state)).map((source) => timed("alerts", source, onCall)),
    }),
    ...(tests && {
      tests: async (state) => {
        const owned = await tests(state);
        return { ...owned, source: timed("tests", owned.source, onCall) };
      },
    }),
  };
}

/** Sources are asked for at every look, and are mostly the same as before. */
function timedSignals({ signals }: OwnedWorkload, onCall: OnCall): Pick<OwnedWorkload, "signals"> {
  if (!signals) return {};
  const known = new WeakMap<object, object>();
  const once = <T extends object>(source: T): T => {
    const made = (known.get(source) as T | undefined) ?? timed("signals", source, onCall);
    known.set(source, made);
    return made;
  };
  return { signals: (asked) => signals(asked).map(once) };
}
