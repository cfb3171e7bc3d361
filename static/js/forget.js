// Who logs out leaves no ticket behind on this device.
document.addEventListener("submit", ({ target }) => {
  if (!target.matches("[data-forgets]")) return;
  caches?.keys().then((names) => names.filter((name) => name.startsWith("tickets-")).forEach((name) => caches.delete(name)));
});
