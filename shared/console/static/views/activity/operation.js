// One operation: its progress and its end, what was asked for, and what came of it.

import { to } from "../../address.js";
import { score, time, TYPES, visible } from "../../formats.js";
import { Action } from "../../parts/action.js";
import { saveExport } from "../../parts/export.js";
import { Operation } from "../../parts/operation.js";
import { plain } from "../../parts/operation_words.js";
import { Facts } from "../../parts/timeline.js";
import { html } from "../../preact.js";

// The names of parameters and results in words. One that is not here is shown by its own name.
const NAMES = {
  asClassifier: "Becomes the default",
  blob: "File",
  changed: "Changed meanwhile",
  changedPrefixes: "Folders with the new model",
  class: "Only class",
  classifier: "Default classifier",
  culture: "Language",
  deployedMacroF1: "Macro F1 before",
  deployedModel: "Model before",
  dropped: "Labels removed",
  firstDeploymentName: "First deployment",
  ifMacroF1AtLeast: "Macro F1 at least",
  labelsLocation: "Labels file",
  macroF1: "Macro F1",
  modelId: "Model id",
  modelType: "Type",
  multiLingual: "Several languages",
  prefix: "Name begins with",
  published: "Published",
  removedPrefixes: "Folders without a classifier",
  replaced: "In place of",
  secondDeploymentName: "Second deployment",
  since: "Ended since",
  skipped: "Left out",
  split: "Test documents",
  storageInputContainerName: "Container",
  trained: "Trained",
  until: "Ended before",
  why: "Why",
};
const SPLITS = { manual: "those that the labels name", percentage: "a random share" };
const VALUES = {
  since: time,
  until: time,
  macroF1: score,
  deployedMacroF1: score,
  ifMacroF1AtLeast: score,
  modelType: (type) => TYPES[type] ?? type,
  split: (split) => SPLITS[split] ?? split,
};

export function OneOperation({ itemKey }) {
  return html`
    <div class="card">
      <${Operation} operationKey=${itemKey} level=${2} expanded>
        ${(operation) => html`<${More} operation=${operation} />`}
      <//>
    </div>
  `;
}

function More({ operation }) {
  const { project, parameters, result = {}, key } = operation;
  const link = project && html`<a href=${to("projects", [project])} dir="auto">${visible(project)}</a>`;
  return html`
    <${Content} operation=${operation} />
    <div class="columns">
      <section aria-labelledby="asked">
        <h3 id="asked">What was asked for</h3>
        <${Facts} facts=${[["Project", link], ...factsOf(parameters), ["Key", key]]} />
      </section>
      ${
        Object.keys(result).length > 0 &&
        html`
        <section aria-labelledby="outcome">
          <h3 id="outcome">${operation.ended ? "What came of it" : "What is known so far"}</h3>
          <${Facts} facts=${factsOf(result)} />
        </section>
      `
      }
    </div>
  `;
}

/** The file of an export that has succeeded. */
function Content({ operation }) {
  if (operation.kind !== "export_documents" || operation.state !== "succeeded") return null;
  const save = () => saveExport(operation);
  return html`<p><${Action} class="primary" onClick=${save} busy="downloading …">Download the file<//></p>`;
}

const factsOf = (values) =>
  Object.entries(values).map(([name, value]) => [
    NAMES[name] ?? capital(plain(name)),
    shown(value === null ? value : (VALUES[name]?.(value) ?? value)),
  ]);

const capital = (words) => words[0].toUpperCase() + words.slice(1);

/** A value in words; "" for one that says nothing, such as an empty list. */
function shown(value) {
  if (value === true) return "yes";
  if (value === false) return "no";
  if (value === null || value === undefined || value === "") return "";
  if (Array.isArray(value)) return value.map(shown).join(", ");
  if (typeof value === "object") {
    return Object.entries(value)
      .map(([name, one]) => `${visible(plain(name))}: ${shown(one)}`)
      .join(", ");
  }
  return html`<span dir="auto">${visible(String(value))}</span>`;
}
