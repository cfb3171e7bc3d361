// Passkeys: the device asks for the finger or the PIN, and its signed answer goes into the form.
// The server's options come with the button; for a log-in they are asked for when it is pressed, because nobody is known before.
const able = Boolean(window.PublicKeyCredential?.parseCreationOptionsFromJSON);
const says = document.getElementById("passkey-error");

async function ask(button) {
  const options = button.dataset.options ? JSON.parse(button.dataset.options) : await fromServer(button.form.action);
  if (button.dataset.passkey !== "create") {
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey) });
  }
  const alone = button.form.elements.passwordless.checked;
  const selection = { ...options.publicKey.authenticatorSelection, residentKey: alone ? "required" : "discouraged", requireResidentKey: alone };
  if (alone) selection.userVerification = "required";
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON({ ...options.publicKey, authenticatorSelection: selection });
  return navigator.credentials.create({ publicKey });
}

async function fromServer(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(answer.status);
  return (await answer.json()).request_options;
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  button.hidden = !able;
  if (!able) says.textContent = says.dataset.unable ?? "";
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    says.textContent = "";
    try {
      button.form.elements.credential.value = JSON.stringify((await ask(button)).toJSON());
      button.form.submit();
    } catch {
      says.textContent = says.dataset.failed; // refused, timed out, or not this device's: the browser has said which
    }
  });
}
