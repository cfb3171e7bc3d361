// Counts the ticked rows in the bar under a table, and how many spots would be left. The server wrote every plural form
// of the language beside the count.
const plural = new Intl.PluralRules(document.documentElement.lang);

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-bulk]");
  if (!form) return;
  const all = form.querySelector("[data-pick-all]");
  const boxes = [...form.querySelectorAll("input[name=r]:not(:disabled)")];
  const pages = form.querySelector("[data-all-pages]");
  if (event.target === all) boxes.forEach((box) => (box.checked = all.checked));
  const ticked = boxes.filter((box) => box.checked).length;
  const picked = pages?.checked ? Number(pages.dataset.allPages) : ticked;
  write(form.querySelector("[data-bulk-count]"), picked);
  writeLeft(form.querySelector("[data-spots-left]"), picked);
  all.checked = ticked > 0 && ticked === boxes.length;
  all.indeterminate = ticked > 0 && ticked < boxes.length;
});

// The same beside the number of those at the head of the queue.
document.addEventListener("input", ({ target }) => {
  if (target.id === "approve-number") writeLeft(target.form.querySelector("[data-spots-left]"), Number(target.value));
});

function writeLeft(out, taken) {
  if (!out) return; // to take seats back leaves more
  const left = out.dataset.spotsLeft - taken;
  if (left < 0) out.textContent = out.dataset.over;
  else write(out, left);
}

function write(out, number) {
  out.textContent = (out.dataset[plural.select(number)] ?? out.dataset.other).replace("{n}", number);
}
