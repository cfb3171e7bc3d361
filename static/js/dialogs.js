// A button names the <dialog> it opens; focus returns to the button on close, natively.
// It starts at the control marked data-first: for `autofocus` in what htmx swaps in, Chromium complains in its console.
const open = (dialog) => {
  dialog.showModal();
  dialog.querySelector("[data-first]")?.focus();
};

// What the server writes into a dialog that shows itself is a question: ask it. A dialog whose opener fetches its form
// shows itself when the form is there: until then it holds the form of another opener.
document.addEventListener("htmx:afterSwap", ({ detail: { target, requestConfig } }) => {
  const opened = document.getElementById(requestConfig?.elt.dataset.opens);
  const dialog = opened ?? (target?.matches("dialog[data-shows]") ? target : undefined);
  if (dialog && !dialog.open) open(dialog);
});

// Of two openers that were pressed one after the other, the later one is answered.
let latest;
document.addEventListener("htmx:beforeSend", ({ detail: { elt, xhr } }) => {
  if (elt.dataset.opens) latest = xhr;
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.requestConfig?.elt.dataset.opens && detail.xhr !== latest) detail.shouldSwap = false;
});

// A form in a dialog closes it when it went through; until then what was typed stays in sight.
document.addEventListener("htmx:beforeSwap", ({ detail: { xhr, requestConfig } }) => {
  if (requestConfig?.verb === "post" && xhr.status < 300) requestConfig.elt.closest("dialog")?.close();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    event.preventDefault(); // the opener is a link to the page that asks the same question without a script
    const dialog = document.getElementById(opener.dataset.opens);
    if (dialog && !opener.hasAttribute("hx-get")) open(dialog);
  }
  event.target.closest("[data-closes]")?.closest("dialog")?.close();
});
