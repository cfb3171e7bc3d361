// Draws an answer from the page's templates, over the whole phone.
import { fill, listed } from "./phone.js";

export function draw(answer, place) {
  const section = document.getElementById(`answer-${answer.outcome}`).content.firstElementChild.cloneNode(true);
  for (const slot of section.querySelectorAll("[data-slot]")) {
    const fact = answer[slot.dataset.slot];
    if (!fact) (slot.closest("dl > div") ?? slot).remove();
    else if (fact === true) slot.textContent = fill(slot.textContent, { listed: listed() });
    else slot.textContent = fact;
  }
  place.replaceChildren(section);
  section.querySelector(".button--primary").focus();
  return section;
}
