// Does the new version answer as a shop should, before anybody gets it?
const address = process.env.PREVIEW;

for (const path of ["/", "/api/price?item=3"]) {
  for (let times = 0; times < 10; times += 1) {
    const answer = await fetch(`${address}${path}`, { headers: { connection: "close" } });
    const version = answer.headers.get("x-version");
    await answer.text();
    if (answer.ok) continue;
    console.log(`${path} of version ${version} answers ${answer.status}`);
    process.exit(1);
  }
}
console.log("all is well at the preview address");
