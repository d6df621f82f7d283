// Who keeps a door in a test, and writes down what is asked there?
import { auditIn } from "../../src/api/access/audit.ts";
import type { DoorKeeper } from "../../src/api/server.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import type { AuditRow } from "../../src/ports/audit.ts";

/** A keeper with an audit log in memory. */
export function testKeeper(): DoorKeeper {
  const rows: AuditRow[] = [];
  const clock = systemClock();
  const store = {
    last: () => rows.at(-1),
    append: (row: AuditRow) => {
      rows.push(row);
    },
    read: (after: number, limit: number) => rows.filter(({ seq }) => seq > after).slice(0, limit),
    close: () => undefined,
  };
  return { clock, audit: auditIn(store, clock), say: () => undefined };
}
