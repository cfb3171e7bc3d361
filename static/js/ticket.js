// Stores the ticket page on this phone, to be shown without network; the enlarged code keeps the screen on.
import { copyRequest } from "./copy-request.js";

const page = document.getElementById("main");
const large = document.getElementById("ticket-large");
const kept = document.getElementById("ticket-kept");
let awake;

// Other people's copies go: this phone is somebody else's now.
async function storeCopy() {
  const mine = `tickets-${page.dataset.person}`;
  const others = (await caches.keys()).filter((name) => name.startsWith("tickets-") && name !== mine);
  await Promise.all(others.map((name) => caches.delete(name)));
  const answer = await fetch(copyRequest(location.pathname));
  if (!answer.ok || answer.redirected) return;
  const copy = new DOMParser().parseFromString(await answer.text(), "text/html");
  copy.getElementById("main").dataset.kept = new Date().toISOString();
  const tickets = await caches.open(mine);
  const html = `<!doctype html>${copy.documentElement.outerHTML}`;
  await tickets.put(location.pathname, new Response(html, { headers: answer.headers }));
  const used = performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname);
  // The code is not among them while it is still on its way.
  const shown = [...document.images].map((image) => new URL(image.src).pathname);
  const codes = shown.filter((path) => path.endsWith("/ticket.svg"));
  const parts = [...used.filter((path) => path.startsWith("/static/")), ...codes];
  await Promise.all([...new Set(parts)].map((part) => tickets.add(part)));
  await navigator.serviceWorker.ready; // which opens the copy
  document.getElementById("ticket-offline").hidden = false;
}

// Whoever leaves meanwhile, or loses the network, keeps the older copy.
const storeCopyIfPossible = () => storeCopy().catch(() => {});

// A copy says how old it is, until the server has answered again.
function showAge() {
  kept.hidden = !page.dataset.kept;
  const language = document.documentElement.lang.replace(/^en$/, "en-GB");
  const style = { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" };
  const when = new Date(page.dataset.kept).toLocaleString(language, style);
  if (page.dataset.kept) kept.querySelector("p").textContent = kept.dataset.words.replace("{time}", when);
}

async function keepScreenOn() {
  // A phone that saves its battery may refuse.
  awake = await navigator.wakeLock?.request("screen").catch(() => undefined);
}

large.addEventListener("toggle", ({ newState }) => (newState === "open" ? keepScreenOn() : awake?.release()));
document.addEventListener("visibilitychange", () => large.open && !document.hidden && keepScreenOn());
document.addEventListener("htmx:afterSwap", ({ target }) => {
  const state = document.getElementById("ticket-state");
  if (target.id !== state.id && target !== state) return;
  const isIssuedAnew = state.dataset.code !== document.querySelector(".ticket__code").textContent;
  if (isIssuedAnew) return location.reload();
  delete page.dataset.kept;
  showAge();
  if (state.dataset.state === "used") {
    large.close();
    storeCopyIfPossible();
  }
});

// A copy asks until it is answered; a network that has just come back may not answer yet.
function requestState() {
  if (!page.dataset.kept) return;
  htmx.trigger("#ticket-state", "ask");
  setTimeout(requestState, 5000);
}

showAge();
if (page.dataset.kept) {
  large.showModal();
  addEventListener("online", requestState);
  setTimeout(requestState, 5000);
} else if (navigator.serviceWorker) storeCopyIfPossible();
