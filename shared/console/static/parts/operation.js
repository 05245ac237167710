// One operation: long work such as a training. It is followed until it has ended.

import { change, get, path } from "../api.js";
import { counted, duration, time, visible } from "../formats.js";
import { useFollowed } from "../loading.js";
import { html, useEffect, useRef } from "../preact.js";
import { Action, attempt } from "./action.js";
import { confirmed } from "./dialog.js";
import { isOpen, phaseOf, plain, resultOf, titleOf } from "./operation_words.js";
import { Loaded, State } from "./status.js";
import { Facts, Timeline } from "./timeline.js";

const EVERY = 2; // seconds

/**
 * Sends a request that starts long work; an error becomes a message. Returns the operation, or undefined.
 * If the same operation is under way, the API answers with that one.
 */
export async function startOperation(method, route, body) {
  let operation;
  await attempt(async () => (operation = await change(method, route, body)));
  return operation;
}

/**
 * The operation with this key, looked at every two seconds until it has ended. `onEnd(operation)` is called once then,
 * also if it has ended before. `children(operation)`, if given, are shown below it. `level`: of its heading.
 * `expanded`: whether its timeline is seen at first.
 */
export function Operation({ operationKey, onEnd, level, expanded, children }) {
  const load = (signal) => get(path`operations/${operationKey}`, {}, signal);
  const state = useFollowed(load, [operationKey], EVERY, (operation) => !isOpen(operation));
  const operation = state.value;
  const told = useRef(""); // the key of the operation whose end was told
  useEffect(() => {
    if (!operation || operation.key !== operationKey || isOpen(operation) || told.current === operationKey) return;
    told.current = operationKey;
    onEnd?.(operation);
  }, [operation, operationKey]);
  return html`
    <${Loaded} state=${state} what="Loading the operation …">
      ${(value) => html`
        <${OperationDetails} operation=${value} level=${level} expanded=${expanded} onChange=${state.reload} />
        ${children?.(value)}
      `}
    <//>
  `;
}

/** An operation as it was loaded. */
export function OperationDetails({ operation, level = 3, expanded = false, onChange }) {
  const open = isOpen(operation);
  return html`
    <article class="operation">
      <div class="row">
        <${`h${level}`}>${visible(titleOf(operation))}<//>
        <${State} state=${open ? "open" : operation.state}>${operation.state}<//>
        <small title=${time(operation.created)}>${sinceWhen(operation)}</small>
      </div>
      ${open && html`<${Progress} operation=${operation} />`}
      <div role="status"><${Outcome} operation=${operation} /></div>
      ${operation.steps && html`<${Facts} facts=${factsOf(operation.steps)} />`}
      <details open=${expanded}>
        <summary>What happened, and when (${counted(operation.timeline.length, "event")})</summary>
        <${Timeline} events=${operation.timeline} />
      </details>
      ${open && onChange && html`<${Controls} operation=${operation} onChange=${onChange} />`}
    </article>
  `;
}

function sinceWhen({ created, ended }) {
  const seconds = Math.max(0, ((ended ? Date.parse(ended) : Date.now()) - Date.parse(created)) / 1000);
  return ended ? `${time(ended)}, after ${duration(seconds)}` : `for ${duration(seconds)}`;
}

const factsOf = (steps) => Object.entries(steps).map(([name, status]) => [plain(name), plain(status)]);

function Progress({ operation }) {
  const known = operation.percent !== undefined;
  const label = `Progress: ${titleOf(operation)}`;
  return html`
    <p class="row progress">
      <progress aria-label=${label} max="100" value=${known ? operation.percent : undefined} />
      ${known && html`<span>${operation.percent} %</span>`}
    </p>
  `;
}

/** Its phase or its result in words, and its last error. */
function Outcome({ operation }) {
  const { state, detail } = operation;
  const phase = phaseOf(operation);
  return html`
    ${phase && html`<p>${phase}</p>`}
    ${resultOf(operation).map((sentence) => html`<p>${visible(sentence)}</p>`)}
    ${detail && html`<p class=${state === "failed" ? "failure" : "quiet"}>${visible(detail)}</p>`}
  `;
}

/** A training at the service can be cancelled; anything else can be given up. */
function Controls({ operation, onChange }) {
  const { key, kind, part, project, state } = operation;
  const trains = kind === "train" && (part ?? "train") === "train";
  const cancel = async () => {
    await change("POST", path`projects/${project}/train/jobs/${key}/cancel`);
    onChange();
  };
  const abandon = async () => {
    const text =
      "The project is free for other operations at once. The service still finishes what it has started, and nobody " +
      "looks at the outcome.";
    const title = `Abandon: ${titleOf(operation)}?`;
    if (!(await confirmed({ title, text, action: "Abandon it", harmful: true }))) return;
    await change("POST", path`operations/${key}/abandon`);
    onChange();
  };
  return html`
    <p class="row">
      ${trains && html`<${Action} onClick=${cancel} disabled=${state === "starting"}>Cancel the training<//>`}
      <${Action} onClick=${abandon} class="harmful">Abandon<//>
    </p>
  `;
}
