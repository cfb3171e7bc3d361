/* Keeps ReDoc from loading the picture that signs its menu: it lies on its maker's host, and our pages ask no other
   host. React sets the address twice. */
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
