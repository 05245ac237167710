// The models of a project: trained, published, deleted; and the training of another.

import { to } from "../address.js";
import { change, get, path } from "../api.js";
import { ago, day, time } from "../formats.js";
import { useLoaded } from "../loading.js";
import { Action, Form } from "../parts/action.js";
import { confirmed, Dialog } from "../parts/dialog.js";
import { Check, Text } from "../parts/fields.js";
import { notify } from "../parts/notices.js";
import { plain } from "../parts/operation_words.js";
import { Empty, Loaded, State } from "../parts/status.js";
import { html, useState } from "../preact.js";
import { NAME } from "./new_project.js";
import { isMissingInProtocol, modelsOf } from "./project_operations.js";

const PRODUCTION = "production";
const GOOD_ENOUGH = 0.6; // macro F1, of which an evaluation says that it is fair

/** Where the protocol lists no models, those whose training this app remembers. */
export function Models({ name, start, models, deployments, operations, reload }) {
  const [publishing, setPublishing] = useState("");
  const unlisted = isMissingInProtocol(models.error);
  const known = unlisted && modelsOf(operations.value ?? []).map((model) => ({ name: model }));
  const shared = { name, deployments: deployments.value?.value ?? [], onPublish: setPublishing, reload };
  return html`
    <section class="card" aria-labelledby="models-title">
      <h2 id="models-title">Models</h2>
      <${Loaded} state=${models}>${({ value }) => html`<${Table} models=${value} listed ...${shared} />`}<//>
      ${known && html`<${Table} models=${known} ...${shared} />`}
      ${publishing &&
      html`<${Publish} name=${name} model=${publishing} start=${start} onClose=${() => setPublishing("")} />`}
    </section>
  `;
}

/** `listed`: by the service, so that more than their names is known. */
function Table({ models, listed = false, ...shared }) {
  if (!models.length) return html`<${Empty}>There is no model yet. Train one below.<//>`;
  return html`
    <div class="wide" role="region" aria-label="Models" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            ${listed && html`<th scope="col">Trained</th><th scope="col">Expires</th>`}
            <th scope="col"><span class="unseen">Actions</span></th>
          </tr>
        </thead>
        <tbody>
          ${models.map((model) => html`<${Row} key=${model.name} model=${model} listed=${listed} ...${shared} />`)}
        </tbody>
      </table>
    </div>
  `;
}

