// How a script asks for a page to keep it for later: what the page has to say of the last press waits for somebody who sees it.
export const asCopy = (address) => new Request(address, { headers: { "X-Keeps-Copy": "true" } });
