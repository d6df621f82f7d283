// What does a VirtualService say with Serin's split in it, and what split does it say?
import { sameWeights, type Weights } from "../../../../core/split.ts";
import { canonical } from "../../../../core/match.ts";
import type { Service, ServicePort } from "../../client/objects.ts";
import { notesOf, NOTE } from "../note.ts";
import {
  agreed,
  madeOr,
  unwoven,
  unwritable,
  woven,
  type Dialect,
  type Names,
  type Note,
  type Wish,
} from "../weave.ts";
import { httpDialect, streamDialect, type Aim } from "./routes.ts";
import type { HttpRoute, Lists, StreamRoute, VirtualService } from "./objects.ts";

const LISTS = ["http", "tls", "tcp"] as const;
type List = (typeof LISTS)[number];

/** A VirtualService's lists, and the note on it. */
export interface Written {
  readonly lists: Lists;
  /** Nothing where the lists are their owner's own. */
  readonly note?: string | undefined;
}

function dialectOf(aim: Aim, list: List): Dialect<HttpRoute> | Dialect<StreamRoute> {
  return list === "http" ? httpDialect(aim) : streamDialect<StreamRoute>(aim);
}

/** Runs over the lists that are there. Names are those of HTTP routes: the others have none, and are not meant then. */
function each<T>(
  lists: Lists,
  aim: Aim,
  work: (list: List, dialect: Dialect<HttpRoute>, routes: readonly HttpRoute[]) => T,
) {
  return LISTS.flatMap((list) => {
    const routes = lists[list] as readonly HttpRoute[] | undefined;
    return routes ? [[list, work(list, dialectOf(aim, list) as Dialect<HttpRoute>, routes)] as const] : [];
  });
}

/** The lists as their owner has them. */
export function ownersLists(virtualService: VirtualService, aim: Aim): Lists {
  const notes = notesOf<List>(virtualService);
  const found = each(virtualService.spec, aim, (list, dialect, routes) => unwoven(dialect, routes, notes.of(list)));
  return Object.fromEntries(found) as Lists;
}

/** The owner's lists with what is wanted. */
export function writtenLists(owners: Lists, aim: Aim, asked: { readonly names: Names; readonly wish: Wish }): Written {
  const { matches = [], mirror } = asked.wish;
  const isRuled = matches.length > 0 || mirror !== undefined;
  const found = each(owners, aim, (list, dialect, routes) => woven(dialect, routes, askedOf(list, asked)));
  if (isRuled && !found.some(([list, { before }]) => list === "http" && Object.keys(before).length > 0)) {
    throw unwritable("no route of HTTP leads to the Service, and others have no rules");
  }
  const notes = found.map(([list, { before }]): [List, Note] => [
    list,
    list === "http" ? { before, ...(matches.length > 0 && { matches }), ...(mirror && { mirror }) } : { before },
  ]);
  return {
    lists: Object.fromEntries(found.map(([list, { routes }]) => [list, routes])) as Lists,
    note: canonical(Object.fromEntries(notes)),
  };
}

function askedOf(list: List, { names, wish }: { readonly names: Names; readonly wish: Wish }) {
  return list === "http" ? { names, wish } : { names, wish: { weights: wish.weights } };
}

/** Whether any of the owner's routes that are meant leads to the service. */
export function isLedTo(owners: Lists, aim: Aim, names: Names): boolean {
  const found = each(owners, aim, (_list, dialect, routes) =>
    routes.some((route) => dialect.leads(route) && (!names || names.includes(dialect.nameOf(route) ?? ""))),
  );
  return found.some(([, isLed]) => isLed);
}

/**
 * The split that a VirtualService makes. What is noted of rules is believed only when the very routes that they make are
 * there: else, and when its routes do not agree, the answer is why it cannot be told.
 */
export function readSplit(virtualService: VirtualService, aim: Aim, names: Names): Wish | string {
  const { name } = virtualService.metadata;
  const found = each(virtualService.spec, aim, (_list, dialect, routes) => agreed(dialect, routes, names));
  const shares = found.flatMap(([, one]) => (one === undefined ? [] : [one]));
  const [weights] = shares;
  if (weights === undefined) return `no route of VirtualService ${name} leads to the Service`;
  const isAgreed = shares.every((one) => one !== "differ" && weights !== "differ" && sameWeights(one, weights));
  if (!isAgreed) return `the routes of VirtualService ${name} do not share out requests as one split says`;
  const { matches, mirror } = notesOf<List>(virtualService).of("http");
  const wish: Wish = { weights: weights as Weights, ...(matches && { matches }), ...(mirror && { mirror }) };
  const owners = ownersLists(virtualService, aim);
  const expected = madeOr(() => writtenLists(owners, aim, { names, wish }));
  if (typeof expected === "string") return expected;
  const isAsWritten = LISTS.every(
    (list) => canonical(expected.lists[list] ?? []) === canonical(virtualService.spec[list] ?? []),
  );
  return isAsWritten ? wish : `somebody has changed the rules of Serin's in VirtualService ${name}`;
}

/** A patch that puts the lists into a VirtualService of that version; nothing when it says the same already. */
export function patchOf(
  { metadata, spec }: VirtualService,
  { lists, note }: Written,
  more: object = {},
): object | undefined {
  const changed = LISTS.filter((list) => canonical(spec[list] ?? []) !== canonical(lists[list] ?? []));
  if (changed.length === 0 && metadata.annotations?.[NOTE] === note) return undefined;
  return {
    metadata: { ...more, resourceVersion: metadata.resourceVersion, annotations: { [NOTE]: note ?? null } },
    ...(changed.length > 0 && { spec: Object.fromEntries(changed.map((list) => [list, lists[list]])) }),
  };
}

/**
 * The lists of a VirtualService that Serin makes, before anything is shared out. All ports of the Service are shared out alike:
 * at one that was left out, requests would reach every version.
 */
export function madeLists({ metadata: { name }, spec }: Service): Lists {
  const ports = (spec.ports ?? []).filter(({ protocol = "TCP" }) => protocol === "TCP");
  // Only at a Service of several ports a destination has to say which one.
  const to = ({ port }: ServicePort): StreamRoute =>
    ports.length < 2
      ? { route: [{ destination: { host: name } }] }
      : { match: [{ port }], route: [{ destination: { host: name, port: { number: port } } }] };
  const [streams, others] = [ports.filter(isStream), ports.filter((port) => !isStream(port))];
  return {
    ...(others.length > 0 && { http: others.map((port) => to(port) as HttpRoute) }),
    ...(streams.length > 0 && { tcp: streams.map(to) }),
  };
}

/** Whether Istio takes what comes in at a port for bytes: by its protocol, or by its name. */
function isStream({ appProtocol, name }: ServicePort): boolean {
  const protocol = appProtocol ?? name?.split("-")[0] ?? "";
  return ["tcp", "tls", "https", "mongo", "mysql", "redis"].includes(protocol.replace(/^kubernetes\.io\//u, ""));
}
