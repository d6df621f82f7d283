// What does a panel of a dashboard look like to Grafana?

/** A query and how its series are called. */
interface Query {
  readonly expr: string;
  readonly legend: string;
}

export interface PanelSpec {
  readonly title: string;
  /** What it shows and how to read it. */
  readonly about: string;
  readonly kind: "timeseries" | "stat" | "table" | "state-timeline";
  /** Grafana's name of the unit: `percentunit`, `s`, `reqps`, `short`. */
  readonly unit?: string;
  readonly queries: readonly Query[];
  /** Columns of 24. */
  readonly width?: number;
  readonly logarithmic?: boolean;
  /** Draws steps: what it shows does not change little by little. */
  readonly steps?: boolean;
  readonly max?: number;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

const SOURCE = { type: "prometheus", uid: "${datasource}" };
const WHOLE_WIDTH = 24;
const HEIGHT: Readonly<Record<PanelSpec["kind"], number>> = {
  stat: 4,
  timeseries: 8,
  table: 7,
  "state-timeline": 7,
};

/** Places rows below each other, and the panels of a row side by side as far as they fit. */
export function placed(rows: readonly Row[]): readonly object[] {
  const panels: object[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({
      id: panels.length + 1,
      type: "row",
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: WHOLE_WIDTH, h: 1 },
    });
    y += 1;
    let [x, high] = [0, 0];
    for (const panel of row.panels) {
      const { width = 12, kind } = panel;
      if (x + width > WHOLE_WIDTH) [x, y, high] = [0, y + high, 0];
      panels.push({ id: panels.length + 1, ...panelOf(panel), gridPos: { x, y, w: width, h: HEIGHT[kind] } });
      x += width;
      high = Math.max(high, HEIGHT[kind]);
    }
    y += high;
  }
  return panels;
}

function panelOf({ title, about, kind, queries, ...look }: PanelSpec): object {
  const isTable = kind === "table";
  const targets = queries.map(({ expr, legend }, index) => ({
    refId: String.fromCodePoint(65 + index),
    datasource: SOURCE,
    expr,
    legendFormat: legend,
    ...(isTable || kind === "stat" ? { instant: true, range: false } : {}),
    ...(isTable ? { format: "table" } : {}),
  }));
  return {
    type: kind,
    title,
    description: about,
    datasource: SOURCE,
    targets,
    fieldConfig: { defaults: defaultsOf(kind, look), overrides: [] },
    options: OPTIONS[kind],
    ...(isTable ? { transformations: TABLE } : {}),
  };
}

type Look = Pick<PanelSpec, "unit" | "logarithmic" | "steps" | "max">;

function defaultsOf(kind: PanelSpec["kind"], { unit = "short", logarithmic, steps, max }: Look): object {
  const bounds = { ...(logarithmic ? {} : { min: 0 }), ...(max === undefined ? {} : { max }) };
  if (kind !== "timeseries") return { unit, ...(kind === "state-timeline" ? { custom: { fillOpacity: 70 } } : {}) };
  const scale = logarithmic ? { type: "log", log: 10 } : { type: "linear" };
  const custom = {
    lineWidth: 2,
    fillOpacity: 8,
    scaleDistribution: scale,
    lineInterpolation: steps ? "stepAfter" : "linear",
  };
  return { unit, ...bounds, custom };
}

const LEGEND = { displayMode: "list", placement: "bottom" };
const OPTIONS: Readonly<Record<PanelSpec["kind"], object>> = {
  timeseries: { legend: LEGEND, tooltip: { mode: "multi", sort: "desc" } },
  stat: { reduceOptions: { calcs: ["lastNotNull"] }, colorMode: "value", graphMode: "none" },
  table: { showHeader: true },
  "state-timeline": { legend: LEGEND, mergeValues: true, showValue: "never" },
};

/** The labels are what the table is about. */
const TABLE = [
  {
    id: "organize",
    options: { excludeByName: { Time: true, Value: true, __name__: true, instance: true, job: true } },
  },
];
