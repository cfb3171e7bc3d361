// Every answer reaches the page, also when what asked for it was drawn anew meanwhile: htmx looks for an answer's parts around whatever
// asked, and around something that is gone it finds none of them.
let open = []; // what was asked and may still be answered
let missed = false; // something that the page wanted to ask
const overtaken = new WeakSet(); // what nobody waits for any more (htmx would log a request that is given up as an error)
const byItself = ({ requestConfig }) => "X-Asked-By-Itself" in requestConfig.headers;
const waiting = () => (open = open.filter(({ xhr }) => xhr.readyState % 4 && !overtaken.has(xhr))); // 0: given up, 4: answered
const overlap = (one, other) => one.contains(other) || other.contains(one);
const meets = ({ elt, target }) => (other) => [elt, target].some((mine) => [other.elt, other.target].some((theirs) => overlap(mine, theirs)));

// What the page asks by itself gives way to what somebody does in the same place, and is asked again afterwards.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!byItself(event.detail) || !waiting().some(meets(event.detail))) return;
  event.preventDefault();
  missed = true;
});

document.addEventListener("htmx:beforeSend", ({ detail }) => {
  if (!byItself(detail)) waiting().filter(byItself).filter(meets(detail)).forEach(overtake);
  open.push(detail);
  detail.elt.addEventListener("htmx:beforeOnLoad", reach);
  detail.xhr.addEventListener("loadend", () => missed && ask());
});

function overtake({ xhr }) {
  overtaken.add(xhr);
  missed = true;
}

function ask() {
  missed = false;
  htmx.trigger(document.body, "numbers");
}

// Somebody did two things in one place, and the first answer drew it anew: the second one is shown all the same.
function reach(event) {
  const { elt, xhr } = event.detail, says = (header) => xhr.getResponseHeader(header);
  if (overtaken.has(xhr)) return event.preventDefault();
  if (elt.isConnected || says("HX-Redirect") || says("HX-Refresh")) return;
  event.preventDefault();
  // What an answer of this status is for, as the page tells htmx.
  const { swap, error } = htmx.config.responseHandling.find(({ code }) => RegExp(code).test(xhr.status));
  if (error) return htmx.trigger(document.body, "htmx:responseError", event.detail);
  if (!swap) return ask();
  const target = says("HX-Retarget") ? document.querySelector(says("HX-Retarget")) : event.detail.target;
  const place = target?.isConnected && target;
  const style = says("HX-Reswap") ?? elt.closest("[hx-swap]")?.getAttribute("hx-swap") ?? "innerHTML";
  htmx.swap(place || document.body, xhr.response, { swapStyle: place ? style : "none" }, { eventInfo: event.detail });
  if (xhr.status < 400) ask();
}
