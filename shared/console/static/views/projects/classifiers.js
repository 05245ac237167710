// Which classifier files go to: the default, and those of prefixes, such as folders.

import { change, get, path } from "../../api.js";
import { time, visible } from "../../formats.js";
import { useLoaded } from "../../loading.js";
import { Action, Form } from "../../parts/action.js";
import { confirmed, Dialog } from "../../parts/dialog.js";
import { Choice, Text } from "../../parts/fields.js";
import { notify } from "../../parts/notices.js";
import { Empty, Loaded, Problem } from "../../parts/status.js";
import { html, useState } from "../../preact.js";
import { isMissingInProtocol, publishedOf, useOperations } from "./project_operations.js";

/** `projects`: the list of projects, as `useLoaded` returns it. */
export function Classifiers({ projects }) {
  const classifiers = useLoaded((signal) => get("classifiers", {}, signal), []);
  const [target, setTarget] = useState(); // {prefix}: of which the classifier is being chosen; "" for the default
  const close = () => setTarget(undefined);
  const end = () => {
    close();
    classifiers.reload();
  };
  return html`
    <section class="card" aria-labelledby="classifiers-title">
      <h2 id="classifiers-title">Classifiers by folder</h2>
      <${Loaded} state=${classifiers} what="Loading the classifiers …">
        ${({ default: active, value }) => html`
          <${Default} active=${active} onSet=${() => setTarget({ prefix: "" })} />
          <${Prefixes} folders=${value} onSet=${(prefix) => setTarget({ prefix })} onChange=${classifiers.reload} />
          <p><button type="button" onClick=${() => setTarget({ isNew: true })}>Add a prefix …</button></p>
        `}
      <//>
      ${target && html`<${Chooser} target=${target} projects=${projects} onEnd=${end} onClose=${close} />`}
    </section>
  `;
}

function Default({ active, onSet }) {
  if (!active) {
    return html`
      <${Empty}>There is no default classifier: dropped files wait. Publish a model, or choose a deployment.<//>
      <p><button type="button" class="primary" onClick=${onSet}>Choose the default …</button></p>
    `;
  }
  const chosen = active.from === "setting" ? "from the setting CLASSIFIER" : "chosen here or by a publishing";
  return html`
    <p class="row">
      <span>Files go to <${Name} classifier=${active} /></span>
      <small>${chosen}${active.since && `, ${time(active.since)}`}</small>
      <button type="button" onClick=${onSet}>Change the default …</button>
    </p>
  `;
}

/** A classifier as far as it is known: deployment and model, or the id of the model. */
function Name({ classifier: { project, deployment, model, modelId } }) {
  const place = project ? `${project} / ${deployment}` : modelId;
  return html`
    <strong dir="auto">${place}</strong>${project && model && html` <span dir="auto">(model ${model})</span>`}
  `;
}

function Prefixes({ folders, onSet, onChange }) {
  if (!folders.length) {
    return html`<p class="quiet">No prefix has a separate classifier: all files go to the default.</p>`;
  }
  const remove = async (prefix) => {
    const text = "Its files go to the classifier of a shorter prefix, or to the default.";
    const title = `Remove the classifier of ${prefix}?`;
    if (!(await confirmed({ title, text, action: "Remove", harmful: true }))) return;
    await change("DELETE", path`classifiers/${prefix}`);
    notify(`Prefix ${prefix} has no classifier of its own any more.`);
    onChange();
  };
  return html`
    <p class="quiet">Files whose names begin with a prefix go to its classifier. The longest prefix applies.</p>
    <ul class="list">
      ${folders.map(
        (folder) => html`
          <li key=${folder.prefix}>
            <code class="name" dir="auto">${visible(folder.prefix)}</code>
            <span class="name"><${Name} classifier=${folder} /></span>
            <span class="row">
              <button type="button" aria-label=${`Change ${folder.prefix}`} onClick=${() => onSet(folder.prefix)}>
                Change …
              </button>
              <${Action} class="harmful" aria-label=${`Remove ${folder.prefix}`} onClick=${() => remove(folder.prefix)}>
                Remove
              <//>
            </span>
          </li>
        `,
      )}
    </ul>
  `;
}

