// Who uses the shop? Two hundred requests a second to each of its services.
const addresses = process.argv.slice(2);
console.log(`users come to ${addresses.join(" and ")}`);

const ask = async (address) => {
  const answer = await fetch(address).catch(() => undefined);
  await answer?.text();
};
setInterval(() => {
  for (const address of addresses) for (let count = 0; count < 10; count += 1) void ask(address);
}, 50);
