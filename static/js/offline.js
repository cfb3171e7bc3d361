// Pages that people need where the network is bad bring the program along that helps out; each of their visits renews what it shows.
import { asCopy } from "./copies.js";

if (navigator.serviceWorker) {
  await navigator.serviceWorker.register("/service-worker.js").catch(() => {});
  await caches.open("offline-page").then((kept) => kept.add(asCopy("/offline/"))).catch(() => {}); // without network, the one we have does
}
