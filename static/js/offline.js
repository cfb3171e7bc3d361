// Pages that people need where the network is bad bring the program along that helps out; each of their visits renews what it shows.
if (navigator.serviceWorker) {
  await navigator.serviceWorker.register("/service-worker.js");
  await caches.open("offline-page").then((kept) => kept.add("/offline/"));
}
