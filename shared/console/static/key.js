// The function key: kept for this tab only, and never part of an address.

import { tabStorage } from "./storage.js";

const NAME = "textdrop.key";
const refused = new Set(); // what is called when the API refuses a request for its key
const taken = new Set(); // what is called when an address has a key

/** The key, or "" if none is known. */
export const readKey = () => tabStorage.read(NAME);

/** Keeps the key for this tab; "" forgets it. */
export const keepKey = (key) => tabStorage.write(NAME, key);

/** Takes a key that is in a link as `#key=…`, and removes it from the address at once. */
export function takeKeyFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given === null) return;
  history.replaceState(null, "", location.pathname + location.search);
  keepKey(given.trim());
  taken.forEach((listener) => listener());
}

/** Calls `whenRefused` for each request that the API refuses for its key, `whenTaken` when an address has one. */
export function onKey(whenRefused, whenTaken) {
  refused.add(whenRefused);
  taken.add(whenTaken);
  return () => {
    refused.delete(whenRefused);
    taken.delete(whenTaken);
  };
}

export const keyWasRefused = () => refused.forEach((listener) => listener());
