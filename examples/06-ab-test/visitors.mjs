// Who visits the shop, and who buys there?
import { Agent, request } from "node:http";

const [address = "http://127.0.0.1:8080", count = "2400"] = process.argv.slice(2);

/** How many of a hundred visitors buy, by the colour of the button. */
const BUY = { blue: 10, green: 15 };

const agent = new Agent({ keepAlive: true });

function ask(method, path, visitor) {
  return new Promise((resolve, reject) => {
    const headers = { cookie: `visitor=${visitor}` };
    const asked = request(`${address}${path}`, { method, headers, agent }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part) => (text += part));
      answer.on("end", () => resolve(text));
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** Dice that fall the same each time (mulberry32). */
function dice(seed) {
  let at = seed;
  return () => {
    at = (at + 0x6d2b79f5) | 0;
    let mixed = Math.imul(at ^ (at >>> 15), 1 | at);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits for a green button: somebody must see one. The controller sees it a moment later, and the test begins. */
async function testBegins() {
  for (const endMs = Date.now() + 60_000; Date.now() < endMs;) {
    for (let i = 0; i < 20; i += 1) if ((await ask("GET", "/color", `early-${i}`)) === "green") return sleep(5_000);
    await sleep(100);
  }
  throw new Error(`for a minute nobody saw a green button at ${address}`);
}

await testBegins();
const chance = dice(7);
const bought = { blue: [0, 0], green: [0, 0] };
for (let i = 0; i < Number(count); i += 1) {
  const visitor = `visitor-${String(i).padStart(5, "0")}`;
  const color = (await ask("GET", "/", visitor)).includes("#15803d") ? "green" : "blue";
  const buys = chance() * 100 < BUY[color];
  if (buys) await ask("POST", "/buy", visitor);
  bought[color][0] += 1;
  bought[color][1] += Number(buys);
}
for (const [color, [visitors, orders]] of Object.entries(bought)) {
  console.log(`${color}: ${visitors} visitors, ${orders} orders`);
}
agent.destroy();
