// Looks on while pages load, and steps in for what can't be reached: a ticket by the copy that its page has kept, anything else by a page that says so.
const KEPT = "offline-page", PAGE = "/offline/", PATIENCE = 3000;
const TICKET = /^\/reservations\/\d+\/ticket\/$/;

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(KEPT).then((kept) => kept.add(new Request(PAGE, { headers: { "X-Keeps-Copy": "true" } }))));
});
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event, { pathname } = new URL(request.url);
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(TICKET.test(pathname) ? ticket(request) : fetch(request).catch(sorry));
  else if (pathname.startsWith("/static/") || pathname.endsWith("/ticket.svg")) event.respondWith(fetch(request).catch(() => copyOf(request)));
});

const copyOf = async (request) => (await caches.match(request, { ignoreVary: true })) ?? Response.error();
const sorry = async () => (await caches.match(PAGE)) ?? Response.error();

// At the door nobody waits for a bad network. A ticket that is no longer valid, or nobody's here, is forgotten.
async function ticket(request) {
  const copy = await caches.match(request, { ignoreVary: true });
  if (!copy) return fetch(request).catch(sorry);
  try {
    const fresh = await Promise.race([fetch(request), new Promise((_, late) => setTimeout(late, PATIENCE))]);
    if (fresh.status === 404) await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).delete(request, { ignoreVary: true })));
    return fresh.status < 500 ? fresh : copy;
  } catch {
    return copy;
  }
}
