// Who follows the streams, in a process of their own?
import { Client, sumOf } from "./client.ts";
import type { Begin, Received, ToClients } from "./messages.ts";

/** So often one of those that are cut loses its connection. */
const CUT_MS = 500;
/** So long all of them may take to know everything, once nothing changes any more. */
const LATEST_MS = 120_000;

const clients: Client[] = [];
/** They read nothing. */
const asleep: Client[] = [];
let cutting: NodeJS.Timeout | undefined;

const tell = (received: Received | "begun"): void => void process.send?.(received);

process.on("disconnect", () => process.exit());
process.on("message", (message: ToClients) => {
  if (message.kind === "begin") void begin(message);
  else if (message.kind === "look") tell(sumOf(clients, 0));
  else void end(message.versions);
});

async function begin(to: Begin): Promise<void> {
  for (let index = 0; index < to.ofAll; index += 1) (index % 10 === 9 ? asleep : clients).push(new Client(to));
  for (let index = 0; index < to.ofOne; index += 1) clients.push(new Client(to, index));
  await Promise.all([...clients, ...asleep].map((client) => client.open()));
  for (const client of asleep) client.sleep();
  const cut = clients.filter((_, index) => index % 10 === 0);
  let next = 0;
  cutting = setInterval(() => cut[(next += 1) % cut.length]?.cut(), CUT_MS);
  tell("begun");
}

async function end(versions: Begin["versions"]): Promise<void> {
  clearInterval(cutting);
  const latest = Date.now() + LATEST_MS;
  const behind = (): number => clients.filter((client) => !client.knows(versions)).length;
  while (behind() > 0 && Date.now() < latest) await new Promise((resolve) => setTimeout(resolve, 200));
  tell(sumOf(clients, behind()));
  for (const client of [...clients, ...asleep]) client.close();
  process.disconnect?.();
}
