// Keeps the ticks and the focus of this person when the queue is drawn anew because others work on it, too.
const follower = "queue-live";
const inQueue = (element) => element?.closest?.("#queue");
let ticked = [], hadFocus = false, isFollowing = false, ends;

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  isFollowing = detail.requestConfig?.elt.id === follower;
  if (!isFollowing) return;
  ticked = [...document.querySelectorAll("#queue [name=r]:checked")].map((box) => box.id);
  hadFocus = Boolean(inQueue(document.activeElement));
});

// A number that somebody types stays, too.
document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  const isTyped = detail.target.id === "approve-next" && detail.target.contains(document.activeElement);
  if (isFollowing && isTyped) detail.shouldSwap = false;
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.requestConfig?.elt.id !== follower) return;
  const boxes = ticked.map((id) => document.querySelector(`#${id}:enabled`)).filter(Boolean);
  boxes.forEach((box) => (box.checked = true));
  boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
  // What had the focus is gone with its row.
  if (hadFocus && !inQueue(document.activeElement)) document.querySelector("#queue table")?.focus();
});

// A row that is decided here stays in sight, also in a table that is asked for before the answer to its decision comes.
document.addEventListener("htmx:beforeSend", ({ detail: { elt, requestConfig } }) => {
  const cell = requestConfig.verb === "post" && elt.closest("#queue td");
  if (!cell || cell.querySelector("[name=kept]")) return;
  const value = cell.parentElement.id.replace("reservation-", "");
  cell.prepend(Object.assign(document.createElement("input"), { type: "hidden", name: "kept", value }));
});

// After a decision on many rows the table is another one, shown from its top. The mouse, which has not moved, now
// points at another guest's row, whose buttons do nothing until it moves.
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
function scheduleUndoEnd() {
  const buttons = [...document.querySelectorAll("#queue [data-undo-seconds]")];
  const seconds = buttons.map((button) => Number(button.dataset.undoSeconds));
  clearTimeout(ends);
  if (seconds.length) ends = setTimeout(() => htmx.trigger(document.body, "numbers"), 1000 * Math.min(...seconds));
}
document.addEventListener("htmx:afterSwap", scheduleUndoEnd);
scheduleUndoEnd();
