// One analyze job: its documents, and what happened to it.

import { to } from "../../address.js";
import { get, path } from "../../api.js";
import { counted, duration, time, visible } from "../../formats.js";
import { useFollowed, useLoaded } from "../../loading.js";
import { Empty, Loaded, State } from "../../parts/status.js";
import { Facts, Timeline } from "../../parts/timeline.js";
import { html } from "../../preact.js";
import { DocumentRow } from "../documents/document_row.js";

const LIVE = 5; // seconds, until it has ended
const NAMED = 25; // documents whose names are loaded: each costs a request

export function OneJob({ itemKey }) {
  const load = (signal) => get(path`jobs/${itemKey}`, {}, signal);
  const state = useFollowed(load, [itemKey], LIVE, (job) => job.ended);
  return html`<${Loaded} state=${state} what="Loading the job …">${(job) => html`<${Shown} job=${job} />`}<//>`;
}

function Shown({ job }) {
  return html`
    <h2>Analyze job of ${counted(job.documents.length, "document")} <${State} state=${job.state} /></h2>
    <div class="columns two">
      <${Documents} keys=${job.documents} ended=${job.ended} />
      <div>
        <section class="card" aria-labelledby="facts">
          <h2 id="facts">Facts</h2>
          <${Facts} facts=${factsOf(job)} />
        </section>
        <section class="card" aria-labelledby="timeline">
          <h2 id="timeline">Timeline</h2>
          <${Timeline} events=${job.timeline} />
        </section>
      </div>
    </div>
  `;
}

function factsOf(job) {
  const { key, classifier = {}, created, ended, expires, nextLook, polls, serviceIds = [], apiVersion, detail } = job;
  const { project, deployment, model, modelId } = classifier;
  const seconds = ended && Math.max(0, (Date.parse(ended) - Date.parse(created)) / 1000);
  return [
    ["Project", project && html`<a href=${to("projects", [project])} dir="auto">${visible(project)}</a>`],
    ["Deployment", deployment && visible(deployment)],
    ["Model", (model || modelId) && visible(model ?? modelId)],
    ["Created", time(created)],
    ["Ended", ended && `${time(ended)}, after ${duration(seconds)}`],
    ["Next look", nextLook && time(nextLook)],
    ["Looks", polls],
    ["Detail", detail && html`<span dir="auto">${visible(detail)}</span>`],
    ["Results kept until", expires && time(expires)],
    ["Protocol", apiVersion],
    [serviceIds.length === 1 ? "Service's id" : "Service's ids", serviceIds.join(", ")],
    ["Key", key],
  ];
}

function Documents({ keys, ended }) {
  const load = (signal) => Promise.all(keys.slice(0, NAMED).map((key) => loaded(key, signal)));
  const state = useLoaded(load, [keys.join(), ended]);
  const others = keys.slice(NAMED);
  return html`
    <section class="card" aria-labelledby="documents">
      <h2 id="documents">Documents</h2>
      ${keys.length === 0 && html`<${Empty}>It has no documents any more.<//>`}
      <${Loaded} state=${state} what="Loading the documents …">
        ${(documents) => html`
          <ul class="list">
            ${documents.map((document) =>
              document.name === undefined
                ? html`<${ByKey} key=${document.key} documentKey=${document.key} />`
                : html`<${DocumentRow} key=${document.key} document=${document} />`,
            )}
            ${others.map((key) => html`<${ByKey} key=${key} documentKey=${key} />`)}
          </ul>
        `}
      <//>
    </section>
  `;
}

const ByKey = ({ documentKey }) =>
  html`<li><a class="name" href=${to("documents", [documentKey])}>${documentKey}</a></li>`;

/** The document, or its key alone if it cannot be loaded: its record may have been deleted. */
async function loaded(key, signal) {
  try {
    return await get(path`documents/${key}`, {}, signal);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return { key };
  }
}
