// What does a report look like on a screen, on a phone and on paper?

/**
 * Colours by Okabe and Ito (Color Universal Design, 2008), darkened or lightened to 4.5:1 against their background: canary
 * vermilion, stable blue, worse reddish purple, no worse bluish green. Lines differ in dashes too.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --card: #f6f7f9; --ink: #1b1f24; --soft: #59636e; --rule: #d9dee3; --grid: #e6e9ed;
  --canary: #b84a00; --stable: #00659e; --worse: #9b2f6d; --fine: #00734f; --held: #7a5900;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --card: #1c2026; --ink: #e8eaed; --soft: #a3adb8; --rule: #353c45; --grid: #2a3038;
    --canary: #f08a4b; --stable: #5bb5ec; --worse: #dd8dbb; --fine: #3fc796; --held: #e0b341;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 1080px; padding: 28px 24px 48px; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
h1 { font-size: 26px; line-height: 1.25; font-weight: 650; letter-spacing: -0.01em; margin: 6px 0 8px; text-wrap: pretty; }
h2 { font-size: 18px; font-weight: 650; margin: 36px 0 10px; }
h3 { font-size: 16px; font-weight: 650; margin: 0; }
p { margin: 0 0 10px; }
.kind { margin: 0; color: var(--soft); font-size: 13px; }
.lead { color: var(--soft); }
.badge {
  display: inline-block; border: 1px solid currentColor; border-radius: 999px; padding: 0 9px; font-size: 12.5px;
  font-weight: 600; line-height: 20px; white-space: nowrap;
}
.promoted, .concluded, .fine { color: var(--fine); }
.rolled-back, .going-back, .worse { color: var(--worse); }
.stopped, .held { color: var(--held); }
.under-way, .open { color: var(--soft); }
.facts { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 14px 28px; margin: 18px 0 0; }
.facts div { border-top: 2px solid var(--rule); padding: 7px 0 0; }
dt { color: var(--soft); font-size: 12.5px; }
dd { margin: 0; }
.facts dd { font-weight: 550; }
figure { margin: 0; min-width: 0; }
figcaption { color: var(--soft); font-size: 13px; margin: 0 0 4px; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 11.5px system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: var(--soft); font-variant-numeric: tabular-nums; }
svg .end { font-weight: 600; paint-order: stroke; stroke: var(--card); stroke-width: 3px; stroke-linejoin: round; }
svg text.canary { fill: var(--canary); } svg text.stable { fill: var(--stable); }
svg text.worse { fill: var(--worse); } svg text.fine { fill: var(--fine); }
.grid { stroke: var(--grid); } .axis { stroke: var(--soft); }
.line { fill: none; stroke-width: 1.9; stroke-linejoin: round; }
.line.canary { stroke: var(--canary); } .line.stable { stroke: var(--stable); stroke-dasharray: 6 3; }
.line.measured { stroke: var(--stable); stroke-width: 1.4; stroke-dasharray: 4 3; }
.line.worse { stroke: var(--worse); } .line.fine { stroke: var(--fine); stroke-dasharray: 2 2.5; }
.dot.canary { fill: var(--canary); } .dot.stable { fill: var(--stable); }
.dot.worse { fill: var(--worse); } .dot.fine { fill: var(--fine); }
path.band { fill: var(--canary); fill-opacity: 0.14; } line.band { stroke: var(--canary); stroke-opacity: 0.35; stroke-width: 6; }
.limit { stroke-width: 1; stroke-opacity: 0.75; } .limit.worse { stroke: var(--worse); } .limit.fine { stroke: var(--fine); }
.share-area { fill: var(--canary); fill-opacity: 0.14; }
.mark path { fill: var(--soft); } .mark-line { stroke: var(--soft); stroke-opacity: 0.45; }
.mark.back path { fill: var(--worse); } .mark.back .mark-line { stroke: var(--worse); stroke-opacity: 1; }
.mark.command path { fill: var(--held); } .mark.verdict path { fill: var(--stable); }
.mark.started path, .mark.ended path { fill: var(--ink); }
.shape { display: inline-block; width: 12px; height: 12px; vertical-align: -1px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 6px 0 0; padding: 0; list-style: none; color: var(--soft); font-size: 12.5px; }
.narrow { display: none; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; overflow-wrap: normal; }
th, td { text-align: left; vertical-align: top; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--rule); }
thead th { color: var(--soft); font-size: 12.5px; font-weight: 500; vertical-align: bottom; }
tbody th { font-weight: 600; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
.short { white-space: nowrap; }
.said { overflow-wrap: anywhere; min-width: 260px; }
.metric { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 14px 18px 16px; margin: 14px 0 0; }
.metric header { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; margin: 0 0 4px; }
.plots { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 14px 24px; margin: 12px 0 0; }
.details { display: grid; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); gap: 6px 20px; margin: 8px 0 0; font-size: 14px; }
footer { margin: 36px 0 0; border-top: 1px solid var(--rule); padding: 12px 0 0; color: var(--soft); font-size: 13px; }
@media (max-width: 760px) {
  body { padding: 18px 14px 32px; } h1 { font-size: 22px; } .metric { padding: 12px 12px 14px; }
  .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .plots { grid-template-columns: minmax(0, 1fr); } .wide { display: none; } .narrow { display: block; }
  svg text { font-size: 13.5px; } .spare { display: none; } .said { min-width: 190px; }
}
@media print {
  :root {
    color-scheme: light;
    --page: #ffffff; --card: #ffffff; --ink: #000000; --soft: #444444; --rule: #bbbbbb; --grid: #e2e2e2;
    --canary: #b84a00; --stable: #00659e; --worse: #9b2f6d; --fine: #00734f; --held: #7a5900;
  }
  body { padding: 0; max-width: none; font-size: 11pt; print-color-adjust: exact; }
  figure, tr, .metric header { break-inside: avoid; } h2, h3 { break-after: avoid; } .scroll { overflow: visible; }
}
`;

/** What a page's policy allows instead of every style: the SHA-256 of `STYLE`, which the tests compute. */
const STYLE_HASH = "sha256-3E9X5hSNgmWzHYOeb6U27IXDus1VpRZmJv9AE45YjwI=";

/** All that the page may load or be shaped by. A text that looked like markup and got through could do nothing. */
export const POLICY = `default-src 'none'; style-src '${STYLE_HASH}'`;
