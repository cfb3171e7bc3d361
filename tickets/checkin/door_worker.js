// Opens the check-in page without network. The page itself keeps what it is made of; this only finds it again.
const KEPT = `door-${registration.scope.match(/(\d+)\/check-in/)[1]}`, PATIENCE = 3000;

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  if (method !== "GET") return;
  if (mode === "navigate") event.respondWith(page(event.request));
  else if (new URL(url).pathname.startsWith("/static/")) event.respondWith(part(event.request));
});

// The newest page, unless that takes too long, or the server has troubles of its own.
async function page(request) {
  const kept = await (await caches.open(KEPT)).match(request, { ignoreSearch: true, ignoreVary: true });
  if (!kept) return fetch(request).catch(async () => (await caches.match(registration.scope, { ignoreVary: true })) ?? Response.error());
  try {
    const fresh = await Promise.race([fetch(request), new Promise((_, late) => setTimeout(late, PATIENCE))]);
    return fresh.status < 500 ? fresh : kept;
  } catch {
    return kept;
  }
}

// A name with a fingerprint or a version never changes what it means.
async function part(request) {
  const kept = await (await caches.open(KEPT)).match(request, { ignoreVary: true });
  if (kept && /\.[0-9a-f]{12}\.|\/vendor\//.test(request.url)) return kept;
  return fetch(request).catch(() => kept ?? Response.error());
}
