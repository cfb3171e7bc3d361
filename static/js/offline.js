// Registers the service worker that helps out without network; each visit renews the page that it shows.
import { copyRequest } from "./copy-request.js";

if (navigator.serviceWorker) {
  await navigator.serviceWorker.register("/service-worker.js").catch(() => {});
  // Without network the copy of before does.
  await caches.open("offline-page").then((kept) => kept.add(copyRequest("/offline/"))).catch(() => {});
}
