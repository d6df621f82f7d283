// How do the presets look as a table for people?
import { PRESETS, PRESET_NAMES, type Preset } from "../src/core/spec/presets.ts";

const BEGIN = "<!-- presets -->";
const END = "<!-- /presets -->";

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

/** The page with the table of presets as it is now. Throws when its place is not marked. */
export function withPresets(page: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`the page has no place for the table: ${BEGIN} … ${END}`);
  const rows = [HEAD, ...PRESET_NAMES.map(rowOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  const table = [line(HEAD), rule, ...rows.slice(1).map(line)].join("\n");
  return `${page.slice(0, from)}${BEGIN}\n\n${table}\n\n${page.slice(to)}`;
}
