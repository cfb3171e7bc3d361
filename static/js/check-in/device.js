// This device and the server: its key, its offline list and the scans it sends. Each request may fail; nothing is lost.
import { copyRequest } from "../copy-request.js";
import { openStore, scanPayload } from "./store.js";

export const page = document.getElementById("main");
export const store = await openStore(page.dataset.event);
const bar = document.getElementById("check-in-status");
const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

// In milliseconds: how long a guest waits for the server's answer, and how often this device reports.
const PATIENCE = 2500, OFTEN = 5000, BEAT = 20_000, LIST = 30_000, BATCH = 50;
export const state = {
  away: !navigator.onLine,
  locked: false,
  conflicts: 0,
  refused: 0,
  why: "",
  listed: await store.getSetting("listed"),
  ahead: (await store.getSetting("ahead")) ?? 0,
};
let key = await store.getSetting("key"), registering, sending, lastBeat = 0, lastList = 0;

export const serverTime = () => new Date(Date.now() - state.ahead).toISOString();
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
export const formatTime = (moment) => new Date(moment).toLocaleTimeString(document.documentElement.lang, CLOCK);
export const fillIn = (words, facts) => words.replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "–");

// "18:40", and of an old list its age too: "18:40, 3 hours ago".
const ages = new Intl.RelativeTimeFormat(document.documentElement.lang);
export function listAge() {
  if (!state.listed) return "–";
  const minutes = Math.floor((Date.now() - state.listed) / 60_000);
  let [age, unit] = [minutes, "minute"];
  if (minutes >= 1440) [age, unit] = [Math.floor(minutes / 1440), "day"];
  else if (minutes >= 60) [age, unit] = [Math.floor(minutes / 60), "hour"];
  return minutes < 5 ? formatTime(state.listed) : `${formatTime(state.listed)}, ${ages.format(-age, unit)}`;
}

class Locked extends Error {}

// Each request of the server. Throws when no answer comes, or one that makes no sense: then this device decides.
async function request(address, { body, patience = PATIENCE, again = true } = {}) {
  // Once, however much is asked for at the same time: each introduction makes the last key worthless.
  if (!key) await (registering ??= register(patience).finally(() => (registering = undefined)));
  let answer;
  try {
    // The key alone says who asks: the session would only be read in vain.
    const language = document.documentElement.lang;
    const headers = { "X-Door-Key": key, "Content-Type": "application/json", "Accept-Language": language };
    const method = body ? "POST" : "GET", signal = AbortSignal.timeout(patience);
    const sent = body && JSON.stringify(body);
    answer = await fetch(address, { method, headers, credentials: "omit", body: sent, signal });
  } catch (problem) {
    state.away = true;
    throw problem;
  }
  if (answer.status === 401 && again) {
    key = undefined;
    return request(address, { body, patience, again: false });
  }
  if (answer.status === 403) {
    state.locked = true;
    throw new Locked();
  }
  if (!answer.ok || answer.redirected) throw markOffline(new Error(`${answer.status}`));
  state.away = false;
  return answer.json();
}

function markOffline(problem) {
  state.away = true;
  return problem;
}

// Done with the session of whoever opened the page; from then on the key is enough.
async function register(patience) {
  const headers = { "X-CSRFToken": token }, signal = AbortSignal.timeout(patience);
  const asked = fetch(page.dataset.device, { method: "POST", headers, signal, redirect: "manual" });
  const answer = await asked.catch((problem) => {
    throw markOffline(problem);
  });
  if (!answer.ok) {
    state.locked = answer.status < 500;
    throw answer.status < 500 ? new Locked() : markOffline(new Error());
  }
  ({ key } = await answer.json());
  state.locked = false;
  await store.setSetting("key", key);
  await store.setSetting("readings", page.dataset.readings); // for the log-out, which any page may begin
}

// Sends one scan while the guest waits.
export async function sendScan(scan, patience) {
  const began = Date.now(), waiting = (await store.getScans()).length - 1;
  const reply = await request(page.dataset.readings, { body: { readings: [scanPayload(scan)], waiting }, patience });
  adjustClock(reply, began);
  return reply.answers[0];
}

// The server read its clock somewhere between our request and its answer. A slow answer tells the time so roughly that
// what we believe stays, unless it contradicts that.
function adjustClock({ allowed, now: theirs }, began) {
  state.locked = !allowed;
  const halfway = (began + Date.now()) / 2, ahead = Math.round(halfway - new Date(theirs));
  if (Math.abs(ahead - state.ahead) <= halfway - began) return;
  state.ahead = ahead;
  store.setSetting("ahead", state.ahead);
}

