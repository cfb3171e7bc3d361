// Shares through the phone's own sheet; where there is none, copies the link. Without a script the button writes an
// e-mail. A button that only copies is shown only where that works.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-share], [data-copy]");
  if (!button || !(navigator.share || navigator.clipboard)) return;
  event.preventDefault();
  const { share: url, title, copy = url, copied } = button.dataset;
  if (url && navigator.share) return navigator.share({ title, url }).catch(() => {}); // closed again: nothing to say
  await navigator.clipboard.writeText(copy);
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.append(Object.assign(document.createElement("p"), { textContent: copied }));
  document.getElementById("toasts").append(toast);
});

for (const button of document.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