function Row({ name, model, listed, deployments, onPublish, reload }) {
  const places = deployments.filter((deployment) => deployment.model === model.name);
  const named = (what) => ({ "aria-label": `${what} ${model.name}` });
  const evaluation = to("projects", [name, "models", model.name]);
  const remove = async () => {
    const deployed = places.length ? " It is deployed: the service may refuse that." : "";
    const text = `A deleted model cannot be had back; training makes a new one.${deployed}`;
    if (!(await confirmed({ title: `Delete model ${model.name}?`, text, action: "Delete it", harmful: true }))) return;
    await change("DELETE", path`projects/${name}/models/${model.name}`);
    notify(`Model ${model.name} is deleted.`);
    reload();
  };
  return html`
    <tr>
      <th scope="row">
        <span dir="auto">${model.name}</span>
        ${places.map((place) => html` <span class="tag" dir="auto">deployed: ${place.name}</span>`)}
      </th>
      ${listed && html`<td><${When} iso=${model.trained} /></td><td>${model.expires && day(model.expires)}</td>`}
      <td>
        <span class="row actions">
          <a href=${evaluation} ...${named("Evaluation of")}>Evaluation</a>
          <button type="button" ...${named("Publish")} onClick=${() => onPublish(model.name)}>Publish …</button>
          ${listed && html`<${Action} class="harmful" ...${named("Delete")} onClick=${remove}>Delete<//>`}
        </span>
      </td>
    </tr>
  `;
}

const When = ({ iso }) => iso && html`<span title=${time(iso)}>${ago(iso)}</span>`;

function Publish({ name, model, start, onClose }) {
  const [deployment, setDeployment] = useState(PRODUCTION);
  const [asClassifier, setAsClassifier] = useState(true);
  const submit = async () => {
    onClose();
    const tasks = [{ trainingModelName: model, deploymentName: deployment }];
    await start("POST", path`projects/${name}/publish`, { tasks, asClassifier });
  };
  return html`
    <${Dialog} title=${`Publish model ${model}`} onClose=${onClose}>
      <${Form} onSubmit=${submit}>
        <${Target} value=${deployment} onInput=${setDeployment} />
        <p><${AsClassifier} checked=${asClassifier} onChange=${setAsClassifier} /></p>
        <p class="row">
          <button class="primary">Publish</button>
          <button type="button" onClick=${onClose}>Cancel</button>
        </p>
      <//>
    <//>
  `;
}

const Target = ({ value, onInput }) =>
  html`<${Text}
    label="Deployment"
    value=${value}
    onInput=${onInput}
    required
    ...${NAME}
    hint="Its model is replaced if it exists; otherwise it is created."
  />`;

const AsClassifier = ({ checked, onChange }) =>
  html`<${Check} label="Dropped files go to it (the default classifier)" checked=${checked} onChange=${onChange} />`;

/** Trains a model, and publishes it if it is good enough. */
export function Train({ name, start, models, operations }) {
  const known = models.value?.value.map((model) => model.name) ?? modelsOf(operations.value ?? []);
  const [given, setModel] = useState();
  const [publish, setPublish] = useState(false);
  const [deployment, setDeployment] = useState(PRODUCTION);
  const [least, setLeast] = useState(String(GOOD_ENOUGH));
  const [asClassifier, setAsClassifier] = useState(true);
  const model = given ?? nextName(known);
  const submit = async () => {
    const gate = { deployment, asClassifier, ...(least === "" ? {} : { ifMacroF1AtLeast: Number(least) }) };
    const body = { tasks: [{ trainingModelName: model }], ...(publish ? { publish: gate } : {}) };
    await start("POST", path`projects/${name}/train`, body);
    setModel(undefined);
  };
  const replaces = known.includes(model) && "There is a model of this name: the training replaces it.";
  return html`
    <section class="card" aria-labelledby="train-title">
      <h2 id="train-title">Train a model</h2>
      <${Form} onSubmit=${submit}>
        <div class="fields">
          <${Text} label="Name of the model" value=${model} onInput=${setModel} required ...${NAME} hint=${replaces} />
        </div>
        <p><${Check} label="Publish it if it is good enough" checked=${publish} onChange=${setPublish} /></p>
        ${publish &&
        html`
          <div class="fields">
            <${Target} value=${deployment} onInput=${setDeployment} />
            <${Text}
              label="If macro F1 is at least"
              type="number"
              min="0"
              max="1"
              step="0.01"
              value=${least}
              onInput=${setLeast}
              hint="From 0 to 1; none: any. It is never below that of the model it replaces."
            />
          </div>
          <p><${AsClassifier} checked=${asClassifier} onChange=${setAsClassifier} /></p>
        `}
        <p><button class="primary">Train</button></p>
      <//>
      <${Trainings} name=${name} />
    </section>
  `;
}

/** The name of the newest model with the next number: MyModel, MyModel2, MyModel3. */
export function nextName(known) {
  if (!known.length) return "Model1";
  const parts = known.map((name) => name.match(/^(.*?)(\d{0,6})$/));
  const numbered = parts.map(([, stem, digits]) => [stem, Number(digits || 1)]);
  const [stem, number] = numbered.reduce((best, one) => (one[1] > best[1] ? one : best));
  return `${stem}${number + 1}`.slice(-50);
}

/** The trainings that the service lists, also those that other clients started; loaded when they are opened. */
function Trainings({ name }) {
  const [open, setOpen] = useState(false);
  return html`
    <details onToggle=${(event) => setOpen(event.target.open)}>
      <summary>All trainings at the service</summary>
      ${open && html`<${TrainingsTable} name=${name} />`}
    </details>
  `;
}

function TrainingsTable({ name }) {
  const state = useLoaded((signal) => get(path`projects/${name}/train/jobs`, {}, signal), [name], 10);
  const cancel = async (job) => {
    await change("POST", path`projects/${name}/train/jobs/${job}/cancel`);
    state.reload();
  };
  return html`
    <${Loaded} state=${state}>
      ${({ value }) =>
        value.length
          ? html`
              <ul class="list">
                ${value.map(
                  (training) => html`
                    <li key=${training.job}>
                      <span class="name" dir="auto">${training.model ?? training.job}</span>
                      <${State} state=${training.state}>${plain(training.state)} ${percentOf(training)}<//>
                      <span class="when">${training.created && time(training.created)}</span>
                      ${training.state === "running" &&
                      html`<${Action} onClick=${() => cancel(training.job)}>Cancel<//>`}
                      ${training.detail && html`<small dir="auto">${training.detail}</small>`}
                    </li>
                  `,
                )}
              </ul>
            `
          : html`<${Empty}>The service knows of none.<//>`}
    <//>
  `;
}

const percentOf = ({ state, percent }) => (state === "running" && percent !== undefined ? `${percent} %` : "");
