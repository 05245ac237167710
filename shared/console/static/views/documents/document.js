// One document: its classes, its text, and what happened to it.

import { to } from "../../address.js";
import { change, get, path } from "../../api.js";
import { bytes, time, TYPES, visible, words } from "../../formats.js";
import { useFollowed, useLoaded } from "../../loading.js";
import { Action } from "../../parts/action.js";
import { Classes } from "../../parts/bars.js";
import { notify } from "../../parts/notices.js";
import { Loaded, State } from "../../parts/status.js";
import { Facts, Timeline } from "../../parts/timeline.js";
import { html } from "../../preact.js";

const LONG = 100; // characters of a name, more than its heading may show
const LIVE = 2; // seconds, until it has ended

export function OneDocument({ documentKey }) {
  const load = (signal) => get(path`documents/${documentKey}`, {}, signal);
  const state = useFollowed(load, [documentKey], LIVE, (document) => document.ended);
  return html`
    <${Loaded} state=${state}>${(document) => html`<${Shown} document=${document} reload=${state.reload} />`}<//>
  `;
}

function Shown({ document, reload }) {
  return html`
    <h2><span dir="auto">${visible(document.name)}</span> <${State} state=${document.state} /></h2>
    <${Steering} document=${document} reload=${reload} />
    <div class="columns">
      <div>
        <section class="card" aria-labelledby="classes">
          <h2 id="classes">Classes</h2>
          <${Result} document=${document} />
        </section>
        <${TextOf} documentKey=${document.key} etag=${document.etag} />
      </div>
      <div>
        <section class="card" aria-labelledby="facts">
          <h2 id="facts">Facts</h2>
          <${Facts} facts=${factsOf(document)} />
        </section>
        <section class="card" aria-labelledby="timeline">
          <h2 id="timeline">Timeline</h2>
          <${Timeline} events=${document.timeline} />
        </section>
      </div>
    </div>
  `;
}

function Result({ document: { state, classes, reason, detail, waitingFor } }) {
  if (classes) return html`<${Classes} classes=${classes} />`;
  if (state === "failed")
    return html`<p><strong>${words(reason ?? "failed")}.</strong> <span dir="auto">${detail}</span></p>`;
  return html`<p class="quiet" dir="auto">${waitingFor ?? detail ?? "There are none yet."}</p>`;
}

const factsOf = ({
  key,
  size,
  language,
  landed,
  ended,
  job,
  attempts,
  classifier = {},
  detail,
  lastModified,
  name,
}) => [
  ["Classifier", classifier.project && `${classifier.project}, deployment ${classifier.deployment}`],
  ["Model", classifier.model ?? classifier.modelId],
  ["Type", TYPES[classifier.modelType]],
  ["Job", job && html`<a href=${to("activity", ["jobs", job])}>${job}</a>`],
  ["Landed", time(landed)],
  ["Ended", ended && time(ended)],
  ["File changed", lastModified && time(lastModified)],
  ["Size", bytes(size)],
  ["Language", language],
  ["Attempts", attempts],
  ["Detail", detail],
  ["Key", key],
  ["Name", name.length > LONG && html`<span dir="auto">${visible(name)}</span>`],
  ["Versions", html`<a href=${to("documents", [], { name })}>all versions of this file</a>`],
];

function Steering({ document: { key, state, ended }, reload }) {
  const replay = async () => {
    const { count } = await change("POST", "documents/replay", { keys: [key] });
    notify(count ? "It will be classified again." : "It cannot be classified again: its file has changed or is gone.");
    reload();
  };
  const review = async () => {
    await change("POST", path`documents/${key}/review`);
    notify("It is among the first of the reviews.");
  };
  if (!ended) return html`<p class="quiet" role="status">The page follows it until it has ended.</p>`;
  return html`
    <p class="row">
      <${Action} onClick=${replay}>Classify again<//>
      ${state === "succeeded" && html`<${Action} onClick=${review}>Ask for a review<//>`}
      ${state === "succeeded" && html`<a href=${to("reviews", [key])}>Review it now</a>`}
    </p>
  `;
}

function TextOf({ documentKey, etag }) {
  const state = useLoaded((signal) => get(path`documents/${documentKey}/text`, {}, signal), [documentKey, etag]);
  return html`
    <section class="card" aria-labelledby="text">
      <h2 id="text">Text</h2>
      ${
        state.error?.status === 410
          ? html`<p class="quiet">${state.error.message}</p>`
          : html`
            <${Loaded} state=${state}>
              ${({ text }) => html`<div class="text" dir="auto" tabindex="0" role="region" aria-label="Content">${text}</div>`}
            <//>
          `
      }
    </section>
  `;
}
