// The view and its parameters, in the part of the address after "#": #/documents?state=failed

import { useEffect, useState } from "./preact.js";

/** The address of a view. `rest`: names below it. Empty parameters are left out. */
export function to(view, rest = [], query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== undefined && value !== false);
  const parameters = new URLSearchParams(given).toString();
  return `#/${[view, ...rest].map(encodeURIComponent).join("/")}${parameters && `?${parameters}`}`;
}

/** Leads to a view; with `replace`, without a step in the browser's history. */
export function go(address, { replace = false } = {}) {
  if (!replace) location.hash = address;
  else {
    history.replaceState(null, "", address);
    dispatchEvent(new HashChangeEvent("hashchange"));
  }
}

/** {view, rest, query} of the address, whenever it changes. */
export function useAddress() {
  const [address, setAddress] = useState(read);
  useEffect(() => {
    const changed = () => setAddress(read());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return address;
}

function read() {
  const [path, parameters = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [view, ...rest] = path.split("/").map(decoded);
  return { view, rest, query: Object.fromEntries(new URLSearchParams(parameters)) };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
