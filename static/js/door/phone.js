// The phone at the door and the server: who it is, the list it keeps, the readings it sends. Any of it may fail at any time; nothing is lost.
import { asCopy } from "../copies.js";
import { openStore, sent } from "./store.js";

export const page = document.getElementById("main");
export const store = await openStore(page.dataset.event);
const bar = document.getElementById("door-state");
const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

// In milliseconds: how long a guest waits for an answer from afar, and how often the phone speaks up.
const PATIENCE = 2500, OFTEN = 5000, BEAT = 20_000, LIST = 30_000, BATCH = 50;
export const state = { away: !navigator.onLine, locked: false, conflicts: 0, refused: 0, why: "", listed: await store.fact("listed"), ahead: (await store.fact("ahead")) ?? 0 };
let key = await store.fact("key"), introducing, sending, lastBeat = 0, lastList = 0;

export const now = () => new Date(Date.now() - state.ahead).toISOString();
export const clock = (moment) => new Date(moment).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const fill = (words, facts) => words.replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "–");

// "18:40", and of an old list its age too: "18:40, 3 hours ago".
const ages = new Intl.RelativeTimeFormat(document.documentElement.lang);
export function listed() {
  if (!state.listed) return "–";
  const minutes = Math.floor((Date.now() - state.listed) / 60_000);
  const [age, unit] = minutes < 60 ? [minutes, "minute"] : minutes < 1440 ? [Math.floor(minutes / 60), "hour"] : [Math.floor(minutes / 1440), "day"];
  return minutes < 5 ? clock(state.listed) : `${clock(state.listed)}, ${ages.format(-age, unit)}`;
}

class Locked extends Error {}

// Everything that is asked for. Throws when there is no answer, or one that makes no sense: then the phone decides by itself.
async function ask(address, { body, patience = PATIENCE, again = true } = {}) {
  // Once, however much is asked for at the same time: each introduction makes the last key worthless.
  if (!key) await (introducing ??= introduce(patience).finally(() => (introducing = undefined)));
  let answer;
  try {
    // The key alone says who asks: the session would only be read in vain.
    const headers = { "X-Door-Key": key, "Content-Type": "application/json", "Accept-Language": document.documentElement.lang };
    answer = await fetch(address, { method: body ? "POST" : "GET", headers, credentials: "omit", body: body && JSON.stringify(body), signal: AbortSignal.timeout(patience) });
  } catch (problem) {
    state.away = true;
    throw problem;
  }
  if (answer.status === 401 && again) {
    key = undefined;
    return ask(address, { body, patience, again: false });
  }
  if (answer.status === 403) {
    state.locked = true;
    throw new Locked();
  }
  if (!answer.ok || answer.redirected) throw away(new Error(`${answer.status}`));
  state.away = false;
  return answer.json();
}

function away(problem) {
  state.away = true;
  return problem;
}

// Done with the session of whoever opened the page; from then on the key is enough.
async function introduce(patience) {
  const answer = await fetch(page.dataset.device, { method: "POST", headers: { "X-CSRFToken": token }, signal: AbortSignal.timeout(patience), redirect: "manual" }).catch((problem) => { throw away(problem); });
  if (!answer.ok) {
    state.locked = answer.status < 500;
    throw answer.status < 500 ? new Locked() : away(new Error());
  }
  ({ key } = await answer.json());
  state.locked = false;
  await store.know("key", key);
  await store.know("readings", page.dataset.readings); // for the log-out, which any page may begin
}

// One reading, answered while the guest stands there.
export async function send(reading, patience) {
  const began = Date.now(), waiting = (await store.readings()).length - 1;
  const said = await ask(page.dataset.readings, { body: { readings: [sent(reading)], waiting }, patience });
  heard(said, began);
  return said.answers[0];
}

// The server's clock said its time somewhere between our question and its answer. A slow answer tells it so roughly that what we
// believe stays, unless it contradicts that.
function heard({ allowed, now: theirs }, began) {
  state.locked = !allowed;
  const halfway = (began + Date.now()) / 2, ahead = Math.round(halfway - new Date(theirs));
  if (Math.abs(ahead - state.ahead) <= halfway - began) return;
  state.ahead = ahead;
  store.know("ahead", state.ahead);
}

