// What does the demo look like? Draws a captured terminal (ANSI text on standard input) as SVG on standard output.
//
// Usage: tmux capture-pane -e -p -t demo | node tools/picture.ts > docs/demo.svg
import { text } from "node:stream/consumers";

/** Colours by the number of their ANSI code; the names of the terminal's own sixteen, on a dark ground. */
const COLORS: Readonly<Record<number, string>> = {
  31: "#ff7b72",
  32: "#7ee787",
  33: "#e3b341",
  35: "#d2a8ff",
  36: "#79c0ff",
};

const CELL = { width: 8.4, height: 19, margin: 18 };

interface Style {
  color: string;
  bold: boolean;
  dim: boolean;
}

const PLAIN: Style = { color: "#e6edf3", bold: false, dim: false };

function styled(style: Style, code: number): Style {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  return { ...style, color: code === 39 ? PLAIN.color : (COLORS[code] ?? style.color) };
}

const escaped = (part: string): string => part.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** One line as `tspan`s; a style lasts from its code to the next one. */
function spans(line: string, from: Style): { readonly svg: string; readonly style: Style } {
  let style = from;
  let svg = "";
  // eslint-disable-next-line no-control-regex -- the escape character is what the codes begin with
  for (const [, codes, part = ""] of line.matchAll(/(?:\u001b\[([\d;]*)m)?([^\u001b]*)/gu)) {
    if (codes !== undefined) for (const code of codes.split(";")) style = styled(style, Number(code));
    if (part === "") continue;
    const weight = style.bold ? ` font-weight="bold"` : "";
    const opacity = style.dim ? ` opacity="0.6"` : "";
    svg += `<tspan fill="${style.color}"${weight}${opacity}>${escaped(part)}</tspan>`;
  }
  return { svg, style };
}

const lines = (await text(process.stdin)).trimEnd().split("\n");
// eslint-disable-next-line no-control-regex -- the same
const columns = Math.max(...lines.map((line) => line.replaceAll(/\u001b\[[\d;]*m/gu, "").length));
const width = Math.ceil(columns * CELL.width + 2 * CELL.margin);
const height = lines.length * CELL.height + 2 * CELL.margin;
const font = `font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14"`;
console.log(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ${font}>`);
console.log(`<rect width="100%" height="100%" rx="10" fill="#0d1117"/>`);
let style = PLAIN;
for (const [index, line] of lines.entries()) {
  const drawn = spans(line, style);
  style = drawn.style;
  const y = CELL.margin + (index + 0.8) * CELL.height;
  if (drawn.svg) console.log(`<text x="${CELL.margin}" y="${y.toFixed(1)}" xml:space="preserve">${drawn.svg}</text>`);
}
console.log("</svg>");
