// A reading becomes an answer: the server's, or, where it can't be reached in time, this phone's own.
import { read } from "./codes.js";
import { clock, fill, listed, now, page, send, state, store, tell, tick } from "./phone.js";

const keys = JSON.parse(page.dataset.keys);
const words = (kind, name) => document.getElementById(`answer-${kind}`).dataset[name] ?? "";

// {outcome: admitted | already_used | refused | unverified, guest, code, entered, by, message, unverified, here, nonce}
export async function meet(text) {
  const reading = { nonce: crypto.randomUUID(), code: text.slice(0, 500), at: now(), let_in: false, open: true };
  reading.number = await store.keep(reading);
  if (!state.away) {
    try {
      const answer = await send(reading);
      await store.forget([reading.number]);
      if (answer.outcome === "admitted") await remember(text, reading);
      tell();
      return answer;
    } catch { // no answer in time: the phone decides
      tell();
    }
  }
  const answer = await decide(text);
  if (answer.outcome === "admitted") await letIn(reading, answer);
  else if (answer.outcome !== "unverified") await store.forget([reading.number]);
  tell();
  return { ...answer, nonce: reading.nonce, reading };
}

async function remember(text, { at }) {
  const code = await read(text, keys).catch(() => ({})); // a browser without Ed25519 asks the server every time
  if (code.id) await store.letIn(code.id, at);
}

// The door is open: from now on the reading waits to be sent.
export async function letIn(reading, { id }) {
  Object.assign(reading, { let_in: true, open: false });
  await store.keep(reading);
  if (id) await store.letIn(id, reading.at);
  tell();
}

export async function turnAway(reading) {
  await store.forget([reading.number]);
}

// What can be known without anybody else. A typed code, and a genuine one that is newer than the list, are for the person at the door.
async function decide(text) {
  const typed = text.replace(/[\s-]/g, "").toUpperCase();
  if (/^[0-9A-Z]{8}$/.test(typed)) return { outcome: "unverified", message: words("unverified", "typed") };
  const code = await read(text, keys);
  if (code.problem) return { outcome: "refused", message: words("refused", code.problem) };
  if (code.event !== Number(page.dataset.event)) return { outcome: "refused", message: words("refused", "wrong_event") };
  const entry = await store.guest(code.id);
  const guest = entry ? await code.open(entry.sealed) : {};
  const facts = { guest: guest.guest, code: guest.code, id: code.id };
  if (guest.void) return { outcome: "refused", message: guest.void, ...facts };
  const here = await store.inside(code.id);
  if (here) return { outcome: "already_used", entered: clock(here.at), here: true, ...facts };
  if (guest.used) return { outcome: "already_used", entered: clock(guest.used), by: guest.by, ...facts };
  if (!entry) return { outcome: "unverified", message: fill(words("unverified", "unlisted"), { listed: listed() }), ...facts };
  return { outcome: "admitted", unverified: true, ...facts };
}

// Somebody was let in by mistake. A reading that never left this phone is gone; of any other, the server hears.
export async function takeBack({ nonce, text }) {
  const code = await read(text, keys).catch(() => ({}));
  if (code.id) await store.letOut(code.id);
  const waiting = (await store.readings()).filter((reading) => reading.nonce === nonce);
  await store.forget(waiting.map((reading) => reading.number));
  await store.keep({ nonce, undo: true });
  await tick();
  return { outcome: "undone" };
}
