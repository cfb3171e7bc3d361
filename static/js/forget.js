// Who logs out leaves no ticket and no door behind on this device. What was scanned at a door is sent first; what can't be sent is told.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-forgets]")) return;
  event.preventDefault();
  if (form.dataset.leaving) return; // pressed twice
  form.dataset.leaving = "yes";
  if (await leave(form)) form.submit();
  delete form.dataset.leaving;
});

// Whether to go on: a phone that keeps nothing, or can't, does not hold up the log-out.
async function leave({ dataset: { forgets, waits } }) {
  try {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith("tickets-")).map((name) => caches.delete(name)));
    if (!(await indexedDB.databases()).some(({ name }) => name.startsWith("door-"))) return true;
    const { endDoors, forgetDoors } = await import(forgets);
    const waiting = await endDoors();
    if (waiting && !confirm(waits.replace("{waiting}", waiting))) return false;
    await forgetDoors();
  } catch (problem) {
    console.warn("what this device keeps could not be forgotten", problem);
  }
  return true;
}
