// Who is it that asks, and may that one?
import { SerinError, type Trouble } from "../../core/issues.ts";
import type { Rollout } from "../../core/spec/rollout.ts";
import type { Whoami } from "../contract.ts";
import { Refused } from "../http/problem.ts";
import type { Audit, AuditNote } from "./audit.ts";
import type { AccessRole } from "./file.ts";
import { placesIn, type PlacesResult, type Somewhere } from "./places.ts";
import { EVERYTHING, may, type Need, type Principal } from "./may.ts";
import type { Refusals } from "./refusals.ts";
import { ACTS } from "./rights.ts";

/** What a call was, for the audit log. */
export type CallNote = Pick<AuditNote, "what" | "service" | "reason" | "seen">;

/** What is known of the services that there are. */
export interface Places {
  /** The environment of a service; nothing when there is no such service. */
  readonly environmentOf: (service: string) => string | undefined;
  /** The members of a group; a service itself. */
  readonly servicesOf: (name: string) => readonly string[];
  /** What the service of a file is called; by its name alone without it. */
  readonly nameOf?: ((metadata: Rollout["metadata"]) => string) | undefined;
  /** The services of a file, or why it is not taken here; without it as the file has them. */
  readonly inFile?: typeof placesIn | undefined;
}

/** With whom a Caller is made. */
export interface CallerOptions {
  /** Who it is now: what somebody may can be taken away while a call, or a stream, goes on. */
  readonly principal: () => Principal;
  readonly audit: Audit;
  /** Writes refusals down, of all calls; without it each is written down. */
  readonly refusals?: Refusals | undefined;
  readonly places: Places;
  /** What whoever is not known is called, where the call does not say it. */
  readonly actor: string;
  /** The address that the call comes from. */
  readonly from: string;
  /** Shows that a call comes from the page of whoever has logged in. */
  readonly csrf?: string | undefined;
  /** Whom the access file grants any of these roles at all of these places. */
  readonly holders?: ((roles: readonly AccessRole[], places: readonly Somewhere[]) => readonly string[]) | undefined;
}

/** Whoever asks. */
export class Caller {
  readonly #options: CallerOptions;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  get #principal(): Principal {
    return this.#options.principal();
  }

  /** Whether it has a role for a service, or for all members of a group. */
  readonly may = (role: AccessRole, name: string): boolean => {
    return this.#placesOf(name).every((place) => this.mayAt({ role, ...place }));
  };

  /** Whether it may look at what was said of something at these places: there and where that is now, if it is still anywhere. */
  readonly sees = (name: string, said: readonly Somewhere[]): boolean => {
    const principal = this.#principal;
    return [...this.#placesOf(name), ...said].every((place) => may(principal, { role: "view", ...place }));
  };

  /** The same as `may` for a place that need not be there yet, or for everything. */
  mayAt(need: Need): boolean {
    return may(this.#principal, need);
  }

  /** Whether there is anything for which it has a role. */
  mayAnywhere(role: AccessRole): boolean {
    const { grants, ...rest } = this.#principal;
    return grants.some((grant) =>
      may({ ...rest, grants: [grant] }, { role, service: grant.services[0], environment: grant.environments[0] }),
    );
  }

  /** The services that a file is about. */
  placesIn(text: string, origin: string): Promise<PlacesResult> {
    const { inFile = placesIn } = this.#options.places;
    return inFile(text, origin);
  }

  /** The environment that a service has now; nothing when it is not there. */
  environmentOf(service: string): string | undefined {
    return this.#options.places.environmentOf(service);
  }

  /** Who asks. Where somebody is known, nobody else can be claimed. */
  actor(claimed?: string): string {
    const { actor } = this.#principal;
    if (actor === undefined) return claimed ?? this.#options.actor;
    if (claimed === undefined || claimed === actor) return actor;
    throw new Refused({ code: "SERIN_NOT_YOU", what: `${actor} cannot ask as ${claimed}`, ...CHANGED_NOTHING }, 403);
  }

  /** Whether its session, or its token, has ended since the call came in: a stream goes on for long. */
  readonly isOver = (): boolean => this.#principal.isOver === true;

  get whoami(): Whoami {
    const { actor = this.#options.actor, grants, login } = this.#principal;
    const roles = grants.flatMap(({ role, services, environments }) =>
      services.flatMap((service) =>
        environments.map((environment) => ({ role, services: service, environments: environment })),
      ),
    );
    return { actor, roles, login, csrf: this.#options.csrf };
  }

  /** What it may do with a service, or with all members of a group, and who else may. */
  rightsAt(name: string): NonNullable<Whoami["at"]> {
    const places = this.#placesOf(name);
    // Where it is, and who may what there, is for those who may look.
    const isShown = this.may("view", name);
    const holders = (isShown && this.#options.holders) || (() => []);
    const environments = new Set(isShown ? places.flatMap(({ environment }) => environment ?? []) : []);
    return {
      service: name,
      environments: [...environments],
      acts: ACTS.map(([act, roles]) => ({
        act,
        roles,
        allowed: roles.some((role) => this.may(role, name)),
        holders: holders(roles, places),
      })),
    };
  }

  #placesOf(name: string): readonly Somewhere[] {
    const { environmentOf, servicesOf } = this.#options.places;
    return servicesOf(name).map((service) => ({ service, environment: environmentOf(service) }));
  }

  /** Refuses, and writes that down, unless it may. `takes` names the roles any of which will do. */
  refuseUnless(isAllowed: boolean, takes: string, note: CallNote): void {
    if (isAllowed) return;
    const { actor = this.#options.actor } = this.#principal;
    const trouble = notYours(actor, takes, note);
    const { audit, refusals = audit } = this.#options;
    refusals.note({ kind: "refused", ...this.#who(), ...note, answer: trouble.code });
    throw new Refused(trouble, 403);
  }

  /** Does something that changes things: what was asked is written down before, what came of it after. */
  async audited<T>(
    note: CallNote & { readonly actor: string },
    work: () => Promise<T>,
    said: (result: T) => string,
  ): Promise<T> {
    const { audit } = this.#options;
    const { seq } = audit.note({ kind: "asked", ...this.#who(), ...note });
    const answered = (answer: string): void => {
      try {
        audit.note({ kind: "answered", of: seq, answer });
      } catch {
        // What is done is done, and is no failure for that; the log shows a question without an answer.
      }
    };
    try {
      const result = await work();
      answered(said(result));
      return result;
    } catch (error) {
      // What was found may be a part of the file that was applied: only the sentence is written down.
      answered(error instanceof SerinError ? `${error.trouble.code} ${error.trouble.what}` : "SERIN_FAILED");
      throw error;
    }
  }

  #who(): Pick<AuditNote, "actor" | "login" | "from"> {
    const { actor, login } = this.#principal;
    return { actor, login, from: this.#options.from };
  }
}

/** Whoever runs the controller's own process: that one needs nobody's leave. */
export function callerHere(at: Pick<CallerOptions, "actor" | "audit" | "places">): Caller {
  const principal: Principal = { groups: [], login: "none", grants: EVERYTHING };
  return new Caller({ ...at, principal: () => principal, from: "the controller's own process" });
}

const CHANGED_NOTHING = { now: "nothing was changed", exitCode: 2 } as const;

function notYours(actor: string, takes: string, { what, service }: CallNote): Trouble {
  return {
    code: "SERIN_FORBIDDEN",
    what: `${actor} may not ${what ?? takes}${service === undefined ? "" : ` ${service}`}`,
    found: `that takes the role ${takes} there`,
    next: "ask whoever keeps the access file for a grant",
    ...CHANGED_NOTHING,
  };
}
