// Opens the check-in page without network. The page itself stores what it is made of (static/js/check-in/device.js);
// this script only finds it again.
const CACHE = `door-${registration.scope.match(/(\d+)\/check-in/)[1]}`, PATIENCE = 3000; // in milliseconds

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  if (method !== "GET") return;
  if (mode === "navigate") event.respondWith(fetchPage(event.request));
  else if (new URL(url).pathname.startsWith("/static/")) event.respondWith(fetchStatic(event.request));
});

// The newest page; the stored one when that takes too long or the server fails.
async function fetchPage(request) {
  const cache = await caches.open(CACHE);
  const copy = await cache.match(request, { ignoreSearch: true, ignoreVary: true });
  if (!copy) return fetch(request).catch(checkInPage);
  try {
    const fresh = await Promise.race([fetch(request), new Promise((_, late) => setTimeout(late, PATIENCE))]);
    return fresh.status < 500 ? fresh : copy;
  } catch {
    return copy;
  }
}

// The stored check-in page itself, for a page below it that was never stored.
const checkInPage = async () => (await caches.match(registration.scope, { ignoreVary: true })) ?? Response.error();

// A file whose name has a fingerprint or a version never changes, so its copy is as good as the file.
async function fetchStatic(request) {
  const copy = await (await caches.open(CACHE)).match(request, { ignoreVary: true });
  if (copy && /\.[0-9a-f]{12}\.|\/vendor\//.test(request.url)) return copy;
  return fetch(request).catch(() => copy ?? Response.error());
}
