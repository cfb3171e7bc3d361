// Counts down the seconds in which a form can be used, then hides it. The server wrote how many are left, so the clock
// of this device does not matter.
const ends = new WeakMap();

function show(form) {
  if (!ends.has(form)) ends.set(form, performance.now() + form.dataset.countdown * 1000);
  const left = Math.ceil((ends.get(form) - performance.now()) / 1000);
  const words = form.querySelector("[data-words]");
  words.textContent = words.dataset.words.replace("{n}", Math.max(0, left));
  form.hidden = left <= 0;
}

setInterval(() => document.querySelectorAll("form[data-countdown]:not([hidden])").forEach(show), 250);
