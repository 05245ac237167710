// How the app is, what it has done, and what landed last.

import { to } from "../../address.js";
import { change, get, health } from "../../api.js";
import { count, counted, duration } from "../../formats.js";
import { useLoaded } from "../../loading.js";
import { Action } from "../../parts/action.js";
import { confirmed } from "../../parts/dialog.js";
import { Empty, Loaded, State } from "../../parts/status.js";
import { html, useState } from "../../preact.js";
import { DocumentRow } from "../documents/document_row.js";
import { DropZone } from "../documents/drop.js";
import { Figures } from "./figures.js";

const LIVE = 5; // seconds
const LAST = 10; // documents

// The checks of GET health in words. One that is not here is shown by its name.
const CHECKS = {
  container: "Container of documents",
  tick: "Timer",
  clocks: "Clocks of the hosts",
  gate: "Calls to the Language service",
  "oldest document": "Waiting time",
  sweep: "Search for files without an event",
  "set back": "Documents that met errors",
  rows: "Stored rows",
  outbox: "Statistics, reviews and events",
  classifier: "Classifier",
  submission: "Submission of jobs",
};

export function Overview() {
  return html`
    <${DropZone} compact />
    <div class="columns">
      <${Health} />
      <${Landed} />
    </div>
    <${Figures} />
  `;
}

function Health() {
  const state = useLoaded(() => health(), [], LIVE);
  return html`
    <section class="card steady" aria-labelledby="health">
      <h2 id="health">Health</h2>
      <${Loaded} state=${state} what="Checking …">${({ checks }) => html`<${Checks} checks=${checks} />`}<//>
      <${Pause} />
    </section>
  `;
}

function Checks({ checks }) {
  const problems = checks.filter((check) => check.status !== "ok");
  const fine = checks.filter((check) => check.status === "ok");
  return html`
    ${problems.length === 0 && html`<p><${State} state="ok">healthy<//> Nothing needs attention.</p>`}
    <ul class="list" hidden=${problems.length === 0}>
      ${problems.map(
        ({ name, status, detail }) => html`
          <li key=${name}>
            <${State} state=${status}>${status === "red" ? "needs attention" : "waiting"}<//>
            <strong>${CHECKS[name] ?? name}</strong>
            <span dir="auto">${detail}</span>
          </li>
        `,
      )}
    </ul>
    ${
      fine.length > 0 &&
      html`
      <details>
        <summary>${counted(fine.length, "check")} found no problem</summary>
        <ul class="list">
          ${fine.map(
            ({ name, detail }) =>
              html`<li key=${name}><span>${CHECKS[name] ?? name}</span> <span>${detail}</span></li>`,
          )}
        </ul>
      </details>
    `
    }
  `;
}

function Pause() {
  const state = useLoaded(() => get("submission"), [], LIVE);
  const paused = state.value?.paused;
  const turn = async () => {
    const question = {
      title: "Pause submission?",
      text: "Files are still noticed, and running jobs are finished, but no new job is sent until you resume.",
      action: "Pause",
    };
    if (!paused && !(await confirmed(question))) return;
    await change("PUT", "submission", { paused: !paused });
    state.reload();
  };
  if (state.value === undefined) return null;
  return html`
    <p class="row spread">
      <span>${paused ? "Submission is paused: new files wait." : "New files are submitted as they land."}</span>
      <${Action} onClick=${turn} class=${paused ? "primary" : ""}>${paused ? "Resume submission" : "Pause submission"}<//>
    </p>
  `;
}

function Landed() {
  const state = useLoaded(() => get("documents", { top: LAST }), [], LIVE);
  return html`
    <section class="card" aria-labelledby="landed">
      <h2 id="landed">What landed last</h2>
      <${Loaded} state=${state}>
        ${({ value }) =>
          value.length
            ? html`
                <ul class="list">${value.map((one) => html`<${DocumentRow} key=${one.key} document=${one} />`)}</ul>
                <p><a href=${to("documents")}>All documents</a></p>
              `
            : html`<${Empty}>Nothing has landed yet. Drop a text file above, or upload one to the container.<//>`}
      <//>
    </section>
  `;
}
