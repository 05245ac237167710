// The labels of a project: a labels file is checked before it is used; imports and exports.

import { change, path } from "../../api.js";
import { counted, visible } from "../../formats.js";
import { Action, Form } from "../../parts/action.js";
import { Shares } from "../../parts/bars.js";
import { confirmed } from "../../parts/dialog.js";
import { Choice, Text } from "../../parts/fields.js";
import { Problem, State } from "../../parts/status.js";
import { html, useState } from "../../preact.js";
import { isMissingInProtocol } from "./project_operations.js";

const FEW = 5; // findings that are shown at once

/** What a check of labels has found: the response of …/labels/check. */
export function Findings({ proof }) {
  const { ok, documents, classes = {}, errors, errorCount, warnings, warningCount } = proof;
  const number = Object.keys(classes).length;
  return html`
    <div role="status">
      <p class="row">
        <${State} state=${ok ? "succeeded" : "failed"}>${ok ? "can be used" : "cannot be used"}<//>
        <span>
          ${counted(documents, "document")} with ${counted(number, "class", "classes")},
          ${" "}${counted(errorCount, "error")}, ${counted(warningCount, "warning")}
        </span>
      </p>
    </div>
    <${Found} title="Errors" findings=${errors} number=${errorCount} open />
    <${Found} title="Warnings" findings=${warnings} number=${warningCount} open=${ok && warnings.length <= FEW} />
    ${
      number > 0 &&
      html`
      <details>
        <summary>Documents of each class</summary>
        <div class="tall" role="region" aria-label="Documents of each class" tabindex="0">
          <${Shares} counts=${Object.entries(classes)} of=${documents} />
        </div>
      </details>
    `
    }
  `;
}

function Found({ title, findings, number, open }) {
  if (!number) return null;
  const more = number > findings.length && `: the first ${findings.length}`;
  return html`
    <details open=${open}>
      <summary>${title} (${number})${more}</summary>
      <div class="tall" role="region" aria-label=${title} tabindex="0">
        <ul>
          ${findings.map(
            ({ where, what, do: remedy }) => html`
              <li><strong>${visible(where)}</strong> ${visible(what)}. ${remedy}</li>
            `,
          )}
        </ul>
      </div>
    </details>
  `;
}

/**
 * Imports a labels file into a project, or exports its labels. `start` sends what starts an operation. `project`: as
 * `useLoaded` returns it; a protocol that does not describe projects has neither imports nor exports.
 */
export function ProjectLabels({ name, project, start }) {
  return html`
    <section class="card" aria-labelledby="labels-title">
      <h2 id="labels-title">Labels</h2>
      ${
        isMissingInProtocol(project.error)
          ? html`<${Problem} error=${project.error} />`
          : html`
            <div class="columns">
              <${Import} name=${name} start=${start} />
              <${Export} name=${name} start=${start} />
            </div>
          `
      }
    </section>
  `;
}

function Import({ name, start }) {
  const [labelsLocation, setLocation] = useState("labels.json");
  const [proof, setProof] = useState();
  const given = (location) => {
    setLocation(location);
    setProof(undefined);
  };
  const check = async () => setProof(await change("POST", path`projects/${name}/labels/check`, { labelsLocation }));
  const use = async () => {
    const text = `The labels of ${name} are replaced with those of ${labelsLocation}. Its models do not change.`;
    if (!(await confirmed({ title: "Replace all labels?", text, action: "Import", harmful: true }))) return;
    await start("POST", path`projects/${name}/import`, { labelsLocation });
  };
  return html`
    <div class="part">
      <h3>Import a labels file</h3>
      <${Form} onSubmit=${check}>
        <${Text}
          label="Labels file"
          value=${labelsLocation}
          onInput=${given}
          required
          hint="A file in the project's container, beside the texts it names."
        />
        <p class="row">
          <button>Check the labels</button>
          <${Action} class="primary" disabled=${!proof?.ok} onClick=${use}>Import<//>
        </p>
      <//>
      ${proof && html`<${Findings} proof=${proof} />`}
    </div>
  `;
}

function Export({ name, start }) {
  const [labelsLocation, setLocation] = useState(`${name}-labels.json`);
  const [format, setFormat] = useState("today");
  const submit = () => start("POST", path`projects/${name}/export`, { labelsLocation, format });
  return html`
    <div class="part">
      <h3>Export the labels</h3>
      <${Form} onSubmit=${submit}>
        <${Text}
          label="Write them to"
          value=${labelsLocation}
          onInput=${setLocation}
          required
          pattern=".*\\.json"
          title="A name that ends in .json"
          hint="A file in the project's container. A labels file of this name is replaced."
        />
        <${Choice}
          label="Format"
          value=${format}
          onChange=${setFormat}
          options=${[
            ["today", "of today's protocol"],
            ["quickstart", "of the 2021 quickstart"],
          ]}
        />
        <p><button>Export</button></p>
      <//>
    </div>
  `;
}
