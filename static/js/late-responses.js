// Delivers every response, also when the element that requested it was replaced meanwhile: htmx looks for the places of
// a response around that element, and finds none around one that is gone.
let open = []; // requests that may still be answered
let missed = false; // whether the page left out a refresh
const superseded = new WeakSet(); // requests nobody waits for (htmx would log one that is aborted as an error)
const isAutomatic = ({ requestConfig }) => "X-Asked-By-Itself" in requestConfig.headers;
// readyState 0: aborted, 4: answered.
const pending = () => (open = open.filter(({ xhr }) => xhr.readyState % 4 && !superseded.has(xhr)));
const overlap = (one, other) => one.contains(other) || other.contains(one);
const touches = ({ elt, target }) => (other) =>
  [elt, target].some((own) => [other.elt, other.target].some((theirs) => overlap(own, theirs)));

// What the page asks by itself gives way to what somebody does in the same place, and is asked again afterwards.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isAutomatic(event.detail) || !pending().some(touches(event.detail))) return;
  event.preventDefault();
  missed = true;
});

document.addEventListener("htmx:beforeSend", ({ detail }) => {
  if (!isAutomatic(detail)) pending().filter(isAutomatic).filter(touches(detail)).forEach(supersede);
  open.push(detail);
  detail.elt.addEventListener("htmx:beforeOnLoad", deliver);
  detail.xhr.addEventListener("loadend", () => missed && refresh());
});

function supersede({ xhr }) {
  superseded.add(xhr);
  missed = true;
}

function refresh() {
  missed = false;
  htmx.trigger(document.body, "numbers");
}

// Somebody did two things in one place, and the first answer drew it anew: the second one is shown all the same.
function deliver(event) {
  const { elt, xhr } = event.detail, header = (name) => xhr.getResponseHeader(name);
  if (superseded.has(xhr)) return event.preventDefault();
  if (elt.isConnected || header("HX-Redirect") || header("HX-Refresh")) return;
  event.preventDefault();
  // What an answer of this status is for, as the page tells htmx.
  const { swap, error } = htmx.config.responseHandling.find(({ code }) => RegExp(code).test(xhr.status));
  if (error) return htmx.trigger(document.body, "htmx:responseError", event.detail);
  if (!swap) return refresh();
  const target = header("HX-Retarget") ? document.querySelector(header("HX-Retarget")) : event.detail.target;
  const place = target?.isConnected && target;
  const style = header("HX-Reswap") ?? elt.closest("[hx-swap]")?.getAttribute("hx-swap") ?? "innerHTML";
  htmx.swap(place || document.body, xhr.response, { swapStyle: place ? style : "none" }, { eventInfo: event.detail });
  if (xhr.status < 400) refresh();
}
