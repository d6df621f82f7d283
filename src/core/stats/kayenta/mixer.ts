// Which series of the canary belongs to which series of the baseline?
import type { MetricSetPair } from "./request.ts";

/** One series of one side. */
export interface MetricSet {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly startTimeMillis: number;
  readonly endTimeMillis: number;
  readonly stepMillis: number;
  /** In the order of time; NaN where a point is missing. */
  readonly values: readonly number[];
}

/** The pairs, or why there are none. */
export type Mixed =
  | { readonly ok: true; readonly pairs: readonly MetricSetPair[] }
  | { readonly ok: false; readonly message: string };

/** Both sides' series, of any metrics. */
export interface SetsOfSides {
  readonly control: readonly MetricSet[];
  readonly experiment: readonly MetricSet[];
}

/** How many points the window has room for. */
function expected({ startTimeMillis, endTimeMillis, stepMillis }: MetricSet): number {
  return stepMillis === 0 ? 0 : Math.max(0, Math.trunc((endTimeMillis - startTimeMillis) / stepMillis));
}

/** The values, with NaN at the end up to the expected number. */
function padded(set: MetricSet): readonly number[] {
  const missing = Math.max(0, expected(set) - set.values.length);
  return [...set.values, ...Array.from({ length: missing }, () => NaN)];
}

/** Tags as a text that is the same for the same tags. */
function keyOf(tags: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const NO_TAGS = keyOf({});

function pairOf(set: MetricSet, control: readonly number[], experiment: readonly number[]): MetricSetPair {
  return { name: set.name, tags: set.tags, id: undefined, control, experiment };
}

/** The values of the series with these tags; missing points when the side has none. */
function valuesOf(sets: readonly MetricSet[], key: string): readonly number[] {
  const found = sets.find(({ tags }) => keyOf(tags) === key);
  return found ? padded(found) : missingOf(sets);
}

/** As many missing points as the side's first series has room for. */
function missingOf([template]: readonly MetricSet[]): readonly number[] {
  return template ? padded({ ...template, values: [] }) : [];
}

/** Pairs of one metric: by the same tags; a side without any tags stands as missing points beside each of the other's. */
function pairsOf({ control, experiment }: SetsOfSides): readonly MetricSetPair[] {
  const isControlBare = control.some(({ tags }) => keyOf(tags) === NO_TAGS);
  const isExperimentBare = experiment.some(({ tags }) => keyOf(tags) === NO_TAGS);
  if (isControlBare && !isExperimentBare) return experiment.map((set) => pairOf(set, missingOf(control), padded(set)));
  if (isExperimentBare && !isControlBare) return control.map((set) => pairOf(set, padded(set), missingOf(experiment)));
  const byTags = new Map([...control, ...experiment].map((set) => [keyOf(set.tags), set]));
  return [...byTags].map(([key, set]) => pairOf(set, valuesOf(control, key), valuesOf(experiment, key)));
}

function tagNames(sets: readonly MetricSet[]): string {
  return [...new Set(sets.flatMap(({ tags }) => Object.keys(tags)))].toSorted().join(", ");
}

/** Why the series of one metric do not fit together. */
function misfit(name: string, { control, experiment }: SetsOfSides): string | undefined {
  if (control.length === 0) return `found no baseline series of ${name}; a metric without data needs an empty one`;
  if (experiment.length === 0) return `found no canary series of ${name}; a metric without data needs an empty one`;
  const [of, against] = [tagNames(control), tagNames(experiment)];
  if (of === "" || against === "" || of === against) return undefined;
  return `found the tags ${of} on the baseline's series of ${name} and ${against} on the canary's, they must be the same`;
}

/**
 * Pairs the series of both sides metric by metric, as Kayenta's MetricSetMixerService does: by identical tags, padded
 * with NaN to the length that the window has room for. The values are never aligned by time. Pairs of one metric come in
 * the order in which their tags appear (in Kayenta in that of a hash set); they have no id.
 */
export function mix(names: readonly string[], sides: SetsOfSides): Mixed {
  const pairs: MetricSetPair[] = [];
  for (const name of names) {
    const control = sides.control.filter((set) => set.name === name);
    const experiment = sides.experiment.filter((set) => set.name === name);
    const message = misfit(name, { control, experiment });
    if (message !== undefined) return { ok: false, message };
    pairs.push(...pairsOf({ control, experiment }));
  }
  return { ok: true, pairs };
}
