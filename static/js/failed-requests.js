// Shows a toast when a request fails, with a button that sends it once more; the page stays as it is.
const toasts = document.getElementById("toasts");
const failed = document.getElementById("toast-failed");

function show({ elt, target, requestConfig }) {
  const polls = elt.getAttribute?.("hx-trigger")?.startsWith("every"); // tries again anyway
  if (polls || toasts.querySelector("[data-retry]")) return;
  const toast = failed.content.firstElementChild.cloneNode(true);
  toast.querySelector("[data-retry]").addEventListener("click", () => {
    toast.remove();
    if (elt.isConnected) repeat({ elt, target, requestConfig });
    else location.reload();
  });
  toasts.append(toast);
}

function repeat({ elt, target, requestConfig }, headers = {}) {
  const { verb, path, triggeringEvent } = requestConfig;
  const button = triggeringEvent?.submitter; // its name and value belong to the form
  const values = button?.name ? { [button.name]: button.value } : {};
  htmx.ajax(verb, path, { source: elt, target, values, headers });
}

// Whoever logged in in another tab has another token there. The server sends it along, and the page repeats with it.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig, target } = event.detail;
  const token = xhr.getResponseHeader("X-CSRFToken"), { elt } = requestConfig;
  if (!token || requestConfig.headers["X-Again"] || !elt.isConnected) return;
  event.detail.isError = false;
  const sent = JSON.parse(document.body.getAttribute("hx-headers"));
  document.body.setAttribute("hx-headers", JSON.stringify({ ...sent, "X-CSRFToken": token }));
  document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((field) => (field.value = token));
  repeat({ elt, target, requestConfig }, { "X-Again": "1" });
});

for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(name, (event) => show(event.detail));
}
