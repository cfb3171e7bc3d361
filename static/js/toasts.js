// Gives toasts a close button and removes them after a while, unless they tell of an error or are in use.
const toasts = document.getElementById("toasts");
const close = document.getElementById("toast-close");
const stay = 8000;

const isBusy = (toast) => toast.matches(":hover, :focus-within");
const removeWhenIdle = (toast) => (isBusy(toast) ? setTimeout(removeWhenIdle, stay, toast) : toast.remove());

function addCloseButton(toast) {
  if (!toast.matches?.(".toast") || toast.querySelector("[data-dismiss]")) return;
  toast.append(close.content.cloneNode(true));
  if (toast.dataset.kind !== "error") setTimeout(removeWhenIdle, stay, toast);
}

toasts.querySelectorAll(".toast").forEach(addCloseButton);
new MutationObserver((changes) => {
  changes.forEach((change) => change.addedNodes.forEach(addCloseButton));
  if (toasts.childElementCount) place();
}).observe(toasts, { childList: true });

// Nothing beside an open dialog can be seen well, nor pressed: while it is open they stand in it.
function place() {
  const home = document.querySelector("dialog:modal") ?? document.body;
  if (toasts.parentElement !== home) home.append(toasts);
}
document.addEventListener("close", () => document.body.append(toasts), true);
toasts.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest(".toast").remove());
