// A request that failed leaves the page as it is and says so, with a button that sends it once more.
const toasts = document.getElementById("toasts");
const failed = document.getElementById("toast-failed");

function show({ elt, target, requestConfig }) {
  const polls = elt.getAttribute?.("hx-trigger")?.startsWith("every"); // tries again anyway
  if (polls || toasts.querySelector("[data-retry]")) return;
  const toast = failed.content.firstElementChild.cloneNode(true);
  toast.querySelector("[data-retry]").addEventListener("click", () => {
    toast.remove();
    const { verb, path, triggeringEvent } = requestConfig;
    const button = triggeringEvent?.submitter; // its name and value belong to the form
    const values = button?.name ? { [button.name]: button.value } : {};
    if (elt.isConnected) htmx.ajax(verb, path, { source: elt, target, values });
    else location.reload();
  });
  toasts.append(toast);
}

for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(name, (event) => show(event.detail));
}
