// Deletes tickets and check-in data from this device at log-out. Waiting scans are sent first, or their number shown.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-forgets]")) return;
  event.preventDefault();
  if (form.dataset.leaving) return; // pressed twice
  form.dataset.leaving = "yes";
  if (await clearDevice(form)) form.submit();
  delete form.dataset.leaving;
});

// Whether to go on: a phone that keeps nothing, or can't, does not hold up the log-out.
async function clearDevice({ dataset: { forgets, waits } }) {
  try {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith("tickets-")).map((name) => caches.delete(name)));
    if (!(await indexedDB.databases()).some(({ name }) => name.startsWith("door-"))) return true;
    const { sendWaitingScans, deleteCheckInData } = await import(forgets);
    const waiting = await sendWaitingScans();
    if (waiting && !confirm(waits.replace("{waiting}", waiting))) return false;
    await deleteCheckInData();
  } catch (problem) {
    console.warn("what this device keeps could not be forgotten", problem);
  }
  return true;
}
