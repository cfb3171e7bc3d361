// The rail of a phone scrolls sideways: it begins at the page one is on, and its edges show where there is more.
const list = document.querySelector(".rail ul");

function markEdges() {
  const room = list.scrollWidth - list.clientWidth, passed = Math.abs(list.scrollLeft);
  list.toggleAttribute("data-more-before", passed > 4);
  list.toggleAttribute("data-more-after", passed < room - 4);
}

if (list) {
  const current = list.querySelector("[aria-current]");
  const leftOf = (element) => element.getBoundingClientRect().x;
  const room = current && list.clientWidth - current.clientWidth;
  if (current) list.scrollLeft += leftOf(current) - leftOf(list) - room / 2;
  list.addEventListener("scroll", markEdges, { passive: true });
  addEventListener("resize", markEdges);
  markEdges();
}
