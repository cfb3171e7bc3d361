// The bar under a table counts the ticked rows. The server wrote every plural form of the language beside the count.
const plural = new Intl.PluralRules(document.documentElement.lang);

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-bulk]");
  if (!form) return;
  const all = form.querySelector("[data-pick-all]");
  const boxes = [...form.querySelectorAll("input[type=checkbox]:not(:disabled, [data-pick-all])")];
  if (event.target === all) boxes.forEach((box) => (box.checked = all.checked));
  const picked = boxes.filter((box) => box.checked).length;
  const out = form.querySelector("[data-bulk-count]");
  out.textContent = (out.dataset[plural.select(picked)] ?? out.dataset.other).replace("{n}", picked);
  all.checked = picked === boxes.length;
  all.indeterminate = picked > 0 && picked < boxes.length;
});
