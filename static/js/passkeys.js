// Passkeys: the device asks for the finger or the PIN, and its signed answer goes into the form. The server's options
// come with the button; for a log-in they are fetched when it is pressed, because nobody is known before.
const supported = Boolean(window.PublicKeyCredential?.parseCreationOptionsFromJSON);
const errorLine = document.getElementById("passkey-error");

async function requestCredential(button) {
  const options = button.dataset.options ? JSON.parse(button.dataset.options) : await fetchOptions(button.form.action);
  if (button.dataset.passkey !== "create") {
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey) });
  }
  const alone = button.form.elements.passwordless.checked;
  const residentKey = alone ? "required" : "discouraged";
  const selection = { ...options.publicKey.authenticatorSelection, residentKey, requireResidentKey: alone };
  if (alone) selection.userVerification = "required";
  const wanted = { ...options.publicKey, authenticatorSelection: selection };
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(wanted);
  return navigator.credentials.create({ publicKey });
}

async function fetchOptions(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(answer.status);
  return (await answer.json()).request_options;
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  button.hidden = !supported;
  if (!supported) errorLine.textContent = errorLine.dataset.unable ?? "";
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    errorLine.textContent = "";
    try {
      button.form.elements.credential.value = JSON.stringify((await requestCredential(button)).toJSON());
      button.form.submit();
    } catch {
      // Refused, timed out, or not this device's: the browser has said which.
      errorLine.textContent = errorLine.dataset.failed;
    }
  });
}
