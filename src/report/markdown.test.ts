// Does a report fit under a pull request, and say there what it means?
import { expect, test } from "vitest";
import { ERRORS, HOSTILE, NOTHING, recordsOf, SAMPLES, verdictOf } from "../../test/support/report.ts";
import type { MetricVerdict } from "../core/stats/plan.ts";
import { markdownOf, markdownText } from "./markdown.ts";
import { reportOf } from "./report.ts";

const textOf = (name: keyof typeof SAMPLES): string =>
  markdownOf(reportOf(SAMPLES[name]().records, SAMPLES[name]().view));

/** Cells of each row of each table. */
function tables(text: string): string[][][] {
  const blocks = text.split("\n\n").filter((block) => block.startsWith("|"));
  return blocks.map((block) =>
    block
      .trim()
      .split("\n")
      .map((row) => row.split(/(?<!\\)\|/u).slice(1, -1)),
  );
}

test("a rollout that was rolled back", () => {
  expect(textOf("rolledBack")).toMatchInlineSnapshot(`
    "### shop/2 was rolled back after 40s: errors 3.1% against 0.10%, over 99.9% sure

    Brought bbbb in place of aaaa (canary), by ann: one click.

    - started 2026-03-04 14:02:11 UTC, took 40s to the decision, 46s to the end
    - decided by: success-rate; over 99.9% sure that it is worse
    - 412 requests went to the canary; 13 failed; at stable's share none would have

    | metric | canary | stable | difference, 95% | sure it is worse | no worse | since | result |
    | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |
    | success-rate | 3.1% | 0.10% | +2.1 to +3.9 points | over 99.9% | 0% | 20s | **decided** |
    | latency-p99 | 310 ms | 300 ms | – | 18.1% | 77.6% | – | undecided |

    Still missing to be shown no worse: latency-p99 needs about 900 more canary requests.

    <details>
    <summary>Over time</summary>

    |  | from first to last | scale |
    | --- | --- | --- |
    | the canary's share | ▁▁▁▁▁███████████████▁▁▁▁ | 0 to 10% |
    | success-rate: evidence that it is worse | ▁▁▁▁▁▁▁▁▁▁▂▃▃▄▅▆▆▇██████ | 1:1 to 100:1 |
    | latency-p99: evidence that it is worse | ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁ | 1:1 to 100:1 |

    </details>

    <details>
    <summary>Decisions (5)</summary>

    | after | UTC | kind | decision |
    | ---: | --- | --- | --- |
    | 0s | 14:02:11 | started | shop/2 brings bbbb, to replace aaaa (canary), by ann: one click |
    | 8s | 14:02:19 | step | canary has 2 of 2 ready |
    | 10s | 14:02:21 | step | canary 10%, stable 90% |
    | 40s | 14:02:51 | back | The verdict is worse. |
    | 46s | 14:02:57 | ended | shop/2 rolled-back |

    </details>

    <sub>Where a rollout file says nothing else, the rollout goes back when the evidence of all metrics together reaches 100:1, and each metric counts as no worse from 20:1 on. Sure is 1 − 1/E of the evidence E, at whatever moment one looks.</sub>
    "
  `);
});

test.each(Object.keys(SAMPLES) as (keyof typeof SAMPLES)[])("the tables of one that is %s are whole", (name) => {
  const text = textOf(name);
  for (const rows of tables(text)) expect(new Set(rows.map((cells) => cells.length)).size).toBe(1);
  expect(text.startsWith("### shop/")).toBe(true);
  expect(text).toMatch(/<details>\n<summary>Decisions \(\d+\)<\/summary>\n\n\|/u);
  expect(text.length).toBeLessThan(8_000);
});

test("whatever a text holds, it stays text", () => {
  expect(markdownText(HOSTILE)).toBe(
    "&lt;/title&gt;&lt;script&gt;alert(\"1\")&lt;/script&gt; &amp; \\| \\`code\\` \\*\\*bold\\*\\* \\[a\\](https://x.test) \\$x\\$ \\~y\\~ @\u2060ann #\u20607 'q' next\uFFFD\uFFFDline",
  );
  expect(markdownText("ann@build-7 a\\b\r\n\r\n# c")).toBe("ann@build-7 a\\\\b # c");
  const verdict = verdictOf("worse", [{ ...ERRORS, name: HOSTILE, text: HOSTILE, unit: HOSTILE, missing: HOSTILE }]);
  const records = recordsOf([
    [0, "started", HOSTILE, { actor: HOSTILE, reason: HOSTILE }],
    [9, "back", HOSTILE, { verdict }],
  ]);
  const text = markdownOf(reportOf(records, { ...NOTHING, service: HOSTILE }));
  expect(text).not.toMatch(/<script|[^\\]`|@ann/u);
  for (const rows of tables(text)) expect(new Set(rows.map((cells) => cells.length)).size).toBe(1);
});

test("a comment stays within what GitHub takes", () => {
  const long = "|".repeat(5_000);
  const names = Array.from({ length: 60 }, (_, index) => `${index}${long}`);
  const verdict = verdictOf("undecided", lengthy(names, long));
  const notes = Array.from({ length: 500 }, (_, index) => [index, "note", long] as const);
  const text = markdownOf(reportOf(recordsOf([...notes, [500, "back", long, { verdict }]]), NOTHING));
  expect(text.length).toBeLessThan(65_536);
});

function lengthy(names: readonly string[], text: string): MetricVerdict[] {
  return names.map((name) => Object.assign({}, ERRORS, { name, text, missing: text }));
}
