// Looks on while pages load, and answers for what can't be reached: a ticket with the copy that its page has stored,
// any other page with the one that says that the browser is offline.
const CACHE = "offline-page", PAGE = "/offline/", PATIENCE = 3000; // in milliseconds
const TICKET = /^\/reservations\/\d+\/ticket\/$/;

addEventListener("install", (event) => {
  skipWaiting();
  // The header: as in static/js/copy-request.js.
  const request = new Request(PAGE, { headers: { "X-Keeps-Copy": "true" } });
  event.waitUntil(caches.open(CACHE).then((cache) => cache.add(request)));
});
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event, { pathname } = new URL(request.url);
  if (request.method !== "GET") return;
  if (request.mode === "navigate") {
    event.respondWith(TICKET.test(pathname) ? fetchTicket(request) : fetch(request).catch(offlinePage));
  } else if (pathname.startsWith("/static/") || pathname.endsWith("/ticket.svg")) {
    event.respondWith(fetch(request).catch(() => copyOf(request)));
  }
});

const copyOf = async (request) => (await caches.match(request, { ignoreVary: true })) ?? Response.error();
const offlinePage = async () => (await caches.match(PAGE)) ?? Response.error();

// The stored ticket is shown when the network is slow: a guest at the entrance does not wait for it. Its copy is
// deleted when the server says that the ticket is not valid any more, or not this person's.
async function fetchTicket(request) {
  const copy = await caches.match(request, { ignoreVary: true });
  if (!copy) return fetch(request).catch(offlinePage);
  try {
    const fresh = await Promise.race([fetch(request), new Promise((_, late) => setTimeout(late, PATIENCE))]);
    if (fresh.status === 404) await deleteCopies(request);
    return fresh.status < 500 ? fresh : copy;
  } catch {
    return copy;
  }
}

async function deleteCopies(request) {
  const names = await caches.keys();
  await Promise.all(names.map(async (name) => (await caches.open(name)).delete(request, { ignoreVary: true })));
}
