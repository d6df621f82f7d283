// Where shall the proxy listen, and who must make room for it first?
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { withLock } from "./lock.ts";
import { isTaken, portInUse, untilFree } from "./port.ts";
import type { Settings } from "./settings.ts";
import { readControl, type Control, type Place } from "./store.ts";

/** The address of the service, and the second one. */
export interface Places {
  readonly main: Place;
  readonly preview: Place | undefined;
}

/** What is to be had, and from whom. */
export interface Move {
  readonly places: Places;
  readonly old: Control | undefined;
  /** Has the proxy before stop. */
  readonly stop: (old: Control) => Promise<void>;
  readonly withinMs: number;
}

type Kind = keyof Places;

/** Any free port was asked for: the one that clients know already, if there is one and it can be had; otherwise 0. */
export async function placesOf(settings: Settings, old: Control | undefined, shared: boolean): Promise<Places> {
  const known = old ?? lastControl(settings.dir);
  const port = async (kind: Kind, host: string, asked: number): Promise<number> => {
    const last = known && heldBy(known)[kind]?.port;
    if (asked !== 0 || last === undefined) return asked;
    return old || !(await isTaken(host, last)) ? last : 0;
  };
  const { host, preview } = settings;
  const main = { host, port: await port("main", host, settings.port), shared };
  if (!preview) return { main, preview: undefined };
  const second = await port("preview", preview.host, preview.port);
  // The service takes what was the second port: that one must be another.
  return { main, preview: { host: preview.host, port: second === main.port ? 0 : second, shared } };
}

/** Sees to it that the ports may be listened on; throws when somebody else holds one, before anybody was stopped. */
export async function makeRoom({ places, old, stop, withinMs }: Move): Promise<void> {
  const wanted = entriesOf(places).filter(({ place }) => place.port !== 0);
  const held = old ? entriesOf(heldBy(old)) : [];
  const isHeld = (port: number): boolean => held.some(({ place }) => place.port === port);
  for (const { place } of wanted) {
    if (!isHeld(place.port) && (await isTaken(place.host, place.port))) throw portInUse(place.host, place.port);
  }
  const mayShare = wanted.every(
    ({ kind, place }) => !isHeld(place.port) || held.some((other) => other.kind === kind && beside(other.place, place)),
  );
  if (!old || mayShare) return;
  await stop(old);
  for (const { place } of wanted) {
    if (await untilFree(place.host, place.port, withinMs)) continue;
    throw portInUse(place.host, place.port, `the proxy before (process ${old.pid}) does not let go of it`);
  }
}

/** Two proxies of different folders must not both find a port free that both would then share. */
export function withPorts<T>({ main, preview }: Places, waitMs: number, work: () => Promise<T>): Promise<T> {
  const ports = [main, preview].flatMap((place) => (place?.shared && place.port !== 0 ? [place.port] : []));
  // All in the same order, so that no two wait for each other.
  return ports
    .toSorted((a, b) => b - a)
    .reduce<() => Promise<T>>((inner, port) => () => withLock(portLock(port), waitMs, inner), work)();
}

function portLock(port: number): string {
  return join(tmpdir(), `serin-${userInfo().uid}-port-${port}.lock`);
}

function heldBy({ listens, listensPreview }: Control): Places {
  return { main: listens, preview: listensPreview };
}

function entriesOf({ main, preview }: Places): readonly { readonly kind: Kind; readonly place: Place }[] {
  return [{ kind: "main" as const, place: main }, ...(preview ? [{ kind: "preview" as const, place: preview }] : [])];
}

function beside(old: Place, next: Place): boolean {
  return old.shared && next.shared && old.host === next.host && old.port === next.port;
}

function lastControl(dir: string): Control | undefined {
  try {
    const read = readControl(dir);
    return read?.listens ? read : undefined;
  } catch {
    return undefined;
  }
}
