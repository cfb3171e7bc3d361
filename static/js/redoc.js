/* ReDoc signs its menu with a picture from its maker's host. Our pages ask nobody else for anything, so it goes without: React sets the address twice. */
const attribute = Element.prototype.setAttribute;
const property = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
const isOurs = (address) => new URL(address, location.href).origin === location.origin;

Element.prototype.setAttribute = function (name, value) {
  if (name !== "src" || isOurs(value)) attribute.call(this, name, value);
};
Object.defineProperty(HTMLImageElement.prototype, "src", {
  get: property.get,
  set(value) {
    if (isOurs(value)) property.set.call(this, value);
  },
});
