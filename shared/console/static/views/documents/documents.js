// Documents: a filter, the list, and what can be done with all that match.

import { go, to } from "../../address.js";
import { get } from "../../api.js";
import { usePages } from "../../loading.js";
import { Choice, Text } from "../../parts/fields.js";
import { Pages } from "../../parts/pages.js";
import { html, useEffect, useState } from "../../preact.js";
import { AllThatMatch } from "./all_that_match.js";
import { OneDocument } from "./document.js";
import { DocumentRow } from "./document_row.js";
import { DropZone } from "./drop.js";

const LIVE = 5; // seconds
const PAGE = 50;
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
  const pages = usePages((after) => get("documents", { ...filter, top: PAGE, continue: after }), [], LIVE);
  return html`
    <section class="card" aria-label="List of documents" aria-busy=${pages.busy}>
      <${AllThatMatch} filter=${filter} clear=${isFiltered(filter) && clear} onDone=${pages.refresh} />
      <${Pages} pages=${pages} row=${rowOf} what="document" endless>
        ${
          isFiltered(filter)
            ? "No document matches this filter."
            : "Nothing has landed yet. Drop a text file above, or upload one to the container."
        }
      <//>
    </section>
  `;
}

const rowOf = (document) => html`<${DocumentRow} key=${document.key} document=${document} />`;
