// The log-out on a device that checked in: waiting scans are sent, the server is told, and the check-in's data deleted.
import { openStore, scanPayload } from "./store.js";

const PATIENCE = 8000, BATCH = 50;

// The events whose check-in data this device has.
async function eventIds() {
  const names = (await indexedDB.databases()).map(({ name }) => name);
  return names.filter((name) => /^door-\d+$/.test(name)).map((name) => name.slice(5));
}

// Sends what waits. Returns how many scans could not be sent.
export async function sendWaitingScans() {
  const left = await Promise.all((await eventIds()).map(async (event) => sendScansOf(await openStore(event))));
  return left.reduce((sum, waiting) => sum + waiting, 0);
}

async function sendScansOf(store) {
  const [key, address] = [await store.getSetting("key"), await store.getSetting("readings")];
  for (;;) {
    const waiting = (await store.getScans()).filter((scan) => !scan.open), batch = waiting.slice(0, BATCH);
    const remaining = waiting.length - batch.length;
    const body = { readings: batch.map(scanPayload), waiting: remaining, leaving: !remaining };
    const accepted = await postScans(address, key, body);
    if (!accepted) return waiting.length;
    await store.deleteScans(batch.map(({ number }) => number));
    if (!remaining) return 0;
  }
}

// The key alone says which device sends: a cookie would only make the server read the session.
async function postScans(address, key, body) {
  if (!key || !address) return false;
  const headers = { "X-Door-Key": key, "Content-Type": "application/json" };
  const signal = AbortSignal.timeout(PATIENCE);
  const init = { method: "POST", headers, credentials: "omit", body: JSON.stringify(body), signal };
  const answer = await fetch(address, init).catch(() => undefined);
  return Boolean(answer?.ok);
}

// Lists, pages and keys go; scans that could not be sent stay, with the key that sends them.
export async function deleteCheckInData() {
  await Promise.all((await eventIds()).map(async (event) => {
    const store = await openStore(event);
    if (await store.clearUnlessWaiting()) await deleteDatabase(`door-${event}`);
  }));
  const pages = (await navigator.serviceWorker?.getRegistrations()) ?? [];
  await Promise.all(pages.filter(({ scope }) => scope.includes("/check-in/")).map((page) => page.unregister()));
  const copies = (await caches.keys()).filter((name) => name.startsWith("door-"));
  await Promise.all(copies.map((name) => caches.delete(name)));
}

const deleteDatabase = (name) =>
  new Promise((done) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = request.onerror = request.onblocked = done;
  });
