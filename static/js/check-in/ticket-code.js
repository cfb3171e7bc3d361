// Verifies a ticket code by its signature (tickets/ticket/signature.py), and opens the entry of the offline list that
// belongs to it (tickets/checkin/offline_list.py).
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", BODY = 22;
// A QR code names the reservation before the signed code; older ones do not.
const TEXT = /^(?:RESERVATION:(\d{1,20})\/)?([A-Z2-7]{138})$/;
const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
const base64Of = (bytes) => btoa(String.fromCharCode(...bytes));

// The 86 bytes behind the signed code, if it is written the one way that we write them.
function decode(text) {
  const bytes = new Uint8Array(86);
  let bits = 0, held = 0, at = 0;
  for (const letter of text) {
    held = (held << 5) | ALPHABET.indexOf(letter);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = held >> bits;
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 ? bytes : null;
}

// {problem} or {event, id, open}: which event it is for, its entry's name, and how to verifyCode that entry.
export async function verifyCode(text, keys) {
  const [, named, signed] = TEXT.exec(text.trim().toUpperCase()) ?? [];
  const bytes = signed && decode(signed);
  if (!bytes || bytes[0] !== 1) return { problem: "not_a_ticket" };
  const body = bytes.slice(0, BODY), signature = bytes.slice(BODY);
  if (!keys[body[1]]) return { problem: "unknown_key" };
  const key = await crypto.subtle.importKey("raw", bytesOf(keys[body[1]]), "Ed25519", false, ["verify"]);
  if (!(await crypto.subtle.verify("Ed25519", key, signature, body))) return { problem: "forged_ticket" };
  if (named && named !== String(new DataView(body.buffer).getBigUint64(6))) return { problem: "forged_ticket" };
  const secret = await crypto.subtle.importKey("raw", signature, "HKDF", false, ["deriveBits"]);
  const info = new TextEncoder().encode("eventflow door entry");
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  const derived = new Uint8Array(await crypto.subtle.deriveBits(how, secret, 384));
  const name = derived.slice(0, 16);
  return {
    event: new DataView(body.buffer).getUint32(2),
    id: base64Of(name),
    open: (sealed) => open(bytesOf(sealed), name, derived.slice(16)),
  };
}

async function open(sealed, name, raw) {
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["decrypt"]);
  const how = { name: "AES-GCM", iv: sealed.slice(0, 12), additionalData: name };
  const text = await crypto.subtle.decrypt(how, key, sealed.slice(12));
  return JSON.parse(new TextDecoder().decode(text));
}
