// The projects of the Language service, and which classifier files go to. Below it, one project or one model.

import { to } from "../../address.js";
import { get, path } from "../../api.js";
import { ago, counted, time, TYPES } from "../../formats.js";
import { useLoaded } from "../../loading.js";
import { Empty, Loaded } from "../../parts/status.js";
import { Table } from "../../parts/table.js";
import { html } from "../../preact.js";
import { Classifiers } from "./classifiers.js";
import { Evaluation } from "./evaluation.js";
import { NewProject } from "./new_project.js";
import { Project } from "./project.js";
import { isMissingInProtocol, projectsOf, useOperations } from "./project_operations.js";

const LOOKED_AT = 20; // projects whose models and deployments are loaded: each costs two requests to the service

export function Projects({ rest, query }) {
  const [project, part, model] = rest;
  if (project && part === "models" && model) {
    return html`<${Evaluation} key=${`${project}/${model}`} project=${project} model=${model} query=${query} />`;
  }
  if (project) return html`<${Project} key=${project} name=${project} />`;
  if (query.create) return html`<${NewProject} operationKey=${query.operation} />`;
  return html`<${Listing} />`;
}

function Listing() {
  const projects = useLoaded((signal) => get("projects", {}, signal), []);
  return html`
    <section class="card" aria-labelledby="projects-title">
      <div class="row spread">
        <h2 id="projects-title">All projects</h2>
        <a class="button" href=${to("projects", [], { create: "yes" })}>New project</a>
      </div>
      <${Loaded} state=${projects} what="Loading the projects …">
        ${({ value }) => html`<${All} projects=${value} />`}
      <//>
      ${isMissingInProtocol(projects.error) && html`<${FromOperations} />`}
    </section>
    <${Classifiers} projects=${projects} />
  `;
}

function All({ projects }) {
  if (!projects.length) {
    return html`<${Empty}>There is no project yet. A new one needs labelled texts, and a labels file beside them.<//>`;
  }
  return html`
    <${Table} label="Table of all projects" columns=${["Name", "Type", "Container", "Trained", "Deployed"]}>
      ${projects.map(
        (project, index) => html`<${Row} key=${project.name} project=${project} look=${index < LOOKED_AT} />`,
      )}
    <//>
  `;
}

function Row({ project, look }) {
  const { name, modelType, storageInputContainerName, trained, deployed } = project;
  return html`
    <tr>
      <th scope="row"><a href=${to("projects", [name])} dir="auto">${name}</a></th>
      <td>${TYPES[modelType] ?? modelType}</td>
      <td dir="auto">${storageInputContainerName}</td>
      <td><${Newest} project=${name} of="models" at="trained" known=${trained} look=${look} /></td>
      <td><${Newest} project=${name} of="deployments" at="deployed" known=${deployed} look=${look} /></td>
    </tr>
  `;
}

/** The project's own time, or that of the newest of its models or deployments: not each service returns it. */
function Newest({ project, of, at, known, look }) {
  const load = async (signal) => {
    if (known || !look) return [];
    return (await get(`${path`projects/${project}`}/${of}`, {}, signal)).value;
  };
  const { value, error } = useLoaded(load, [project, known]);
  if (known) return html`<span title=${time(known)}>${ago(known)}</span>`;
  if (error || !look) return html`<span class="quiet">not known</span>`;
  if (!value) return html`<span class="quiet">…</span>`;
  if (!value.length) return html`<span class="quiet">no</span>`;
  const newest = value
    .map((item) => item[at] ?? "")
    .sort()
    .at(-1);
  const number = counted(value.length, of.slice(0, -1));
  return html`<span title=${newest && time(newest)}>${newest ? `${ago(newest)}, ${number}` : number}</span>`;
}

/** Where the protocol cannot list projects: those that operations of this app name. */
function FromOperations() {
  const state = useOperations("");
  return html`
    <${Loaded} state=${state}>
      ${(operations) => {
        const names = projectsOf(operations);
        if (!names.length) return html`<${Empty}>No project was created with this app yet.<//>`;
        return html`
          <h3>Created with this app</h3>
          <ul class="list">
            ${names.map((name) => html`<li key=${name}><a href=${to("projects", [name])} dir="auto">${name}</a></li>`)}
          </ul>
        `;
      }}
    <//>
  `;
}
