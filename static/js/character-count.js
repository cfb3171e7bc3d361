// Counts the characters that a long text may still have, as the form on the server does. Too many are shown in red.
const pause = 1000;
const waiting = new WeakMap();

function lengthOf(text) {
  return [...text.trim().replaceAll("\n", "\r\n").normalize("NFC")].length;
}

function count(field, spoken) {
  const counter = document.querySelector(`[data-counts="${CSS.escape(field.id)}"]`);
  if (!counter) return;
  const { limit, left, over } = counter.dataset;
  const rest = limit - lengthOf(field.value);
  const words = (rest < 0 ? over : left).replace("{n}", Math.abs(rest).toLocaleString(document.documentElement.lang));
  const [seen, heard] = counter.children;
  counter.hidden = false;
  counter.toggleAttribute("data-too-many", rest < 0);
  seen.textContent = words;
  clearTimeout(waiting.get(counter));
  // Once somebody pauses, and only where it matters: a reader that speaks at every key says nothing.
  if (spoken) waiting.set(counter, setTimeout(() => (heard.textContent = rest < limit / 10 ? words : ""), pause));
}

function countAll(root) {
  for (const { dataset } of root.querySelectorAll("[data-counts]")) {
    count(document.getElementById(dataset.counts), false);
  }
}

document.addEventListener("input", ({ target }) => target.matches("textarea") && count(target, true));
document.addEventListener("htmx:afterSwap", () => countAll(document));
countAll(document);
