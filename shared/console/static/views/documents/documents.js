// Documents: a filter, the list, and what can be done with all that match.

import { go, to } from "../../address.js";
import { get } from "../../api.js";
import { counted } from "../../formats.js";
import { useEvery, usePages } from "../../loading.js";
import { Choice, Text } from "../../parts/fields.js";
import { Empty, Loading, Problem } from "../../parts/status.js";
import { html, useEffect, useRef, useState } from "../../preact.js";
import { AllThatMatch } from "./all_that_match.js";
import { OneDocument } from "./document.js";
import { DocumentRow } from "./document_row.js";
import { DropZone } from "./drop.js";

const LIVE = 5; // seconds
const PAGE = 50;
const MOST_EMPTY = 10; // pages in a row without a match that are read by themselves
const STATES = [
  ["all", "any state"],
  ["open", "open"],
  ["succeeded", "succeeded"],
  ["failed", "failed"],
  ["superseded", "superseded by a newer version"],
  ["gone", "file gone"],
];
const NOTHING = { state: "all", class: "", prefix: "", since: "", until: "", name: "" };

export function Documents({ rest, query }) {
  if (rest[0]) return html`<${OneDocument} documentKey=${rest[0]} />`;
  const filter = Object.fromEntries(Object.keys(NOTHING).map((name) => [name, query[name] ?? NOTHING[name]]));
  const set = (change) => {
    const { state, ...others } = { ...filter, ...change };
    go(to("documents", [], { ...others, state: state === "all" ? "" : state }), { replace: true });
  };
  return html`
    <${DropZone} />
    <${Filter} filter=${filter} set=${set} />
    <${List} filter=${filter} clear=${() => set(NOTHING)} key=${JSON.stringify(filter)} />
  `;
}

function Filter({ filter, set }) {
  return html`
    <form class="card" role="search" aria-label="Documents" onSubmit=${(event) => event.preventDefault()}>
      <div class="grid">
        <${Choice} label="State" value=${filter.state} options=${STATES} onChange=${(state) => set({ state })} />
        <${Typed} label="Class" name="class" filter=${filter} set=${set} />
        <${Typed} label="Name begins with" name="prefix" filter=${filter} set=${set} />
        <${Typed} label="Exact name" name="name" filter=${filter} set=${set} />
        <${Moment} label="Ended since" name="since" filter=${filter} set=${set} />
        <${Moment} label="Ended before" name="until" filter=${filter} set=${set} />
      </div>
    </form>
  `;
}

/** An input whose value counts when the reader leaves it or presses Enter. */
function Typed({ label, name, filter, set }) {
  const [typed, setTyped] = useState(filter[name]);
  useEffect(() => setTyped(filter[name]), [filter[name]]);
  const done = () => typed !== filter[name] && set({ [name]: typed });
  return html`
    <${Text}
      label=${label}
      type="search"
      value=${typed}
      onInput=${setTyped}
      onBlur=${done}
      onKeyDown=${(event) => event.key === "Enter" && done()}
    />
  `;
}

function Moment({ label, name, filter, set }) {
  const changed = (local) => set({ [name]: local && new Date(local).toISOString() });
  return html`<${Text} label=${label} type="datetime-local" value=${localTime(filter[name])} onInput=${changed} />`;
}

/** As an input of a local time wants it: without a time zone. */
function localTime(iso) {
  const at = new Date(iso);
  if (!iso || Number.isNaN(at.getTime())) return "";
  return new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const isFiltered = (filter) => Object.entries(filter).some(([name, value]) => value !== NOTHING[name]);

function List({ filter, clear }) {
  const load = (after) => get("documents", { ...filter, top: PAGE, continue: after });
  const { items, error, more, busy, empty, next, refresh } = usePages(load, []);
  useEvery(LIVE, refresh);
  const end = useSeen(next, !error && empty <= MOST_EMPTY);
  return html`
    <section class="card" aria-label="List of documents" aria-busy=${busy}>
      <${AllThatMatch} filter=${filter} clear=${isFiltered(filter) && clear} onDone=${refresh} />
      ${error && html`<${Problem} error=${error} retry=${items ? next : refresh} />`}
      ${items === undefined && !error && html`<${Loading} />`}
      ${items && !items.length && (more ? html`<${Loading} what="Searching …" />` : html`<${Nothing} filter=${filter} />`)}
      ${
        items?.length > 0 &&
        html`<ul class="list">${items.map((one) => html`<${DocumentRow} key=${one.key} document=${one} />`)}</ul>`
      }
      <p class="row" ref=${end}>
        ${items?.length > 0 && html`<span class="quiet">${counted(items.length, "document")}${more ? ", and more" : ""}</span>`}
        ${more && html`<button type="button" disabled=${busy} onClick=${next}>Show more</button>`}
      </p>
    </section>
  `;
}

function Nothing({ filter }) {
  return isFiltered(filter)
    ? html`<${Empty}>No document matches this filter.<//>`
    : html`<${Empty}>Nothing has landed yet. Drop a text file above, or upload one to the container.<//>`;
}

/** A place whose appearance on the screen calls `action`, if it is `wanted`: the list gets longer by itself. */
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
