// A queue that others work on too follows them, and leaves the ticks and the focus of whoever sits here alone.
const follower = "queue-live";
const inQueue = (element) => element?.closest?.("#queue");
let ticked = [], held = false;

document.addEventListener("htmx:beforeRequest", (event) => {
  const follows = event.target.id === follower;
  // Something pressed here comes first: its own answer brings the news.
  if (follows && document.querySelector("#queue :is(.htmx-request, details[open])")) event.preventDefault();
  if (!follows && inQueue(event.target)) htmx.trigger(`#${follower}`, "htmx:abort");
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.requestConfig?.elt.id !== follower) return;
  ticked = [...document.querySelectorAll("#queue [name=r]:checked")].map((box) => box.id);
  held = Boolean(inQueue(document.activeElement));
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.requestConfig?.elt.id !== follower) return;
  const boxes = ticked.map((id) => document.querySelector(`#${id}:enabled`)).filter(Boolean);
  boxes.forEach((box) => (box.checked = true));
  boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
  // What had the focus is gone with its row.
  if (held && !inQueue(document.activeElement)) document.querySelector("#queue table")?.focus();
});
