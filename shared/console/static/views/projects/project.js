// One project: what is known of it, what is under way, its models, deployments and labels.

import { to } from "../../address.js";
import { change, get, path } from "../../api.js";
import { time, TYPES, visible } from "../../formats.js";
import { useLoaded } from "../../loading.js";
import { Form } from "../../parts/action.js";
import { Dialog } from "../../parts/dialog.js";
import { Check, Text } from "../../parts/fields.js";
import { notify } from "../../parts/notices.js";
import { Operation, OperationDetails, startOperation } from "../../parts/operation.js";
import { isOpen } from "../../parts/operation_words.js";
import { Empty, Loaded, Problem } from "../../parts/status.js";
import { Facts } from "../../parts/timeline.js";
import { html, useCallback, useEffect, useRef, useState } from "../../preact.js";
import { Deployments } from "./deployments.js";
import { ProjectLabels } from "./labels.js";
import { Models, Train } from "./models.js";
import { Language } from "./new_project.js";
import { sinceCreation, useOpenOperations, useOperations } from "./project_operations.js";

const SHOWN = 10; // earlier operations

export function Project({ name }) {
  const loaded = useProject(name);
  const [followed, follow, setEnded] = useFollowed(name);
  const [deleted, setDeleted] = useState(false);
  const ended = (operation) => {
    setEnded(operation.key);
    if (operation.kind === "delete" && operation.state === "succeeded") setDeleted(true);
    else loaded.reload();
  };
  const start = async (method, route, body) => {
    const operation = await startOperation(method, route, body);
    if (operation) follow(operation.key);
  };
  if (deleted) {
    return html`<${Empty}>Project ${name} is deleted. <a href=${to("projects")}>All projects</a><//>`;
  }
  if (loaded.project.error?.status === 404) {
    return html`<${Problem} error=${loaded.project.error} /><p><a href=${to("projects")}>All projects</a></p>`;
  }
  const operations = { ...loaded.operations, value: sinceCreation(loaded.operations.value ?? []) };
  const parts = { ...loaded, operations, name, start };
  return html`
    <h2 class="title" dir="auto">${visible(name)}</h2>
    <${UnderWay} followed=${followed} onEnd=${ended} />
    <${About} name=${name} state=${loaded.project} />
    <${Models} ...${parts} />
    <${Train} ...${parts} />
    <${Deployments} ...${parts} />
    <${ProjectLabels} name=${name} project=${loaded.project} start=${start} />
    <${Earlier} state=${loaded.operations} />
    <${Delete} name=${name} start=${start} />
  `;
}

/** All that its page shows, as `useLoaded` returns it, and `reload` for all of it. */
function useProject(name) {
  const project = useLoaded((signal) => get(path`projects/${name}`, {}, signal), [name]);
  const models = useLoaded((signal) => get(path`projects/${name}/models`, {}, signal), [name]);
  const deployments = useLoaded((signal) => get(path`projects/${name}/deployments`, {}, signal), [name]);
  const classifiers = useLoaded((signal) => get("classifiers", {}, signal), []);
  const operations = useOperations(name);
  const all = { project, models, deployments, classifiers, operations };
  return { ...all, reload: () => Object.values(all).forEach((state) => state.reload()) };
}

/**
 * [{key, started, ended}] of the operations that are shown with their progress: those started here, and all others
 * under way. One that has ended stays until the next begins.
 */
function useFollowed(name) {
  const [followed, setFollowed] = useState([]);
  const add = (key, started) =>
    setFollowed((before) => [{ key, started }, ...before.filter((one) => one.key !== key && !one.ended)]);
  const { value: open = [] } = useOpenOperations(name);
  useEffect(() => {
    open.filter(({ key }) => !followed.some((one) => one.key === key)).forEach(({ key }) => add(key));
  }, [open]);
  const follow = useCallback((key) => add(key, Date.now()), []);
  const setEnded = (key) =>
    setFollowed((before) => before.map((one) => (one.key === key ? { ...one, ended: true } : one)));
  return [followed, follow, setEnded];
}

function UnderWay({ followed, onEnd }) {
  return followed.map(
    ({ key, started }) => html`<${Followed} key=${key} operationKey=${key} started=${started} onEnd=${onEnd} />`,
  );
}

/** An operation that was started here comes into sight, and takes the focus from the button that started it. */
function Followed({ operationKey, started, onEnd }) {
  const place = useRef(null);
  useEffect(() => {
    if (started) place.current.focus();
  }, [started]);
  return html`
    <div class="card" ref=${place} tabindex="-1">
      <${Operation} operationKey=${operationKey} onEnd=${onEnd} />
    </div>
  `;
}

