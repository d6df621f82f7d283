// What does the shop of the demo answer, in each of its versions?
import { createServer } from "node:http";

/** How a version behaves. Latencies are log-normal: half take longer than `medianMs`, about 1 % more than 4 times that. */
interface Behaviour {
  readonly errors: number;
  readonly medianMs: number;
  /** How much longer the slowest quarter take. */
  readonly slowTail: number;
  readonly ready: boolean;
}

const GOOD: Behaviour = { errors: 0.0005, medianMs: 25, slowTail: 1, ready: true };

const VERSIONS: Readonly<Record<string, Behaviour>> = {
  v1: GOOD,
  v2: { ...GOOD, errors: 0.03 },
  v3: { ...GOOD, slowTail: 1.4 },
  v4: { ...GOOD, ready: false },
  v5: GOOD,
};

const version = process.env["SHOP_VERSION"] ?? "v1";
const behaviour = VERSIONS[version];
if (!behaviour) throw new Error(`there is no version ${version}: ${Object.keys(VERSIONS).join(", ")}`);

/** The sum of twelve even draws is close to normal. */
function normal(): number {
  let sum = -6;
  for (let draw = 0; draw < 12; draw += 1) sum += Math.random();
  return sum;
}

const SPREAD = 0.6;
/** Three quarters of normal draws lie below. */
const TAIL = 0.674;

function latencyMs({ medianMs, slowTail }: Behaviour): number {
  const draw = normal();
  const usual = medianMs * Math.exp(SPREAD * draw);
  if (draw <= TAIL) return usual;
  // Stretches what lies beyond the 75th percentile, so that the rest stays just as it was.
  return usual * slowTail;
}

const { errors, ready } = behaviour;
const server = createServer((request, response) => {
  response.setHeader("x-shop-version", version);
  if (request.url === "/healthz") {
    response.statusCode = ready ? 200 : 503;
    response.end();
    return;
  }
  setTimeout(() => {
    const failed = Math.random() < errors;
    response.statusCode = failed ? 500 : 200;
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify(failed ? { error: "out of stock, and of ideas" } : { version, buy: "seed mix", price: 4.5 }),
    );
  }, latencyMs(behaviour));
});
server.listen(Number(process.env["PORT"]), "127.0.0.1", () => console.log(`shop ${version} is open`));
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
