// What does the page show whose "Buy now" button is blue or green, and who bought?
import { createServer } from "node:http";

const { PORT, BUTTON_COLOR = "blue", EVENTS = "" } = process.env;

// Equally dark, so that only the colour differs.
const COLORS = { blue: "#1d4ed8", green: "#15803d" };

const PAGE = `<!doctype html>
<title>Canary cup</title>
<h1>Canary cup, 12 €</h1>
<form method="post" action="/buy">
  <button style="background: ${COLORS[BUTTON_COLOR]}; color: white; padding: 1em">Buy now</button>
</form>`;

let waiting = [];

/** Tells Serin what visitors did, several events at a time. What it does not get is sent again; what it refuses is not. */
async function tell() {
  const some = waiting.splice(0, 1_000);
  if (some.length > 0) {
    const request = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(some) };
    const isHeard = await fetch(EVENTS, request).then(
      ({ status }) => status < 500,
      () => false,
    );
    if (!isHeard) waiting = [...some, ...waiting].slice(-10_000);
  }
  setTimeout(tell, 50);
}
if (EVENTS !== "") void tell();

const visitorOf = ({ headers }) => /(?:^|; )visitor=([^;]+)/u.exec(headers.cookie ?? "")?.[1];

const ANSWERS = {
  "GET /": (event) => {
    waiting.push({ ...event, variant: BUTTON_COLOR });
    return PAGE;
  },
  "POST /buy": (event) => {
    waiting.push({ ...event, goal: "order" });
    return "<!doctype html><title>Thank you</title><h1>Thank you</h1>";
  },
  "GET /color": () => BUTTON_COLOR,
  "GET /healthz": () => "well",
};

createServer((request, response) => {
  request.resume();
  const answer = ANSWERS[`${request.method} ${request.url}`];
  response.writeHead(answer ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
  response.end(answer?.({ user: visitorOf(request), at: Date.now() }));
}).listen(Number(PORT), "127.0.0.1");
