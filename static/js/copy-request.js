// Requests a page to store it: the messages that wait for the person stay, since nobody sees this copy now.
export const copyRequest = (address) => new Request(address, { headers: { "X-Keeps-Copy": "true" } });
