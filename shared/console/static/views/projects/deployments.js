// The deployments of a project: what is published where, swapped, rolled back, deleted.

import { path } from "../../api.js";
import { ago, day, time, visible } from "../../formats.js";
import { Action, Form } from "../../parts/action.js";
import { confirmed, Dialog } from "../../parts/dialog.js";
import { Choice } from "../../parts/fields.js";
import { Empty, Loaded } from "../../parts/status.js";
import { html, useState } from "../../preact.js";
import { isMissingInProtocol, publishedOf, undoOf } from "./project_operations.js";

export function Deployments({ name, start, models, deployments, classifiers, operations }) {
  const goesTo = uses(name, classifiers.value);
  const shared = { name, start, goesTo, models: models.value?.value ?? [], operations: operations.value ?? [] };
  return html`
    <section class="card" aria-labelledby="deployments-title">
      <h2 id="deployments-title">Deployments</h2>
      <${Loaded} state=${deployments}>
        ${({ value }) => html`
          <${List} deployments=${value} ...${shared} />
          ${value.length > 1 && html`<${Swap} name=${name} start=${start} deployments=${value} />`}
        `}
      <//>
      ${isMissingInProtocol(deployments.error) && html`<${LastPublished} ...${shared} />`}
    </section>
  `;
}

/** A function that tells what goes to a deployment: {isDefault, prefixes}. */
function uses(project, classifiers) {
  const { default: active, value: folders = [] } = classifiers ?? {};
  const is = (deployment) => (classifier) => classifier?.project === project && classifier.deployment === deployment;
  return (deployment) => ({
    isDefault: is(deployment)(active),
    prefixes: folders.filter(is(deployment)).map(({ prefix }) => prefix),
  });
}

function List({ deployments, ...shared }) {
  if (!deployments.length) {
    return html`<${Empty}>There is no deployment yet. Publish a model: a deployment is the place that classifies.<//>`;
  }
  const places = deployments.map((deployment) => deployment.name);
  return html`
    <ul class="list">
      ${deployments.map(
        (deployment) => html`<${Row} key=${deployment.name} deployment=${deployment} places=${places} ...${shared} />`,
      )}
    </ul>
  `;
}

/** `places`: the names of all deployments. */
function Row({ name, deployment: shown, places, goesTo, models, operations, start }) {
  const { name: deployment, model, deployed, expires } = shown;
  const [choosing, setChoosing] = useState(false);
  const choose = () => setChoosing(true);
  const close = () => setChoosing(false);
  const { isDefault, prefixes } = goesTo(deployment);
  const publish = (other) => start("POST", path`projects/${name}/publish`, publication(other, deployment, isDefault));
  const others = models.map((one) => one.name).filter((one) => one !== model);
  const remove = async () => {
    const waiting = isDefault || prefixes.length > 0;
    const text = waiting ? "Files that go to it wait until they have another classifier." : "Its model stays.";
    const title = `Delete deployment ${deployment}?`;
    if (!(await confirmed({ title, text, action: "Delete it", harmful: true }))) return;
    await start("DELETE", path`projects/${name}/deployments/${deployment}`);
  };
  return html`
    <li>
      <span class="name">
        <strong dir="auto">${deployment}</strong> has model <span dir="auto">${model}</span>
      </span>
      ${isDefault && html`<span class="tag">default classifier</span>`}
      ${prefixes.map((prefix) => html`<span class="tag" dir="auto">${visible(prefix)}</span>`)}
      <span class="when"><${Times} deployed=${deployed} expires=${expires} /></span>
      <span class="row">
        ${
          others.length > 0 &&
          html`
          <button type="button" aria-label=${`Publish another model to ${deployment}`} onClick=${choose}>
            Publish another …
          </button>
        `
        }
        <${Undo}
          name=${name}
          deployment=${deployment}
          undo=${undoOf(operations, deployment, model)}
          possible=${(undo) => places.includes(undo.swapWith) || others.includes(undo.model)}
          publish=${publish}
          start=${start}
        />
        <${Action} class="harmful" aria-label=${`Delete deployment ${deployment}`} onClick=${remove}>Delete<//>
      </span>
      ${choosing && html`<${Another} deployment=${deployment} models=${others} publish=${publish} onClose=${close} />`}
    </li>
  `;
}

