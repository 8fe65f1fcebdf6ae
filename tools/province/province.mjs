// The provincial platform as the city meets it: takes the city's webhooks, sends its own messages, and fails on demand.
//
// Nothing of the city's code is in it: signatures are the reference library's, message forms those of the published
// contract. It is ended by SIGKILL as well as by SIGTERM: all it knows is in its folder.
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { Book } from "./books.mjs";
import { signed, verify } from "./signing.mjs";

const MOST_BYTES = 1_000_000;
const options = Object.fromEntries(
  ["state", "port", "target"].map((name) => [name, { type: "string" }]).concat([
    ["secret", { type: "string", multiple: true, default: [] }],
    ["public-key", { type: "string", multiple: true, default: [] }],
    ["signing-key", { type: "string", multiple: true, default: [] }],
  ]),
);
const { values: asked } = parseArgs({ options });
mkdirSync(asked.state, { recursive: true });
const received = new Book(asked.state, "received");
const sent = new Book(asked.state, "sent");
const keys = { secrets: asked.secret, publicKeys: asked["public-key"] };
const realNow = Date.now;
let target = asked.target;
let refused = 0;
let behaviour = { mode: "ok" };

const server = createServer((request, answer) => {
  const chunks = [];
  let length = 0;
  request.on("data", (chunk) => {
    length += chunk.length;
    if (length > MOST_BYTES) request.destroy();
    else chunks.push(chunk);
  });
  request.on("end", () => {
    const { pathname, searchParams } = new URL(request.url, "http://province");
    const route = ROUTES[`${request.method} ${pathname}`];
    if (!route) return reply(answer, 404, { error: "no such route" });
    Promise.resolve(route({ request, answer, body: Buffer.concat(chunks), query: searchParams })).catch((error) =>
      reply(answer, 500, { error: String(error) }),
    );
  });
});

function reply(answer, status, content, headers = {}) {
  if (answer.headersSent || answer.destroyed) return;
  answer.writeHead(status, { "content-type": "application/json", ...headers });
  answer.end(content === undefined ? "" : JSON.stringify(content));
}

function concerns(event) {
  return (!behaviour.subject || behaviour.subject === event.subject) && (behaviour.times ?? Infinity) > 0;
}

// What it was told to do with this message instead of taking it; true when that was the end of it.
function misbehave({ request, answer }, event) {
  if (behaviour.mode === "ok" || !concerns(event)) return false;
  if (behaviour.times !== undefined) behaviour.times -= 1;
  const after = { "retry-after": String(behaviour.seconds ?? 1) };
  if (behaviour.mode === "status") reply(answer, behaviour.status, { error: "as told" });
  else if (behaviour.mode === "retry_after") reply(answer, 503, { error: "as told" }, after);
  else if (behaviour.mode === "gone") reply(answer, 410, { error: "as told" });
  else if (behaviour.mode === "reset") request.socket.destroy();
  else if (behaviour.mode === "stall") setTimeout(() => reply(answer, 200), (behaviour.seconds ?? 30) * 1000).unref();
  return true;
}

async function takeHook(call) {
  const { request, answer, body } = call;
  const text = body.toString("utf8");
  try {
    verify(request.headers, text, keys);
  } catch (error) {
    refused += 1;
    return reply(answer, 401, { error: error.message });
  }
  const event = JSON.parse(text);
  // The contract's time is the event's; a message of ours about nothing else has its own.
  const line = { id: request.headers["webhook-id"], type: event.type, subject: event.subject };
  Object.assign(line, { place: event.subjectversion, time: event.time, body: text, at: new Date(realNow()).toISOString() });
  if (misbehave(call, event)) return undefined;
  received.write(line);
  return reply(answer, 204);
}

// {type, data, id?, seconds?, spoil?: body|id|time|signature, keys?}: signed, then spoilt, then posted.
async function send({ answer, body }) {
  const order = JSON.parse(body);
  const id = order.id ?? `prov-${randomUUID()}`;
  const seconds = Math.floor(realNow() / 1000) + (order.seconds ?? 0);
  const timestamp = order.timestamp ?? new Date(seconds * 1000).toISOString();
  let text = order.body ?? JSON.stringify({ type: order.type, timestamp, data: order.data });
  const headers = signed(id, seconds, text, order.keys ?? asked["signing-key"]);
  if (order.spoil === "body") text = text.replace("{", "{ ");
  if (order.spoil === "id") headers["webhook-id"] = `${id}x`;
  if (order.spoil === "time") headers["webhook-timestamp"] = String(seconds + 1);
  if (order.spoil === "signature") headers["webhook-signature"] = headers["webhook-signature"].replace(/,..../, ",AAAA");
  if (!order.spoil && !order.seconds && !sent.lines.some((line) => line.id === id)) {
    const place = order.data?.sequence;
    sent.write({ id, type: order.type, subject: order.data?.province_id, place, time: timestamp, body: text });
  }
  const response = await fetch(target, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: text,
  });
  const said = await response.text();
  return reply(answer, 200, { id, status: response.status, answer: said ? JSON.parse(said) : null });
}

const ROUTES = {
  "POST /hooks": takeHook,
  "POST /control/send": send,
  "POST /control/behaviour": ({ answer, body }) => {
    behaviour = JSON.parse(body);
    // `Date.now` is what the library asks for the time.
    const skew = behaviour.mode === "clock_skew" ? behaviour.seconds * 1000 : 0;
    Date.now = () => realNow() + skew;
    if (skew) behaviour = { mode: "ok" };
    reply(answer, 200, behaviour);
  },
  "POST /control/keys": ({ answer, body }) => {
    const wanted = JSON.parse(body);
    keys.secrets = wanted.secrets ?? keys.secrets;
    keys.publicKeys = wanted.public_keys ?? keys.publicKeys;
    target = wanted.target ?? target;
    reply(answer, 200, {});
  },
  "GET /control/received": ({ answer, query }) => {
    const wanted = (line) => ["type", "subject", "id"].every((name) => !query.has(name) || line[name] === query.get(name));
    reply(answer, 200, {
      messages: received.once().filter(wanted),
      attempts: received.lines.filter(wanted).length,
      refused,
    });
  },
  "GET /control/digest": ({ answer, query }) =>
    reply(answer, 200, { received: received.digest(query.get("day")), sent: sent.digest(query.get("day")) }),
};

for (const name of ["SIGTERM", "SIGINT"]) process.on(name, () => process.exit(0));
server.keepAliveTimeout = 60_000;
server.listen(Number(asked.port ?? 0), "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })}\n`);
});
