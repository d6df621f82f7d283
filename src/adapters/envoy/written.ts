// Could a service have its way among those that are written down, where nobody listens for Envoys yet?
import { doorsOf } from "./fleet.ts";
import { addressOf, type Subject } from "./plane.ts";
import { listenerName } from "./resources/names.ts";
import { conflictOf } from "./shared.ts";
import type { ServedStore } from "./store.ts";
import { notShared, otherChannel } from "./troubles.ts";

/** Throws what is in its way. */
export function checkWritten(subject: Subject, store: ServedStore): void {
  const { service, spec } = subject;
  const all = store.load().written.map(({ served }) => served);
  const there = all.filter((one) => one.service !== service && addressOf(one.spec.xds) === addressOf(spec.xds));
  const tls = JSON.stringify(spec.xds.tls ?? null);
  if (there.some((one) => JSON.stringify(one.spec.xds.tls ?? null) !== tls)) throw otherChannel(service, spec.xds);
  const own = new Set(doorsOf(subject).map(({ at }) => listenerName(at)));
  const beside = there.filter(
    (one) => one.spec.fleet === spec.fleet && doorsOf(one).some(({ at }) => own.has(listenerName(at))),
  );
  const found = conflictOf(subject, beside);
  if (found) throw notShared(service, found.other, found.found);
}
