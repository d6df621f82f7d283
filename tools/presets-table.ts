// How do the presets look as tables for people?
import { signalsOf } from "../src/core/plan/metric-signals.ts";
import { FRAMEWORKS, FRAMEWORK_NAMES, type FrameworkName } from "../src/core/spec/frameworks/catalogue.ts";
import type { Framework } from "../src/core/spec/frameworks/shape.ts";
import { MetricSchema } from "../src/core/spec/metrics.ts";
import { PRESETS, PRESET_NAMES, type Preset } from "../src/core/spec/presets.ts";

function marginText(preset: Preset): string {
  if (preset.margin === 0) return "–";
  const percent = `${Number((preset.margin * 100).toFixed(6))}`;
  const isPoints = preset.unit === "share" && !("worse" in preset && preset.worse === "down");
  return isPoints ? `${percent} ${percent === "1" ? "point" : "points"}` : `${percent} %`;
}

function rowOf(name: keyof typeof PRESETS): readonly string[] {
  const preset: Preset = PRESETS[name];
  const worse = "worse" in preset ? preset.worse : preset.kind === "anomaly" ? "either" : "up";
  const own = preset.needs.map((field) => (field === "total" ? "good or bad, total" : field)).join(", ");
  const effect = preset.effect === "hold" ? "hold" : "roll back";
  return [`\`${name}\``, preset.about, preset.kind, preset.unit || "–", worse, marginText(preset), effect, own || "–"];
}

const HEAD = ["preset", "what it is", "method", "unit", "worse", "margin", "effect", "names"];

/** A table of Markdown; its first row is the head. */
function tableOf(rows: readonly (readonly string[])[]): string {
  const [head = [], ...others] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...others.map(line)].join("\n");
}

function placed(page: string, name: string, text: string): string {
  const [begin, finish] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(finish)];
  if (from < 0 || to < from) throw new Error(`the page has no place for the table: ${begin} … ${finish}`);
  return `${page.slice(0, from)}${begin}\n\n${text}\n\n${page.slice(to)}`;
}

/** The page with the table of presets as it is now. Throws when its place is not marked. */
export function withPresets(page: string): string {
  return placed(page, "presets", tableOf([HEAD, ...PRESET_NAMES.map(rowOf)]));
}

const FIGURES = ["preset", "what it is", "method", "unit", "effect", "made of"];

function figuresOf(name: FrameworkName): string {
  const { title, path, figures }: Framework = FRAMEWORKS[name];
  const rows = Object.entries(figures).map(([figure, { about, kind, unit, effect }]) => {
    const made = signalsOf(MetricSchema.parse({ preset: `${name}:${figure}` })).map((one) => `\`${one.name}\``);
    const row = [`\`${name}:${figure}\``, about, kind, unit || "–", effect === "hold" ? "hold" : "roll back"];
    // A bar ends a cell, also between backticks.
    row.push(made.join(" of ").replaceAll("|", String.raw`\|`));
    return row;
  });
  return `## ${title}\n\nUsual page: \`${path}\`.\n\n${tableOf([FIGURES, ...rows])}`;
}

/** The page with a table for each framework as it is now. Throws when their place is not marked. */
export function withFrameworks(page: string): string {
  return placed(page, "frameworks", FRAMEWORK_NAMES.map(figuresOf).join("\n\n"));
}
