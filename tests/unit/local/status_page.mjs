// Runs the script of a page with as much of a browser as it uses: `node status_page.mjs PAGE ANSWERS`, answers by path as JSON.
import { readFileSync } from "node:fs";

const html = readFileSync(process.argv[2], "utf8");
const answers = JSON.parse(process.argv[3]);
const script = html.match(/<script>([\s\S]*)<\/script>/)[1].replace("\n  refresh();", "\n  await refresh();");
const places = Object.fromEntries([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => [id, { textContent: "" }]));
const services = [...html.matchAll(/data-service="([^"]+)"/g)].map(([, service]) => ({ dataset: { service } }));
const page = { getElementById: (id) => places[id], querySelectorAll: () => services };
const fetchPath = async (path) => {
  if (!(path in answers)) throw new Error("away");
  return { json: async () => answers[path] };
};
const run = new Function("document", "fetch", "setInterval", `return (async () => {${script}})()`);
await run(page, fetchPath, () => {});
const texts = Object.fromEntries(Object.entries(places).map(([id, place]) => [id, place.textContent]));
const states = Object.fromEntries(services.map((place) => [place.dataset.service, place.className]));
process.stdout.write(JSON.stringify({ texts, states }));
