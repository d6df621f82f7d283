// Which mail server do the tests send to?
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { identity } from "./identity.ts";

/** One mail, as it was taken. */
interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly isSecure: boolean;
  readonly text: string;
}

/** A real SMTP server that knows one user, `serin` with `sesame`, and takes no mail for nobody@. */
export class Mailbox {
  readonly mails: Mail[] = [];
  readonly #server: SMTPServer;

  constructor(options: SMTPServerOptions = {}) {
    this.#server = new SMTPServer({
      ...identity(),
      authOptional: true,
      disableReverseLookup: true,
      logger: false,
      onAuth: ({ username, password }, _session, callback) => {
        if (username === "serin" && password === "sesame") callback(null, { user: username });
        else callback(new Error(`no such user, or not ${password}`));
      },
      onRcptTo: ({ address }, _session, callback) => {
        callback(address.startsWith("nobody@") ? new Error("nobody here") : null);
      },
      onData: (stream, session, callback) => {
        let text = "";
        stream.setEncoding("utf8").on("data", (part: string) => (text += part));
        stream.on("end", () => {
          const { mailFrom, rcptTo } = session.envelope;
          this.mails.push({
            from: mailFrom ? mailFrom.address : "",
            to: rcptTo.map(({ address }) => address),
            user: typeof session.user === "string" ? session.user : undefined,
            isSecure: session.secure,
            text,
          });
          callback(null);
        });
      },
      ...options,
    });
    this.#server.on("error", () => undefined);
  }

  /** Its port on localhost. */
  async start(): Promise<number> {
    const server = this.#server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  /** Connections that are open. */
  get open(): number {
    return this.#server.connections.size;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
