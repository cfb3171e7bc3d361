// A queue that others work on too follows them, and leaves the ticks and the focus of whoever sits here alone.
const follower = "queue-live";
const inQueue = (element) => element?.closest?.("#queue");
let ticked = [], held = false, follows = false, ends;

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  follows = detail.requestConfig?.elt.id === follower;
  if (!follows) return;
  ticked = [...document.querySelectorAll("#queue [name=r]:checked")].map((box) => box.id);
  held = Boolean(inQueue(document.activeElement));
});

// A number that somebody types stays, too.
document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  if (follows && detail.target.id === "approve-next" && detail.target.contains(document.activeElement)) detail.shouldSwap = false;
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.requestConfig?.elt.id !== follower) return;
  const boxes = ticked.map((id) => document.querySelector(`#${id}:enabled`)).filter(Boolean);
  boxes.forEach((box) => (box.checked = true));
  boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
  // What had the focus is gone with its row.
  if (held && !inQueue(document.activeElement)) document.querySelector("#queue table")?.focus();
});

// What was done to many makes another table of it: shown from its top. The mouse, which has not moved, now points at somebody else's
// row, whose buttons are deaf until it does.
document.addEventListener("htmx:afterSwap", ({ target }) => {
  const table = target.id === "queue" && target.querySelector("table[data-focus]");
  if (!table) return;
  table.closest(".table-box").scrollIntoView();
  table.dataset.still = "";
});
document.addEventListener("pointermove", ({ movementX, movementY }) => {
  if (movementX || movementY) document.querySelector("#queue table[data-still]")?.removeAttribute("data-still");
});

// An Undo ends when the mail leaves; then the rows are drawn anew, and offer what can be done instead.
function watch() {
  const seconds = [...document.querySelectorAll("#queue [data-undo-seconds]")].map((button) => Number(button.dataset.undoSeconds));
  clearTimeout(ends);
  if (seconds.length) ends = setTimeout(() => htmx.trigger(document.body, "numbers"), 1000 * Math.min(...seconds));
}
document.addEventListener("htmx:afterSwap", watch);
watch();
