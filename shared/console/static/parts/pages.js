// A list that is read page by page: its items, how many they are, and a button for more.

import { counted } from "../formats.js";
import { html, useEffect, useRef } from "../preact.js";
import { Empty, Loading, Problem } from "./status.js";

const MOST_EMPTY = 10; // pages in a row without an item that are read by themselves

/**
 * `pages`: what `usePages` returns. `row(item)` is a list item. `what`: what an item is called. `endless`: whether it
 * gets longer by itself when its end is seen. `children`: what is said if it has no item.
 */
export function Pages({ pages, row, what, endless = false, children }) {
  const { items, error, more, busy, empty, next, refresh } = pages;
  const end = useSeen(next, endless && !error && empty <= MOST_EMPTY);
  const none = more ? endless && html`<${Loading} what="Searching …" />` : html`<${Empty}>${children}<//>`;
  return html`
    ${error && html`<${Problem} error=${error} retry=${refresh} />`}
    ${items === undefined && !error && html`<${Loading} />`}
    ${items?.length === 0 && none}
    ${items?.length > 0 && html`<ul class="list">${items.map(row)}</ul>`}
    <p class="row" ref=${end}>
      ${items?.length > 0 && html`<span class="quiet">${counted(items.length, what)}${more ? ", and more" : ""}</span>`}
      ${more && html`<button type="button" disabled=${busy} onClick=${next}>Show more</button>`}
    </p>
  `;
}

/** A place whose appearance on the screen calls `action`, if it is `wanted`. */
function useSeen(action, wanted) {
  const place = useRef(null);
  useEffect(() => {
    if (!wanted) return undefined;
    const watcher = new IntersectionObserver(([entry]) => entry.isIntersecting && action(), { rootMargin: "300px" });
    watcher.observe(place.current);
    return () => watcher.disconnect();
  }, [action, wanted]);
  return place;
}
