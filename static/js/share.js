// Share through the phone's own sheet; where there is none, the link is copied. Without a script the button writes an e-mail.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-share]");
  if (!button || !(navigator.share || navigator.clipboard)) return;
  event.preventDefault();
  const { share: url, title, copied } = button.dataset;
  if (navigator.share) return navigator.share({ title, url }).catch(() => {}); // closed again: nothing to say
  await navigator.clipboard.writeText(url);
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.append(Object.assign(document.createElement("p"), { textContent: copied }));
  document.getElementById("toasts").append(toast);
});
