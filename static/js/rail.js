// The rail of a phone scrolls sideways: it begins at the page one is on, and its edges tell where there is more.
const list = document.querySelector(".rail ul");

function tell() {
  const room = list.scrollWidth - list.clientWidth, passed = Math.abs(list.scrollLeft);
  list.toggleAttribute("data-more-before", passed > 4);
  list.toggleAttribute("data-more-after", passed < room - 4);
}

if (list) {
  const here = list.querySelector("[aria-current]");
  if (here) list.scrollLeft += here.getBoundingClientRect().x - list.getBoundingClientRect().x - (list.clientWidth - here.clientWidth) / 2;
  list.addEventListener("scroll", tell, { passive: true });
  addEventListener("resize", tell);
  tell();
}
