// Once an answer said that the session has ended, the page asks for nothing by itself until somebody logged in again.
let ended = false;
const asksByItself = (element) => /^every|numbers/.test(element.getAttribute("hx-trigger") ?? "");

// The server leads whoever pressed something to the log-in page, and answers these with a notice.
document.addEventListener("htmx:configRequest", ({ detail: { elt, headers } }) => {
  if (asksByItself(elt)) headers["X-Asked-By-Itself"] = "true";
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (ended && asksByItself(event.detail.elt)) event.preventDefault();
});

document.addEventListener("htmx:afterRequest", ({ detail: { xhr } }) => {
  if (!xhr.status) return; // no answer came
  ended = xhr.status === 401;
  if (!ended) document.querySelector("#toasts [data-code=logged_out]")?.remove();
});

// Whoever comes back to this tab may have logged in in another one.
document.addEventListener("visibilitychange", () => (ended = false));
