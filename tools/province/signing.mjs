// Signatures as the reference library makes and judges them (v1), and Ed25519 by node's own crypto (v1a).
import { createPrivateKey, createPublicKey, sign as signBytes, verify as verifyBytes } from "node:crypto";
import standardwebhooks from "standardwebhooks";

const { Webhook } = standardwebhooks;
const TOLERANCE_SECONDS = 300;
const PRIVATE_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC_HEAD = Buffer.from("302a300506032b6570032100", "hex");

function rawKey(text, prefix) {
  if (!text.startsWith(prefix)) throw new Error(`a key that begins with ${prefix} is expected`);
  return Buffer.from(text.slice(prefix.length), "base64");
}

// The headers of a message signed by every key given: `whsec_…` by the library, `whsk_…` (Ed25519 seed) by node.
export function signed(id, seconds, body, keys) {
  const signatures = keys.map((key) => {
    if (key.startsWith("whsk_")) {
      const der = Buffer.concat([PRIVATE_HEAD, rawKey(key, "whsk_").subarray(0, 32)]);
      const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
      return `v1a,${signBytes(null, Buffer.from(`${id}.${seconds}.${body}`), privateKey).toString("base64")}`;
    }
    return new Webhook(key).sign(id, new Date(seconds * 1000), body);
  });
  return { "webhook-id": id, "webhook-timestamp": String(seconds), "webhook-signature": signatures.join(" ") };
}

// Throws unless each kind of key that is known verifies the message.
export function verify(headers, body, { secrets, publicKeys }) {
  if (secrets.length + publicKeys.length === 0) throw new Error("no key is known");
  if (secrets.length > 0) anyOf(secrets, (secret) => new Webhook(secret).verify(body, headers, { jsonParse: false }));
  if (publicKeys.length > 0) anyOf(publicKeys, (key) => verifyAsymmetric(headers, body, key));
}

function anyOf(keys, judge) {
  let last;
  for (const key of keys) {
    try {
      judge(key);
      return;
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

function verifyAsymmetric(headers, body, key) {
  const { "webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": given } = headers;
  if (!id || !stamp || !given) throw new Error("Missing required headers");
  if (!(Math.abs(Math.floor(Date.now() / 1000) - Number(stamp)) <= TOLERANCE_SECONDS)) throw new Error("timestamp");
  const der = Buffer.concat([PUBLIC_HEAD, rawKey(key, "whpk_")]);
  const publicKey = createPublicKey({ key: der, format: "der", type: "spki" });
  const content = Buffer.from(`${id}.${stamp}.${body}`);
  const found = given
    .split(" ")
    .filter((one) => one.startsWith("v1a,"))
    .some((one) => verifyBytes(null, content, publicKey, Buffer.from(one.slice(4), "base64")));
  if (!found) throw new Error("No matching signature found");
}