/** Chooses the classifier of `target`: the default (prefix ""), a prefix, or a new prefix. */
function Chooser({ target, projects, onEnd, onClose }) {
  const [prefix, setPrefix] = useState(target.prefix ?? "");
  const [body, setBody] = useState();
  const title = target.isNew ? "Add a prefix" : prefix ? `Classifier of ${prefix}` : "Default classifier";
  const submit = async () => {
    await change("PUT", prefix ? path`classifiers/${prefix}` : "classifier", body);
    notify(prefix ? `Files below ${prefix} go there now.` : "The default classifier is changed.");
    onEnd();
  };
  return html`
    <${Dialog} title=${title} onClose=${onClose}>
      <${Form} onSubmit=${submit}>
        ${
          target.isNew &&
          html`
          <${Text}
            label="Prefix"
            value=${prefix}
            onInput=${setPrefix}
            required
            hint="How the names of the files begin, such as reviews/en/."
          />
        `
        }
        ${
          isMissingInProtocol(projects.error)
            ? html`<${ModelId} onChange=${setBody} />`
            : html`<${ProjectAndDeployment} projects=${projects} onChange=${setBody} />`
        }
        <p class="row">
          <button class="primary" disabled=${!body}>Use it</button>
          <button type="button" onClick=${onClose}>Cancel</button>
        </p>
      <//>
    <//>
  `;
}

/** `onChange({project, deployment})`, or undefined until both are chosen. */
function ProjectAndDeployment({ projects, onChange }) {
  const [project, setProject] = useState("");
  const choose = (name) => {
    setProject(name);
    onChange(undefined);
  };
  return html`
    <${Loaded} state=${projects}>
      ${({ value }) => html`
        <${Choice}
          label="Project"
          value=${project}
          options=${[["", "choose one"], ...value.map(({ name }) => [name, name])]}
          onChange=${choose}
        />
      `}
    <//>
    ${project && html`<${Deployment} key=${project} project=${project} onChange=${onChange} />`}
  `;
}

function Deployment({ project, onChange }) {
  const state = useLoaded((signal) => get(path`projects/${project}/deployments`, {}, signal), [project]);
  const [deployment, setDeployment] = useState("");
  const choose = (name) => {
    setDeployment(name);
    onChange(name ? { project, deployment: name } : undefined);
  };
  return html`
    <${Loaded} state=${state} what="Loading its deployments …">
      ${({ value }) =>
        value.length
          ? html`
              <${Choice}
                label="Deployment"
                value=${deployment}
                options=${[["", "choose one"], ...value.map(({ name, model }) => [name, `${name} (model ${model})`])]}
                onChange=${choose}
              />
            `
          : html`<${Empty}>This project has no deployment: publish a model of it first.<//>`}
    <//>
  `;
}

/** The quickstart's protocol: a published model, by its id. Those that this app has published are suggested. */
function ModelId({ onChange }) {
  const [modelId, setModelId] = useState("");
  const { value: operations = [], error } = useOperations("");
  const known = new Map(publishedOf(operations).map((result) => [result.modelId, result.model]));
  const choose = (id) => {
    setModelId(id);
    onChange(id.trim() ? { modelId: id.trim() } : undefined);
  };
  return html`
    ${error && html`<${Problem} error=${error} />`}
    <${Text}
      label="Id of a published model"
      value=${modelId}
      onInput=${choose}
      required
      list="known-models"
      hint="The result of a publishing names it."
    />
    <datalist id="known-models">
      ${[...known].filter(([id]) => id).map(([id, model]) => html`<option key=${id} value=${id}>${model}</option>`)}
    </datalist>
  `;
}
