// Toasts get a close button and leave by themselves, unless they tell of an error or somebody is busy with them.
const toasts = document.getElementById("toasts");
const close = document.getElementById("toast-close");
const stay = 8000;

const busy = (toast) => toast.matches(":hover, :focus-within");
const leave = (toast) => (busy(toast) ? setTimeout(leave, stay, toast) : toast.remove());

function settle(toast) {
  if (!toast.matches?.(".toast") || toast.querySelector("[data-dismiss]")) return;
  toast.append(close.content.cloneNode(true));
  if (toast.dataset.kind !== "error") setTimeout(leave, stay, toast);
}

toasts.querySelectorAll(".toast").forEach(settle);
new MutationObserver((changes) => {
  changes.forEach((change) => change.addedNodes.forEach(settle));
  if (toasts.childElementCount) place();
}).observe(toasts, { childList: true });

// Nothing beside an open dialog can be seen well, nor pressed: while it is open they stand in it.
function place() {
  const home = document.querySelector("dialog:modal") ?? document.body;
  if (toasts.parentElement !== home) home.append(toasts);
}
document.addEventListener("close", () => document.body.append(toasts), true);
toasts.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest(".toast").remove());
