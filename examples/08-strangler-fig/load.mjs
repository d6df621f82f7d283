// Who uses the shop? Ten requests to the cart, ten searches and two looks at the rest, twenty times a second.
const address = process.argv[2] ?? "http://127.0.0.1:8080";
console.log(`users come to ${address}`);
const paths = [...Array(10).fill("/cart"), ...Array(10).fill("/search?q=figs"), "/", "/about"];

const ask = async (path) => {
  const answer = await fetch(address + path).catch(() => undefined);
  await answer?.text();
};
setInterval(() => paths.forEach((path) => void ask(path)), 50);
