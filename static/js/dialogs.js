// A button names the <dialog> it opens; focus returns to the button on close, natively.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    event.preventDefault(); // the opener is a link to the page that asks the same question without a script
    document.getElementById(opener.dataset.opens)?.showModal();
  }
  event.target.closest("[data-closes]")?.closest("dialog")?.close();
});
