// The function key: kept for this tab only, and never part of an address.

const NAME = "textdrop.key";
const listeners = new Set();

/** The key, or "" if none is known. */
export const readKey = () => sessionStorage.getItem(NAME) ?? "";

/** Keeps the key for this tab; "" forgets it. */
export function keepKey(key) {
  if (key) sessionStorage.setItem(NAME, key);
  else sessionStorage.removeItem(NAME);
}

/** Takes a key that is in a link as `#key=…`, and removes it from the address at once. */
export function takeKeyFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given === null) return;
  history.replaceState(null, "", location.pathname + location.search);
  keepKey(given.trim());
}

/** Calls `listener` whenever the API refuses a request for its key; returns a function that stops it. */
export function onKeyRefused(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const keyWasRefused = () => listeners.forEach((listener) => listener());