function About({ name, state }) {
  const [editing, setEditing] = useState(false);
  const close = () => setEditing(false);
  const end = () => {
    close();
    state.reload();
  };
  return html`
    <section class="card" aria-labelledby="about-title">
      <h2 id="about-title">About this project</h2>
      <${Loaded} state=${state}>
        ${(project) => html`
          <${Facts} facts=${factsOf(project)} />
          <p><button type="button" onClick=${() => setEditing(true)}>Change description or language</button></p>
          ${editing && html`<${Edit} name=${name} project=${project} onEnd=${end} onClose=${close} />`}
        `}
      <//>
    </section>
  `;
}

function factsOf(project) {
  const { modelType, storageInputContainerName, culture, multiLingual, description } = project;
  const times = ["created", "modified", "trained", "deployed"];
  return [
    ["Description", description && html`<span dir="auto">${description}</span>`],
    ["Type", TYPES[modelType] ?? modelType],
    ["Container", html`<span dir="auto">${storageInputContainerName}</span>`],
    ["Language", culture && `${culture}${multiLingual ? ", and others" : ""}`],
    ...times.map((name) => [name[0].toUpperCase() + name.slice(1), project[name] && time(project[name])]),
  ];
}

function Edit({ name, project, onEnd, onClose }) {
  const [values, setValues] = useState({
    description: project.description ?? "",
    culture: project.culture ?? "",
    multiLingual: Boolean(project.multiLingual),
  });
  const set = (field) => (value) => setValues((before) => ({ ...before, [field]: value }));
  const submit = async () => {
    const { culture, ...others } = values;
    await change("PATCH", path`projects/${name}`, culture ? values : others);
    notify("The project is changed.");
    onEnd();
  };
  return html`
    <${Dialog} title="Change the project" onClose=${onClose}>
      <${Form} onSubmit=${submit}>
        <${Text} label="Description" value=${values.description} onInput=${set("description")} />
        <${Language} value=${values.culture} onChange=${set("culture")} />
        <p>
          <${Check}
            label="The texts are in several languages"
            checked=${values.multiLingual}
            onChange=${set("multiLingual")}
          />
        </p>
        <p class="row">
          <button class="primary">Change</button>
          <button type="button" onClick=${onClose}>Cancel</button>
        </p>
      <//>
    <//>
  `;
}

function Earlier({ state }) {
  return html`
    <section class="card" aria-labelledby="earlier-title">
      <h2 id="earlier-title">Earlier operations</h2>
      <${Loaded} state=${state}>
        ${(operations) => {
          const ended = operations.filter((operation) => !isOpen(operation)).slice(0, SHOWN);
          if (!ended.length) return html`<${Empty}>Nothing has ended yet.<//>`;
          return html`
            <details>
              <summary>The last ${ended.length === 1 ? "one" : ended.length}</summary>
              ${ended.map((operation) => html`<${OperationDetails} key=${operation.key} operation=${operation} />`)}
            </details>
          `;
        }}
      <//>
    </section>
  `;
}

/** Deletes the project, once its name has been typed. */
function Delete({ name, start }) {
  const [asking, setAsking] = useState(false);
  const [typed, setTyped] = useState("");
  const close = () => {
    setAsking(false);
    setTyped("");
  };
  const submit = async () => {
    close();
    await start("DELETE", path`projects/${name}`);
  };
  return html`
    <section class="card" aria-labelledby="delete-title">
      <h2 id="delete-title">Delete this project</h2>
      <p class="quiet">Its models and deployments go with it. The texts and labels files in its container stay.</p>
      <p><button type="button" class="harmful" onClick=${() => setAsking(true)}>Delete …</button></p>
      ${
        asking &&
        html`
        <${Dialog} title="Delete the project for good?" onClose=${close}>
          <p>
            Its models cannot be had back. Files that go to its classifiers wait until they have another. To delete it,
            type its name: <strong dir="auto">${name}</strong>
          </p>
          <${Form} onSubmit=${submit}>
            <${Text} label="Name of the project" value=${typed} onInput=${setTyped} autofocus />
            <p class="row">
              <button class="harmful" disabled=${typed.trim() !== name}>Delete the project</button>
              <button type="button" onClick=${close}>Cancel</button>
            </p>
          <//>
        <//>
      `
      }
    </section>
  `;
}
