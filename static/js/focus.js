// After a swap, focus goes to whatever the server marked, else to an error summary, else to a door result.
const wanted = ["[data-focus]", ".error-summary", ".result"];

document.addEventListener("htmx:afterSwap", (event) => {
  const swapped = event.detail?.target?.isConnected ? event.detail.target : event.target;
  const marks = wanted.map((mark) => (swapped.matches?.(mark) ? swapped : swapped.querySelector?.(mark)));
  marks.find(Boolean)?.focus();
});
