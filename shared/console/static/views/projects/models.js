// The models of a project: trained, published, deleted; and the training of another.

import { to } from "../../address.js";
import { change, get, path } from "../../api.js";
import { ago, day, time } from "../../formats.js";
import { useLoaded } from "../../loading.js";
import { Action, Form } from "../../parts/action.js";
import { confirmed, Dialog } from "../../parts/dialog.js";
import { Check, Text } from "../../parts/fields.js";
import { notify } from "../../parts/notices.js";
import { plain } from "../../parts/operation_words.js";
import { Empty, Loaded, State } from "../../parts/status.js";
import { html, useState } from "../../preact.js";
import { NAME } from "./new_project.js";
import { isMissingInProtocol, modelsOf } from "./project_operations.js";

const PRODUCTION = "production";
const GOOD_ENOUGH = 0.6; // macro F1, of which an evaluation says that it is fair

/** Where the protocol lists no models, those whose training this app remembers. */
export function Models({ name, start, models, deployments, operations, reload }) {
  const [publishing, setPublishing] = useState("");
  const close = () => setPublishing("");
  const unlisted = isMissingInProtocol(models.error);
  const known = unlisted && modelsOf(operations.value ?? []).map((model) => ({ name: model }));
  const deployed = deployments.value?.value ?? [];
  const places = deployed.map((deployment) => deployment.name);
  const shared = { name, deployments: deployed, onPublish: setPublishing, reload };
  return html`
    <section class="card" aria-labelledby="models-title">
      <h2 id="models-title">Models</h2>
      <${Loaded} state=${models}>${({ value }) => html`<${List} models=${value} listed ...${shared} />`}<//>
      ${known && html`<${List} models=${known} ...${shared} />`}
      ${
        publishing &&
        html`
        <${Publish} name=${name} model=${publishing} start=${start} places=${places} onClose=${close} />
      `
      }
    </section>
  `;
}

/** `listed`: by the service, so that more than their names is known. */
function List({ models, listed = false, ...shared }) {
  if (!models.length) return html`<${Empty}>There is no model yet. Train one below.<//>`;
  const newest = models.toSorted(byTraining);
  return html`
    <ul class="list">
      ${newest.map((model) => html`<${Row} key=${model.name} model=${model} listed=${listed} ...${shared} />`)}
    </ul>
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
    <li>
      <strong class="name" dir="auto">${model.name}</strong>
      ${places.map((place) => html`<span class="tag" dir="auto">deployed: ${place.name}</span>`)}
      <span class="when"><${Times} model=${model} /></span>
      <span class="row">
        <a href=${evaluation} ...${named("Evaluation of")}>Evaluation</a>
        <button type="button" ...${named("Publish")} onClick=${() => onPublish(model.name)}>Publish …</button>
        ${listed && html`<${Action} class="harmful" ...${named("Delete")} onClick=${remove}>Delete<//>`}
      </span>
    </li>
  `;
}

function Times({ model: { trained, expires } }) {
  return html`
    ${trained && html`<span title=${time(trained)}>trained ${ago(trained)}</span>`}
    ${expires && html`<span>, expires ${day(expires)}</span>`}
  `;
}

function Publish({ name, model, start, places, onClose }) {
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
        <${Target} id="publish-to" value=${deployment} onInput=${setDeployment} places=${places} />
        <p><${AsClassifier} checked=${asClassifier} onChange=${setAsClassifier} /></p>
        <p class="row">
          <button class="primary">Publish</button>
          <button type="button" onClick=${onClose}>Cancel</button>
        </p>
      <//>
    <//>
  `;
}

/** The deployment to publish to. `places`: the names of those that exist. */
const Target = ({ id, value, onInput, places }) => html`
  <${Text}
    label="Deployment"
    value=${value}
    onInput=${onInput}
    required
    list=${id}
    ...${NAME}
    hint=${places.includes(value) ? "Its model is replaced." : "It is created, if the project has none of this name."}
  />
  <datalist id=${id}>${places.map((place) => html`<option key=${place} value=${place} />`)}</datalist>
`;

const AsClassifier = ({ checked, onChange }) =>
  html`<${Check} label="Dropped files go to it (the default classifier)" checked=${checked} onChange=${onChange} />`;

/** Trains a model, and publishes it if it is good enough. */
export function Train({ name, start, models, deployments, operations }) {
  const places = (deployments.value?.value ?? []).map((place) => place.name);
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
        ${
          publish &&
          html`
          <div class="fields">
            <${Target} id="train-for" value=${deployment} onInput=${setDeployment} places=${places} />
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
        `
        }
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
      ${open && html`<${TrainingsList} name=${name} />`}
    </details>
  `;
}

function TrainingsList({ name }) {
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
                ${value.toSorted(byCreation).map(
                  (training) => html`
                    <li key=${training.job}>
                      <span class="name" dir="auto">${training.model ?? training.job}</span>
                      <${State} state=${training.state}>${plain(training.state)} ${percentOf(training)}<//>
                      <span class="when">${training.created && time(training.created)}</span>
                      ${
                        training.state === "running" &&
                        html`<${Action} onClick=${() => cancel(training.job)}>Cancel<//>`
                      }
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

const byTraining = (one, other) => (other.trained ?? "").localeCompare(one.trained ?? "");

const byCreation = (one, other) => (other.created ?? "").localeCompare(one.created ?? "");

const percentOf = ({ state, percent }) => (state === "running" && percent !== undefined ? `${percent} %` : "");
