// How sure and how soon are the verdicts of Serin and of its peers, and how far from what is possible?
//
//   npm run bench:verdict                                  everything: 42 minutes of CPU, on all cores
//   npm run bench:verdict -- --quick                       the same with a tenth of the rollouts: goals are only hinted at
//   npm run bench:verdict -- --rows 'A 200|B' --runs 4000  rows whose names match, so many good candidates each
//   npm run bench:verdict -- --speed                       what one look costs
//
// Everything has a seed: the same rows and numbers of runs print the same figures.
import { parseArgs } from "node:util";
import {
  boundRows,
  fewRows,
  goRows,
  grossRows,
  intervalRows,
  mainRows,
  type Row,
  troubleRows,
} from "./verdict/cases.ts";
import { goalsOf } from "./verdict/goals.ts";
import { Pool } from "./verdict/pool.ts";
import type { Result, Results } from "./verdict/results.ts";
import { measureSpeed } from "./verdict/speed.ts";
import { boundTable, fewTable, goTable, harmTable, mainTable, speedText, troubleTable } from "./verdict/tables.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string" },
    rows: { type: "string", default: "" },
    quick: { type: "boolean", default: false },
    speed: { type: "boolean", default: false },
  },
});

const few = { same: 400, worse: 60, fine: 200, others: 200 };
const many = { same: 4_000, worse: 200, fine: 600, others: 1_000 };
const usual = values.quick ? few : many;
const runs = { ...usual, same: Number(values.runs ?? usual.same) };

const goes = goRows(runs);
const goBounds = new Map(goes.map((row) => [row.id, row.bound]));
const goBound = ({ row }: Result): number => goBounds.get(row.id) ?? NaN;

const SECTIONS: readonly {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly print: (results: readonly Result[]) => string;
}[] = [
  {
    title:
      "Rollouts of 30 minutes, two guards: rolled back in so many, or after so long and so many canary requests (medians)",
    rows: mainRows(runs),
    print: (results) => `${mainTable(results)}\n\n${harmTable(results)}`,
  },
  { title: "Few replicas, nothing known before", rows: fewRows(runs), print: fewTable },
  { title: "One metric against the bound: canary requests, medians", rows: boundRows(runs), print: boundTable },
  { title: "No worse: canary requests, medians", rows: goes, print: (results) => goTable(results, goBound) },
  {
    title: "Good candidates under trouble that is not theirs: rolled back at 1 %",
    rows: troubleRows(runs),
    print: troubleTable,
  },
  { title: "Half of the canary's requests failing", rows: grossRows(runs), print: () => "" },
  { title: "The interval of the difference", rows: intervalRows(runs), print: () => "" },
];

async function simulate(rows: readonly Row[]): Promise<Results> {
  const pool = new Pool();
  const began = performance.now();
  const results = new Map<string, Result>();
  try {
    await Promise.all(
      rows.map(async (row) => {
        results.set(row.id, { row, outcomes: await pool.run(row.asked) });
        const seconds = Math.round((performance.now() - began) / 1_000);
        process.stderr.write(`${seconds} s: ${results.size} of ${rows.length}, ${row.id}\n`);
      }),
    );
  } finally {
    await pool.close();
  }
  return results;
}

async function compare(): Promise<void> {
  const chosen = new RegExp(values.rows, "u");
  const wanted = (row: Row): boolean => chosen.test(row.id);
  const results = await simulate(SECTIONS.flatMap(({ rows }) => rows.filter(wanted)));
  for (const { title, rows, print } of SECTIONS) {
    const known = rows.flatMap((row) => results.get(row.id) ?? []);
    const text = known.length > 0 ? print(known) : "";
    if (text !== "") console.log(`\n## ${title}\n\n${text}`);
  }
  console.log("\n## Goals\n");
  for (const { name, passed, figure } of goalsOf(results, goBound)) {
    console.log(`${passed ? "PASS" : "FAIL"}  ${name}: ${figure}`);
  }
}

if (!values.speed) await compare();
if (values.speed || values.rows === "") console.log(`\n${speedText(measureSpeed())}`);