function Times({ deployed, expires }) {
  return html`
    ${deployed && html`<span title=${time(deployed)}>deployed ${ago(deployed)}</span>`}
    ${expires && html`<span>, expires ${day(expires)}</span>`}
  `;
}

/** Names as options of a choice. */
const pairs = (names) => names.map((name) => [name, name]);

/** Files that went to the deployment still do, and no others. */
const publication = (model, deployment, isDefault) => ({
  tasks: [{ trainingModelName: model, deploymentName: deployment }],
  asClassifier: isDefault,
});

function Another({ deployment, models, publish, onClose }) {
  const [model, setModel] = useState(models[0]);
  const submit = async () => {
    onClose();
    await publish(model);
  };
  return html`
    <${Dialog} title=${`Publish another model to ${deployment}`} onClose=${onClose}>
      <${Form} onSubmit=${submit}>
        <${Choice} label="Model" value=${model} options=${pairs(models)} onChange=${setModel} />
        <p class="row">
          <button class="primary">Publish</button>
          <button type="button" onClick=${onClose}>Cancel</button>
        </p>
      <//>
    <//>
  `;
}

/** Takes the last change of a deployment back: publishes the model of before, or swaps once more. */
function Undo({ name, deployment, undo, possible, publish, start }) {
  if (!undo || !possible(undo)) return null;
  if (undo.swapWith) {
    const swap = () => swapped(name, deployment, undo.swapWith, start);
    const label = `Swap back with ${undo.swapWith}: deployment ${deployment}`;
    return html`<${Action} aria-label=${label} onClick=${swap}>Swap back with ${undo.swapWith}<//>`;
  }
  const rollBack = async () => {
    const text = `Deployment ${deployment} gets model ${undo.model} again. Documents keep the results that they have.`;
    if (await confirmed({ title: `Roll back to ${undo.model}?`, text, action: "Roll back" })) await publish(undo.model);
  };
  const label = `Roll back to ${undo.model}: deployment ${deployment}`;
  return html`<${Action} aria-label=${label} onClick=${rollBack}>Roll back to ${undo.model}<//>`;
}

async function swapped(name, firstDeploymentName, secondDeploymentName, start) {
  const title = `Swap ${firstDeploymentName} and ${secondDeploymentName}?`;
  const text = "Each gets the model of the other, and so do the files that go to it. A second swap takes it back.";
  if (!(await confirmed({ title, text, action: "Swap" }))) return;
  await start("POST", path`projects/${name}/deployments/swap`, { firstDeploymentName, secondDeploymentName });
}

function Swap({ name, start, deployments }) {
  const names = deployments.map((deployment) => deployment.name);
  const [first, setFirst] = useState(names[0]);
  const [chosen, setSecond] = useState(names[1]);
  const others = names.filter((one) => one !== first);
  const second = others.includes(chosen) ? chosen : others[0];
  return html`
    <h3>Swap two</h3>
    <${Form} class="row ends" onSubmit=${() => swapped(name, first, second, start)}>
      <${Choice} label="This deployment" value=${first} options=${pairs(names)} onChange=${setFirst} />
      <${Choice} label="with" value=${second} options=${pairs(others)} onChange=${setSecond} />
      <button>Swap …</button>
    <//>
  `;
}

/** Where the protocol lists no deployments: the last publishing, and how to take it back. */
function LastPublished({ name, operations, start }) {
  const [last, ...before] = publishedOf(operations);
  if (!last) return html`<${Empty}>No model was published with this app yet.<//>`;
  const earlier = before.find(({ model }) => model !== last.model);
  const rollBack = async () => {
    const question = { title: `Roll back to ${earlier.model}?`, text: "It takes the place of the published model." };
    if (!(await confirmed({ ...question, action: "Roll back" }))) return;
    await start("POST", path`projects/${name}/publish`, publication(earlier.model, last.deployment, true));
  };
  return html`
    <p>Published last with this app: <strong dir="auto">${last.model}</strong></p>
    ${earlier && html`<p><${Action} onClick=${rollBack}>Roll back to ${earlier.model}<//></p>`}
  `;
}
