// The ticket page keeps a copy of itself on this phone and shows it where there is no network; the code fills the screen, which stays on.
import { asCopy } from "./copies.js";

const page = document.getElementById("main");
const large = document.getElementById("ticket-large");
const kept = document.getElementById("ticket-kept");
let awake;

// Other people's copies go: this phone is somebody else's now.
async function keep() {
  const mine = `tickets-${page.dataset.person}`;
  const others = (await caches.keys()).filter((name) => name.startsWith("tickets-") && name !== mine);
  await Promise.all(others.map((name) => caches.delete(name)));
  const answer = await fetch(asCopy(location.pathname));
  if (!answer.ok || answer.redirected) return;
  const copy = new DOMParser().parseFromString(await answer.text(), "text/html");
  copy.getElementById("main").dataset.kept = new Date().toISOString();
  const tickets = await caches.open(mine);
  await tickets.put(location.pathname, new Response(`<!doctype html>${copy.documentElement.outerHTML}`, { headers: answer.headers }));
  const used = performance.getEntriesByType("resource").map((entry) => new URL(entry.name));
  const parts = used.filter(({ pathname }) => pathname.startsWith("/static/") || pathname.endsWith("/ticket.svg")).map(({ pathname }) => pathname);
  await Promise.all([...new Set(parts)].map((part) => tickets.add(part)));
  await navigator.serviceWorker.ready; // which opens the copy
  document.getElementById("ticket-offline").hidden = false;
}

// Whoever leaves meanwhile, or loses the network, keeps the older copy.
const keepAnyway = () => keep().catch(() => {});

// A copy says how old it is, until the server has answered again.
function tell() {
  kept.hidden = !page.dataset.kept;
  const when = new Date(page.dataset.kept).toLocaleString(document.documentElement.lang.replace(/^en$/, "en-GB"), { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
  if (page.dataset.kept) kept.querySelector("p").textContent = kept.dataset.words.replace("{time}", when);
}

async function light() {
  awake = await navigator.wakeLock?.request("screen").catch(() => undefined); // a phone that saves its battery may say no
}

large.addEventListener("toggle", ({ newState }) => (newState === "open" ? light() : awake?.release()));
document.addEventListener("visibilitychange", () => large.open && !document.hidden && light());
document.addEventListener("htmx:afterSwap", ({ target }) => {
  const state = document.getElementById("ticket-state");
  if (target.id !== state.id && target !== state) return;
  if (state.dataset.code !== document.querySelector(".ticket__code").textContent) return location.reload(); // it was issued anew
  delete page.dataset.kept;
  tell();
  if (state.dataset.state === "used") {
    large.close();
    keepAnyway();
  }
});

// A copy asks until it is answered; a network that has just come back may not answer yet.
function ask() {
  if (!page.dataset.kept) return;
  htmx.trigger("#ticket-state", "ask");
  setTimeout(ask, 5000);
}

tell();
if (page.dataset.kept) {
  large.showModal();
  addEventListener("online", ask);
  setTimeout(ask, 5000);
} else if (navigator.serviceWorker) keepAnyway();
