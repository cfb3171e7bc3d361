// The bar under a table counts the ticked rows. The server wrote every plural form of the language beside the count.
const plural = new Intl.PluralRules(document.documentElement.lang);

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-bulk]");
  if (!form) return;
  const all = form.querySelector("[data-pick-all]");
  const boxes = [...form.querySelectorAll("input[name=r]:not(:disabled)")], pages = form.querySelector("[data-all-pages]");
  if (event.target === all) boxes.forEach((box) => (box.checked = all.checked));
  const ticked = boxes.filter((box) => box.checked).length, picked = pages?.checked ? Number(pages.dataset.allPages) : ticked;
  write(form.querySelector("[data-bulk-count]"), picked);
  const left = form.querySelector("[data-spots-left]"), spots = left.dataset.spotsLeft - picked;
  if (spots < 0) left.textContent = left.dataset.over;
  else write(left, spots);
  all.checked = ticked === boxes.length;
  all.indeterminate = ticked > 0 && ticked < boxes.length;
});

function write(out, number) {
  out.textContent = (out.dataset[plural.select(number)] ?? out.dataset.other).replace("{n}", number);
}
