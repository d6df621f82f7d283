// What do the controller's side and the clients' side tell each other?

/** Where to connect, and what is known of each service before anything happens. */
export interface Begin {
  readonly kind: "begin";
  readonly url: string;
  readonly token: string;
  /** Streams of everything; a tenth of them is cut again and again, and a tenth is never read. */
  readonly ofAll: number;
  /** Streams of one service each, from the first one on. */
  readonly ofOne: number;
  /** The version of each service, by its number. */
  readonly versions: readonly number[];
}

/** Nothing changes any more: what must each client know in the end? */
export interface End {
  readonly kind: "end";
  readonly versions: readonly number[];
}

/** Asks what was received so far. */
export interface Look {
  readonly kind: "look";
}

export interface Received {
  readonly bytes: number;
  readonly records: number;
  /** Rows and views. */
  readonly states: number;
  /** Decisions that were left out, and that came again, over all clients. */
  readonly lost: number;
  readonly doubled: number;
  /** Events whose place is not behind the one before. */
  readonly disordered: number;
  readonly resets: number;
  readonly cuts: number;
  /** Clients that do not know the last version of everything that they follow. */
  readonly behind: number;
  readonly clients: number;
}

export type ToClients = Begin | End | Look;
