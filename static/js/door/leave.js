// The log-out on a phone that stood at doors: what waits is sent, the server hears that the phone leaves, and nothing of the doors stays here.
import { openStore, sent } from "./store.js";

const PATIENCE = 8000, BATCH = 50;

// Those of events, by their numbers.
async function kept() {
  const names = (await indexedDB.databases()).map(({ name }) => name);
  return names.filter((name) => /^door-\d+$/.test(name)).map((name) => name.slice(5));
}

// How many scans could not be sent.
export async function endDoors() {
  const left = await Promise.all((await kept()).map(async (event) => end(await openStore(event))));
  return left.reduce((sum, waiting) => sum + waiting, 0);
}

async function end(store) {
  const [key, address] = [await store.fact("key"), await store.fact("readings")];
  for (;;) {
    const waiting = (await store.readings()).filter((reading) => !reading.open), batch = waiting.slice(0, BATCH);
    const rest = waiting.length - batch.length;
    const said = await tell(address, key, { readings: batch.map(sent), waiting: rest, leaving: !rest });
    if (!said) return waiting.length;
    await store.forget(batch.map(({ number }) => number));
    if (!rest) return 0;
  }
}

async function tell(address, key, body) {
  if (!key || !address) return false;
  const headers = { "X-Door-Key": key, "Content-Type": "application/json" };
  const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE) }).catch(() => undefined);
  return Boolean(answer?.ok);
}

// Lists, pages and keys go; scans that could not be sent stay, with the key that sends them.
export async function forgetDoors() {
  await Promise.all((await kept()).map(async (event) => {
    const store = await openStore(event);
    if (await store.forgetAll()) await new Promise((done) => { const gone = indexedDB.deleteDatabase(`door-${event}`); gone.onsuccess = gone.onerror = gone.onblocked = done; });
  }));
  const pages = (await navigator.serviceWorker?.getRegistrations()) ?? [];
  await Promise.all(pages.filter(({ scope }) => scope.includes("/check-in/")).map((page) => page.unregister()));
  await Promise.all((await caches.keys()).filter((name) => name.startsWith("door-")).map((name) => caches.delete(name)));
}