// What waits, oldest first. Those that are being decided at this moment wait for that, and are counted: once the server was told that
// nothing waits, it believes nothing older from a phone that has to go.
export async function upload() {
  const all = await store.readings(), waiting = all.filter((reading) => !reading.open);
  const batch = waiting.slice(0, BATCH), began = Date.now();
  if (!batch.length && began - lastBeat < BEAT) return;
  const said = await ask(page.dataset.readings, { body: { readings: batch.map(sent), waiting: all.length - batch.length }, patience: 15_000 });
  lastBeat = Date.now();
  heard(said, began);
  const wrong = said.answers.filter((answer, number) => batch[number].let_in && ["already_used", "refused"].includes(answer.outcome));
  state.conflicts += wrong.filter((answer) => answer.kept).length;
  const refused = wrong.filter((answer) => !answer.kept);
  if (refused.length) Object.assign(state, { refused: state.refused + refused.length, why: refused.at(-1).message });
  await store.forget(batch.map((reading) => reading.number));
  if (waiting.length > batch.length) await upload();
  // All is sent that was read by the old right; perhaps whoever is logged in has a new one.
  else if (state.locked) await introduce(PATIENCE);
}

// The list for when there is no network: what has changed since the last time.
export async function renew() {
  if (!key || state.locked || Date.now() - lastList < LIST) return;
  const since = (await store.fact("since")) ?? "";
  let after = 0, at;
  while (after !== null) {
    const said = await ask(`${page.dataset.guests}?${new URLSearchParams({ since, after })}`, { patience: 15_000 });
    await store.keepGuests(said.entries);
    at ??= said.at;
    await store.know("valid", said.valid);
    after = said.next;
  }
  lastList = Date.now();
  state.listed = Date.now();
  await store.know("since", at);
  await store.know("listed", state.listed);
}

// A phone that may not stand here keeps no list; if it may again, it begins with the whole of it.
async function forgetList() {
  [state.listed, lastList] = [undefined, 0];
  await store.know("since", ""); // first: cut short, a list is only asked for once too often
  await store.know("listed", undefined);
  await store.forgetGuests();
}

export function tick() {
  sending ??= upload().then(renew).catch(() => {}).finally(() => { // no network: the bar says so, the next tick tries again
    sending = undefined;
    tell();
  });
  return sending;
}

export async function tell() {
  const waiting = (await store.readings()).filter((reading) => !reading.open).length;
  const words = state.locked ? "locked" : state.away ? (state.listed ? "offline" : "nolist") : waiting ? "sending" : state.refused ? "refused" : state.conflicts ? "conflicts" : "";
  bar.hidden = !words;
  bar.querySelector("span").textContent = words && fill(bar.dataset[words], { waiting, listed: listed(), conflicts: state.conflicts, refused: state.refused, why: state.why });
  if (state.locked) forgetList();
}

// Once the page has been open with a connection, it opens without one.
export async function keepPage() {
  await navigator.serviceWorker?.register(page.dataset.worker, { scope: page.dataset.page });
  const used = performance.getEntriesByType("resource").map((entry) => entry.name).filter((address) => new URL(address).pathname.startsWith("/static/"));
  const reader = document.querySelector("[data-reader]")?.dataset.reader;
  const kept = await caches.open(`door-${page.dataset.event}`);
  const wanted = [...new Set([...used, ...(reader ? [new URL(reader, location).href] : []), location.pathname])];
  await Promise.all(wanted.map(async (address) => (/\.[0-9a-f]{12}\./.test(address) && (await kept.match(address))) || kept.add(asCopy(address))));
}

// Nobody was told what became of a reading that was being decided when the page went away: it did not happen.
const undecided = (await store.readings()).filter((reading) => reading.open);
if (undecided.length) await store.forget(undecided.map((reading) => reading.number));
addEventListener("online", tick);
addEventListener("offline", () => { state.away = true; tell(); });
// It may have gone while all this was read.
state.away ||= !navigator.onLine;
setInterval(tick, OFTEN);
tick().then(keepPage).catch(() => {}); // without network there is nothing newer to keep
