// What is a controller that kills itself at its n-th journal entry?
//
// Usage: node crashing-controller.ts STATE FILE [N before|after]
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { mkdirSync } from "node:fs";
import { adapters } from "../../src/adapters/registry.ts";
import { openSqliteJournal } from "../../src/adapters/sqlite/journal.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import { localLink } from "../../src/api/local.ts";
import { SerinError } from "../../src/core/issues.ts";
import type { Journal } from "../../src/ports/journal.ts";
import { Controller } from "../../src/runtime/controller.ts";

const [state = "", file = "", at = "0", when = "before"] = process.argv.slice(2);

function die(): never {
  process.kill(process.pid, "SIGKILL");
  // The signal takes effect before the next turn of the event loop; until then nothing may follow.
  for (;;);
}

function crashing(journal: Journal, crashAt: number): Journal {
  let appends = 0;
  return {
    kind: journal.kind,
    list: () => journal.list(),
    load: (service) => journal.load(service),
    records: (service, after, limit) => journal.records(service, after, limit),
    remove: (service) => journal.remove(service),
    close: () => journal.close(),
    append: async (service, expected, entry) => {
      appends += 1;
      if (appends === crashAt && when === "before") die();
      const seq = await journal.append(service, expected, entry);
      if (appends === crashAt && when === "after") die();
      return seq;
    },
  };
}

mkdirSync(state, { recursive: true });
const clock = systemClock();
const journal = crashing(await openSqliteJournal(join(state, "journal.db")), Number(at));
const controller = new Controller({
  clock,
  journal,
  factory: adapters({ dir: state, clock }),
  pace: { activeMs: 150, idleMs: 150 },
});
await controller.start();
const link = localLink(controller, clock);
try {
  await link.apply({ text: await readFile(file, "utf8"), origin: dirname(file), actor: "test", reason: "" });
} catch (error) {
  // After a restart the rollout may be under way, or have ended, already.
  if (!(error instanceof SerinError && ["SERIN_UNDER_WAY", "SERIN_QUARANTINED"].includes(error.trouble.code)))
    throw error;
}
for (;;) {
  const { rollout, stable, troubles, address } = await link.get("app");
  if (rollout?.phase === "ended" && address !== undefined) {
    console.log(JSON.stringify({ outcome: rollout.outcome, number: rollout.number, address, stable, troubles }));
    break;
  }
  await new Promise((resolve) => setTimeout(resolve, 30));
}
await link.close();
