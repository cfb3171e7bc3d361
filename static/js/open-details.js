// Keeps <details> open when their part of the page is drawn anew.
let unfolded = [];

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  unfolded = [...detail.target.querySelectorAll("details[id][open]")].map((element) => element.id);
});
document.addEventListener("htmx:afterSwap", () => {
  unfolded.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
});
