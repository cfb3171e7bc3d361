// Whoever leaves the editor with something that is not saved is asked first, in the browser's words.
const editor = "form[data-editor]";
let unsaved = false;

document.addEventListener("input", ({ target }) => {
  if (target.closest(editor)) unsaved = true;
});

// The server leads on when it saved; any other answer leaves the page as it is.
document.addEventListener("htmx:beforeOnLoad", ({ detail: { elt, xhr } }) => {
  if (elt.matches(editor) && xhr.getResponseHeader("HX-Redirect")) unsaved = false;
});

addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