// Uploads what waits, oldest first. Scans that are being decided now are counted, not sent: once the server was told
// that nothing waits, it believes nothing older from a device that has to go.
export async function uploadScans() {
  const all = await store.getScans(), waiting = all.filter((scan) => !scan.open);
  const batch = waiting.slice(0, BATCH), began = Date.now();
  if (!batch.length && began - lastBeat < BEAT) return;
  const body = { readings: batch.map(scanPayload), waiting: all.length - batch.length };
  const reply = await request(page.dataset.readings, { body, patience: 15_000 });
  lastBeat = Date.now();
  adjustClock(reply, began);
  const wrongOutcomes = ["already_used", "refused"];
  const isWrong = ({ outcome }, number) => batch[number].let_in && wrongOutcomes.includes(outcome);
  const wrong = reply.answers.filter(isWrong);
  state.conflicts += wrong.filter((answer) => answer.kept).length;
  const refused = wrong.filter((answer) => !answer.kept);
  if (refused.length) Object.assign(state, { refused: state.refused + refused.length, why: refused.at(-1).message });
  await store.deleteScans(batch.map((scan) => scan.number));
  if (waiting.length > batch.length) await uploadScans();
  // All is sent that was scanned by the old right; perhaps whoever is logged in has a new one.
  else if (state.locked) await register(PATIENCE);
}

// The list for when there is no network: what has changed since the last time.
export async function refreshOfflineList() {
  if (!key || state.locked || Date.now() - lastList < LIST) return;
  const since = (await store.getSetting("since")) ?? "";
  let after = 0, at;
  while (after !== null) {
    const query = new URLSearchParams({ since, after });
    const reply = await request(`${page.dataset.guests}?${query}`, { patience: 15_000 });
    await store.saveGuests(reply.entries);
    at ??= reply.at;
    await store.setSetting("valid", reply.valid);
    after = reply.next;
  }
  lastList = Date.now();
  state.listed = Date.now();
  await store.setSetting("since", at);
  await store.setSetting("listed", state.listed);
}

// A device that may no longer check in keeps no list; if it may again, it begins with the whole of it.
async function deleteOfflineList() {
  [state.listed, lastList] = [undefined, 0];
  await store.setSetting("since", ""); // first: cut short, a list is only asked for once too often
  await store.setSetting("listed", undefined);
  await store.clearGuests();
}

export function sync() {
  // Without network the bar says so, and the next sync tries again.
  sending ??= uploadScans().then(refreshOfflineList).catch(() => {}).finally(() => {
    sending = undefined;
    updateStatus();
  });
  return sending;
}

export async function updateStatus() {
  const waiting = (await store.getScans()).filter((scan) => !scan.open).length;
  const { conflicts, refused, why } = state, words = statusWords(waiting);
  bar.hidden = !words;
  const facts = { waiting, listed: listAge(), conflicts, refused, why };
  bar.querySelector("span").textContent = words && fillIn(bar.dataset[words], facts);
  if (state.locked) deleteOfflineList();
}

// Which of the page's sentences the status bar shows; none when all is well.
function statusWords(waiting) {
  if (state.locked) return "locked";
  if (state.away) return state.listed ? "offline" : "nolist";
  if (waiting) return "sending";
  if (state.refused) return "refused";
  return state.conflicts ? "conflicts" : "";
}

// Once the page has been open with a connection, it opens without one.
export async function cachePage() {
  await navigator.serviceWorker?.register(page.dataset.worker, { scope: page.dataset.page });
  const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
  const used = loaded.filter((address) => new URL(address).pathname.startsWith("/static/"));
  const reader = document.querySelector("[data-reader]")?.dataset.reader;
  const cache = await caches.open(`door-${page.dataset.event}`);
  // The answer to a form that was sent without htmx has an address that nobody can open.
  const opened = location.pathname.startsWith(page.dataset.page) ? location.pathname : page.dataset.page;
  const wanted = [...new Set([...used, ...(reader ? [new URL(reader, location).href] : []), opened])];
  const isStored = async (address) => /\.[0-9a-f]{12}\./.test(address) && (await cache.match(address));
  await Promise.all(wanted.map(async (address) => (await isStored(address)) || cache.add(copyRequest(address))));
}

// A scan that was being decided when the page went away did not happen: nobody saw its verdict.
const undecided = (await store.getScans()).filter((scan) => scan.open);
if (undecided.length) await store.deleteScans(undecided.map((scan) => scan.number));
addEventListener("online", sync);
addEventListener("offline", () => { state.away = true; updateStatus(); });
// It may have gone while all this was read.
state.away ||= !navigator.onLine;
setInterval(sync, OFTEN);
sync().then(cachePage).catch(() => {}); // without network there is nothing newer to keep
