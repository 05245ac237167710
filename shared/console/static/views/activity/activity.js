// Activity: the operations and the analyze jobs, newest first; below it, one of them.

import { go, to } from "../../address.js";
import { get } from "../../api.js";
import { ago, counted, duration, time, visible } from "../../formats.js";
import { usePages } from "../../loading.js";
import { Choice } from "../../parts/fields.js";
import { isOpen, titleOf } from "../../parts/operation_words.js";
import { Pages } from "../../parts/pages.js";
import { State } from "../../parts/status.js";
import { html } from "../../preact.js";
import { OneJob } from "./job.js";
import { OneOperation } from "./operation.js";

const PAGE = 50;
const LIVE = 5; // seconds, while some are open
const CALM = 15; // seconds, otherwise

// What is listed: its states to choose from, and the row of one item.
const LISTS = {
  operations: {
    title: "Operations",
    one: "operation",
    states: ["starting", "running", "succeeded", "failed"],
    row: OperationRow,
    nothing: "No project was created, trained, published or exported with this app yet. Projects has all of that.",
  },
  jobs: {
    title: "Analyze jobs",
    one: "job",
    states: ["submitting", "running", "done", "lost"],
    row: JobRow,
    nothing: "No file was sent to the Language service yet. Drop one at Documents.",
  },
};
const VIEWS = { operations: OneOperation, jobs: OneJob };

export function Activity({ rest, query }) {
  const [kind = query.list, key] = rest;
  const list = Object.hasOwn(LISTS, kind) ? kind : "operations";
  if (key && list === kind) return html`<${VIEWS[kind]} key=${key} itemKey=${key} />`;
  const state = ["open", ...LISTS[list].states].includes(query.state) ? query.state : "all";
  return html`
    <div class="row spread ends bar-of-tabs">
      <nav aria-label="Lists">
        ${Object.entries(LISTS).map(
          ([name, { title }]) => html`
            <a key=${name} href=${addressOf(name, "all")} aria-current=${name === list ? "page" : undefined}>
              ${title}
            </a>
          `,
        )}
      </nav>
      <div>
        <${Choice}
          label="State"
          value=${state}
          options=${[["all", "any state"], ["open", "open"], ...LISTS[list].states.map((one) => [one, one])]}
          onChange=${(chosen) => go(addressOf(list, chosen), { replace: true })}
        />
      </div>
    </div>
    <${Items} key=${`${list} ${state}`} list=${list} state=${state} />
  `;
}

const addressOf = (list, state) =>
  to("activity", [], { list: list === "operations" ? "" : list, state: state === "all" ? "" : state });

function Items({ list, state }) {
  const { title, one, row, nothing } = LISTS[list];
  const wait = (items) => (items?.some((item) => !item.ended) ? LIVE : CALM);
  const pages = usePages((after) => get(list, { state, top: PAGE, continue: after }), [], wait);
  return html`
    <section class="card" aria-label=${title} aria-busy=${pages.busy}>
      <${Pages} pages=${pages} row=${(item) => html`<${row} key=${item.key} item=${item} />`} what=${one}>
        ${state === "all" ? nothing : `None is ${state}.`}
      <//>
    </section>
  `;
}

function OperationRow({ item }) {
  const { key, state, percent, detail } = item;
  return html`
    <li>
      <a class="name" dir="auto" href=${to("activity", ["operations", key])}>${visible(titleOf(item))}</a>
      ${isOpen(item) && percent !== undefined && html`<span class="quiet">${percent} %</span>`}
      ${detail && html`<span class="quiet detail" dir="auto">${visible(detail)}</span>`}
      <${State} state=${isOpen(item) ? "open" : state}>${state}<//>
      <${When} item=${item} />
    </li>
  `;
}

function JobRow({ item }) {
  const { key, state, documents, classifier = {}, detail } = item;
  const { project, deployment, modelId } = classifier;
  const by = project ? `${project}${deployment ? `, deployment ${deployment}` : ""}` : (modelId ?? "no classifier");
  return html`
    <li>
      <a class="name" dir="auto" href=${to("activity", ["jobs", key])}>
        ${counted(documents.length, "document")} to ${visible(by)}
      </a>
      ${detail && html`<span class="quiet detail" dir="auto">${visible(detail)}</span>`}
      <${State} state=${state} />
      <${When} item=${item} />
    </li>
  `;
}

function When({ item: { created, ended } }) {
  if (!ended) return html`<time class="when" datetime=${created} title=${time(created)}>since ${ago(created)}</time>`;
  const took = duration(Math.max(0, (Date.parse(ended) - Date.parse(created)) / 1000));
  return html`<time class="when" datetime=${ended} title=${`${time(ended)}, after ${took}`}>${ago(ended)}</time>`;
}
