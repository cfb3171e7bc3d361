// After a swap, focus goes to whatever the server marked, to an error summary, or to a door result.
const wanted = "[data-focus], .error-summary, .result";

document.addEventListener("htmx:afterSwap", (event) => {
  const swapped = event.detail?.target?.isConnected ? event.detail.target : event.target;
  const mark = swapped.matches?.(wanted) ? swapped : swapped.querySelector?.(wanted);
  mark?.focus();
});
