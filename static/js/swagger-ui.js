/* The API's reference, from its own description, in the light that the reader's system asks for. */
const page = document.getElementById("swagger-ui");
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);

follow();
dark.addEventListener("change", follow);
window.SwaggerUIBundle({ url: page.dataset.schema, domNode: page, deepLinking: true, persistAuthorization: false });
