/* The API's reference, from its own description. */
const page = document.getElementById("swagger-ui");
window.SwaggerUIBundle({ url: page.dataset.schema, domNode: page, deepLinking: true, persistAuthorization: false });
