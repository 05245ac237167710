// A new project: its labels are checked first, then it is created.

import { go, to } from "../../address.js";
import { change, get, path } from "../../api.js";
import { TYPES } from "../../formats.js";
import { useLoaded } from "../../loading.js";
import { Action, Form } from "../../parts/action.js";
import { Check, Choice, Text } from "../../parts/fields.js";
import { Operation, startOperation } from "../../parts/operation.js";
import { Problem } from "../../parts/status.js";
import { html, useState } from "../../preact.js";
import { Findings } from "./labels.js";

/** What names of projects, models and deployments are: attributes of an input. */
export const NAME = {
  pattern: "[A-Za-z0-9][A-Za-z0-9_.\\-]{0,49}",
  title: "1 to 50 letters, digits, hyphens, underscores or dots, with a letter or digit first",
};

const LANGUAGE = "en-us";
const EMPTY = {
  name: "",
  modelType: "MultiClassification",
  storageInputContainerName: "",
  labelsLocation: "labels.json",
  culture: LANGUAGE,
  multiLingual: false,
  description: "",
};
const CHECKED = ["modelType", "storageInputContainerName", "labelsLocation"];

/** `operationKey`: the creation that was started, "" before. What is entered stays when a creation has failed. */
export function NewProject({ operationKey }) {
  const [project, setProject] = useState(EMPTY);
  const [proof, setProof] = useState(); // of the fields as they are now
  const set = (field) => (value) => {
    setProject((before) => ({ ...before, [field]: value }));
    if (CHECKED.includes(field)) setProof(undefined);
  };
  const check = async () => {
    const body = Object.fromEntries(CHECKED.map((field) => [field, project[field]]));
    setProof(await change("POST", path`projects/${project.name}/labels/check`, body));
  };
  const create = async () => {
    const operation = await startOperation("POST", "projects", project);
    if (operation) go(to("projects", [], { create: "yes", operation: operation.key }));
  };
  return html`
    <section class="card" aria-labelledby="new-title">
      <div class="row spread">
        <h2 id="new-title">New project</h2>
        <a href=${to("projects")}>All projects</a>
      </div>
      ${
        operationKey
          ? html`<${Creation} operationKey=${operationKey} />`
          : html`<${Fields} project=${project} set=${set} proof=${proof} check=${check} create=${create} />`
      }
    </section>
  `;
}

function Fields({ project, set, proof, check, create }) {
  return html`
    <p class="quiet">
      A project learns from labelled texts. Upload them to a container first, with a labels file that names their
      classes.
    </p>
    <${Form} onSubmit=${check}>
      <div class="fields">
        <${Text}
          label="Name"
          value=${project.name}
          onInput=${set("name")}
          required
          ...${NAME}
          hint="It cannot change."
        />
        <${Choice}
          label="Type"
          value=${project.modelType}
          options=${Object.entries(TYPES)}
          onChange=${set("modelType")}
          hint="It cannot change."
        />
        <${Text}
          label="Container"
          value=${project.storageInputContainerName}
          onInput=${set("storageInputContainerName")}
          required
          hint="It holds the texts and the labels file."
        />
        <${Text}
          label="Labels file"
          value=${project.labelsLocation}
          onInput=${set("labelsLocation")}
          required
          hint="Its name in the container, such as labels.json."
        />
        <${Language} value=${project.culture} onChange=${set("culture")} />
        <${Text} label="Description" value=${project.description} onInput=${set("description")} />
      </div>
      <p>
        <${Check}
          label="The texts are in several languages"
          checked=${project.multiLingual}
          onChange=${set("multiLingual")}
        />
      </p>
      <p class="row">
        <button class=${proof?.ok ? "" : "primary"}>1. Check the labels</button>
        <${Action} class="primary" disabled=${!proof?.ok} onClick=${create}>2. Create<//>
        ${!proof && html`<small>A project can be created when its labels have no errors.</small>`}
      </p>
    <//>
    ${proof && html`<${Findings} proof=${proof} />`}
  `;
}

/** A choice of the languages that the service supports, or a text where it does not list them. */
export function Language({ value, onChange }) {
  const { value: found, error } = useLoaded((signal) => get("languages", {}, signal), []);
  if (!found) {
    return html`
      <div>
        <${Text} label="Language" value=${value} onInput=${onChange} required />
        ${error && html`<${Problem} error=${error} />`}
      </div>
    `;
  }
  const named = found.value.map(({ name, code }) => [code, `${name} (${code})`]);
  const options = named.some(([code]) => code === value) ? named : [[value, value], ...named];
  return html`<${Choice} label="Language" value=${value} options=${options} onChange=${onChange} />`;
}

function Creation({ operationKey }) {
  return html`
    <${Operation} operationKey=${operationKey}>
      ${({ state, project }) => html`
        ${
          state === "succeeded" &&
          html`<p><a class="button" href=${to("projects", [project])}>Go to ${project}, and train a model</a></p>`
        }
        ${state === "failed" && html`<p><a href=${to("projects", [], { create: "yes" })}>Back to the form</a></p>`}
      `}
    <//>
  `;
}
