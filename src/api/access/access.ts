// Who may come in at an address, and may Serin be opened there at all?
import { messageOf, SerinError } from "../../core/issues.ts";
import type { Listen } from "../../core/spec/listen.ts";
import { ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Link } from "../contract.ts";
import { answered, on, type ActsOf, type App, type Asked } from "../http/call.ts";
import * as routes from "../http/routes.ts";
import * as calls from "../schemas/calls.ts";
import { actsFor } from "./acts.ts";
import type { Audit } from "./audit.ts";
import type { Caller, Places } from "./caller.ts";
import { readAccessFile } from "./file.ts";
import { followFiles } from "./follow.ts";
import { addressOf, guard, wrongTokens } from "./guard.ts";
import { isLoopback } from "./hosts.ts";
import type { House } from "./house.ts";
import { addLogin, addLogout, addTokenLogin } from "./login.ts";
import { approvalsFor } from "./may.ts";
import type { Place } from "./places.ts";
import { Refusals } from "./refusals.ts";
import { renewals } from "./renew.ts";
import type { SessionStore } from "./session-file.ts";
import { Sessions } from "./sessions.ts";
import { readTls, type Certificate } from "./tls.ts";

/** Where Serin is opened, and who looks after who comes in. */
export interface Opening {
  /** A port of the system's choice on this machine without it. */
  readonly listen?: Listen | undefined;
  /** The access file. */
  readonly access?: string | undefined;
  readonly tls?: Certificate | undefined;
  /** Somebody has said that a proxy in front does TLS, and says in X-Forwarded-For where calls come from. */
  readonly behindProxy?: boolean | undefined;
}

export interface AccessOptions extends Opening {
  readonly clock: Clock;
  readonly audit: Audit;
  /** What whoever may read the state's folder shows. */
  readonly token: string;
  /** What whoever comes with it is called, where the call does not say it. */
  readonly actor: string;
  readonly places: Places;
  /** Whether a browser of this machine is let in as it is, where nobody has to log in. */
  readonly browser: boolean;
  /** Of a changed file, a changed certificate. */
  readonly say: (text: string) => void;
  /** Takes how many approvals the access file asks for, as often as it is read. */
  readonly fourEyes?: ((needed: ApprovalsFor) => void) | undefined;
  /** Where logins are kept; with this process they end without it. */
  readonly sessions?: SessionStore | undefined;
}

/** So many approvals a service needs there; nothing where none are asked for. */
export type ApprovalsFor = (place: Place) => number | undefined;

export interface Access {
  /** Whether browsers come by https. */
  readonly isSecure: () => boolean;
  /** The address that a call comes from. */
  readonly addressOf: (c: Asked) => string;
  /** Adds what is there for whoever is not let in yet. */
  readonly addOpen: (app: App) => void;
  /** Lets callers in, or refuses them; puts the Caller on the context. */
  readonly guard: ReturnType<typeof guard>;
  /** Adds logout and the audit log, for whoever is let in. */
  readonly addGuarded: (app: App) => void;
  /** What is done for whoever calls. */
  readonly actsOf: (link: Link) => ActsOf;
  /** How many approvals the access file asks for there now. */
  readonly approvalsFor: ApprovalsFor;
  readonly close: () => void;
}

export const LOCAL: Listen = { host: "127.0.0.1", port: 0 };

/** Reads the access file and follows its changes. Throws a SerinError where anybody could come in. */
export async function accessOf(options: AccessOptions): Promise<Access> {
  refuseOpen(options);
  const { access: path, say, clock, audit, token, actor, places } = options;
  let file = path === undefined ? undefined : await readAccessFile(path);
  const needed: ApprovalsFor = (place) => file && approvalsFor(file, place);
  const tellFourEyes = (): void => {
    if (file) options.fourEyes?.(needed);
  };
  tellFourEyes();
  const reread = async (from: string): Promise<void> => {
    try {
      file = await readAccessFile(from);
      tellFourEyes();
      say(`follows ${from} as it is now`);
    } catch (error) {
      say(`goes on with the access file as it was: ${messageOf(error)}`);
    }
  };
  const close = path === undefined ? () => {} : followFiles([path], () => void reread(path));
  const lasting = () => file?.sessions ?? { lifetimeMs: ms(0), atMostMs: ms(0) };
  const sessions = new Sessions(clock, lasting, options.sessions);
  const house: House = {
    clock,
    audit,
    refusals: new Refusals(clock, audit),
    token,
    actor,
    places,
    sessions,
    renew: renewals({ sessions, audit, file: () => file, say }),
    wrongTokens: wrongTokens(),
    file: () => file,
    // An origin tells what a proxy in front speaks.
    isSecure: () => file?.origin?.startsWith("https:") ?? options.tls !== undefined,
    isAmbient: options.browser && path === undefined && isLoopback((options.listen ?? LOCAL).host),
    behindProxy: options.behindProxy ?? false,
  };
  return {
    isSecure: house.isSecure,
    addressOf: (c) => addressOf(c, house),
    addOpen: (app) => {
      addLogin(app, house);
      addTokenLogin(app, house);
    },
    guard: guard(house),
    addGuarded: (app) => {
      addLogout(app, house);
      addAudit(app, house);
    },
    actsOf: (link) => (c) => actsFor(c.get("caller"), link, needed),
    approvalsFor: needed,
    close,
  };
}

/** The audit log is for those who administer everything: it names all services. */
function addAudit(app: App, { audit }: House): void {
  const permitted = (caller: Caller): void =>
    caller.refuseUnless(caller.mayAt({ role: "administer" }), "administer", { what: "read the audit log" });
  on(app, routes.audit, (c) => {
    permitted(c.get("caller"));
    const { after, limit } = c.req.valid("query");
    return answered(c, calls.auditPage, { items: audit.read(after, limit) });
  });
  on(app, routes.auditVerify, (c) => {
    permitted(c.get("caller"));
    return answered(c, calls.auditCheck, audit.verify());
  });
}

/** The same before anything is started, and whether the files can be read. */
export async function checkOpening(opening: Opening): Promise<void> {
  refuseOpen(opening);
  if (opening.access !== undefined) await readAccessFile(opening.access);
  if (opening.tls) readTls(opening.tls);
}

/** Loopback needs nothing; every other address needs to know who comes, over a line that nobody else reads. */
function refuseOpen({ listen = LOCAL, access, tls, behindProxy }: Opening): void {
  const { host, port } = listen;
  // What a proxy passes on comes from elsewhere, wherever it arrives.
  if (isLoopback(host) && !behindProxy) return;
  const missing = [
    ...(access === undefined ? ["who may come in: --access FILE"] : []),
    ...(tls || behindProxy
      ? []
      : ["TLS: --tls-cert FILE --tls-key FILE, or --behind-proxy if a proxy in front does it"]),
  ];
  if (missing.length === 0) return;
  throw new SerinError({
    code: "SERIN_OPEN",
    what: `Serin at ${host}:${port} would be open to whoever reaches it`,
    found: `not said: ${missing.join("; ")}`,
    now: "nothing was started",
    next: "say so, or listen on 127.0.0.1; docs/access.md",
    exitCode: 2,
  });
}
