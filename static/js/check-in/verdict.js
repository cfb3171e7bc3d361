// Renders a verdict from the page's templates, over the whole screen.
import { fillIn, listAge } from "./device.js";

export function renderVerdict(verdict, place) {
  const section = document.getElementById(`verdict-${verdict.outcome}`).content.firstElementChild.cloneNode(true);
  for (const slot of section.querySelectorAll("[data-slot]")) {
    const fact = verdict[slot.dataset.slot];
    if (!fact) (slot.closest("dl > div") ?? slot).remove();
    else if (fact === true) slot.textContent = fillIn(slot.textContent, { listed: listAge() });
    else slot.textContent = fact;
  }
  place.replaceChildren(section);
  section.querySelector(".button--primary").focus();
  return section;
}
