// How good a model is on texts that were held out from its training.

import { to } from "../../address.js";
import { get, path } from "../../api.js";
import { count, counted, score, visible } from "../../formats.js";
import { useLoaded, usePages } from "../../loading.js";
import { Action } from "../../parts/action.js";
import { Bar } from "../../parts/bars.js";
import { Choice } from "../../parts/fields.js";
import { Empty, Loaded, Loading, Problem } from "../../parts/status.js";
import { NUMBERS, Table } from "../../parts/table.js";
import { html, useState } from "../../preact.js";
import { Confusion, Outcomes } from "./confusion.js";

const WEAK = 0.6; // the API's sentences call a class weak below it
const ORDERS = {
  weakest: { text: "the weakest first", of: ([, one], [, other]) => one.f1 - other.f1 },
  name: { text: "by name", of: ([one], [other]) => one.localeCompare(other) },
  texts: { text: "the most texts first", of: ([, one], [, other]) => support(other) - support(one) },
};
const AVERAGES = [
  ["Precision", "of the texts that got a class, the share that has it"],
  ["Recall", "of the texts that have a class, the share that got it"],
  ["F1", "both in one number: high only if both are"],
];
const FIGURES = ["Class", "Precision", "Recall", "F1", ["Texts", NUMBERS]];

/** The service adds a class None for texts without a class, also where no text is without. */
const isUsed = ([name, { truePositives, falsePositives, falseNegatives }]) =>
  name !== "None" || truePositives + falsePositives + falseNegatives > 0;

/** The classes of an evaluation as [[name, figures]]. */
const usedOf = (classes) => Object.entries(classes).filter(isUsed);

const support = ({ truePositives, falseNegatives }) => truePositives + falseNegatives;

export function Evaluation({ project, model, query }) {
  const state = useLoaded((signal) => get(path`projects/${project}/models/${model}/evaluation`, {}, signal), []);
  return html`
    <h2 class="title">
      Model <bdi>${visible(model)}</bdi> of <a href=${to("projects", [project])}><bdi>${visible(project)}</bdi></a>
    </h2>
    <${Loaded} state=${state} what="Loading the evaluation …">
      ${(evaluation) => html`
        <${Reading} sentences=${evaluation.reading} />
        <${Averages} evaluation=${evaluation} />
        <${Classes} classes=${evaluation.classes} />
        ${
          evaluation.confusion
            ? html`<${Confusion} counts=${evaluation.confusion} />`
            : html`<${Outcomes} classes=${usedOf(evaluation.classes)} />`
        }
        <${Texts} project=${project} model=${model} wrong=${evaluation.wrong} all=${query.texts === "all"} />
      `}
    <//>
  `;
}

function Reading({ sentences: [verdict, ...others] }) {
  return html`
    <section class="card" aria-labelledby="reading-title">
      <h2 id="reading-title">What it means</h2>
      <p><strong>${visible(verdict)}</strong></p>
      ${
        others.length > 0 &&
        html`
        <div class="tall" role="region" aria-label="Reasons" tabindex="0">
          <ul>${others.map((sentence) => html`<li>${visible(sentence)}</li>`)}</ul>
        </div>
      `
      }
    </section>
  `;
}

function Averages({ evaluation }) {
  return html`
    <section class="card" aria-labelledby="averages-title">
      <h2 id="averages-title">Averages</h2>
      <${Table} label="Table of the averages" columns=${["Average", ["Micro", NUMBERS], ["Macro", NUMBERS], "Meaning"]}>
        ${AVERAGES.map(
          ([name, meaning]) => html`
            <tr>
              <th scope="row">${name}</th>
              <td class="number">${score(evaluation[`micro${name}`])}</td>
              <td class="number">${score(evaluation[`macro${name}`])}</td>
              <td class="quiet meaning">${meaning}</td>
            </tr>
          `,
        )}
      <//>
      <p class="quiet">Micro: every text counts the same. Macro: every class counts the same, however rare.</p>
    </section>
  `;
}

function Classes({ classes }) {
  const [order, setOrder] = useState("weakest");
  const rows = usedOf(classes).sort(ORDERS[order].of);
  const options = Object.entries(ORDERS).map(([key, { text }]) => [key, text]);
  return html`
    <section class="card" aria-labelledby="classes-title">
      <div class="row spread">
        <h2 id="classes-title">${counted(rows.length, "class", "classes")}</h2>
        <span><${Choice} label="Order" value=${order} options=${options} onChange=${setOrder} /></span>
      </div>
      <${Table} label="Figures of each class" columns=${FIGURES} tall name="scores">
        ${rows.map(
          ([name, figures]) => html`
            <tr key=${name}>
              <th scope="row" class="class-name" dir="auto">${visible(name)}</th>
              <td><${Score} ratio=${figures.precision} /></td>
              <td><${Score} ratio=${figures.recall} /></td>
              <td><${Score} ratio=${figures.f1} /></td>
              <td class="number">${count(support(figures))}</td>
            </tr>
          `,
        )}
      <//>
    </section>
  `;
}

const Score = ({ ratio }) => html`
  <span class="score">
    <span class="number">${score(ratio)}</span>
    <${Bar} ratio=${ratio} kind=${ratio < WEAK ? "bad" : "good"} />
  </span>
`;

/** The texts that it got wrong, or all of them page by page. */
function Texts({ project, model, wrong, all }) {
  const address = (texts) => to("projects", [project, "models", model], { texts });
  return html`
    <section class="card" aria-labelledby="texts-title">
      <h2 id="texts-title">Texts</h2>
      <p class="row" role="group" aria-label="Which texts">
        <a class="button" href=${address("")} aria-current=${all ? undefined : "true"}>
          Wrong (${count(wrong.count)})
        </a>
        <a class="button" href=${address("all")} aria-current=${all ? "true" : undefined}>All (${count(wrong.of)})</a>
      </p>
      ${all ? html`<${All} project=${project} model=${model} />` : html`<${Wrong} wrong=${wrong} />`}
    </section>
  `;
}

function Wrong({ wrong: { count: number, of, documents } }) {
  if (!of) return html`<${Empty}>No text was held out.<//>`;
  if (!number) return html`<${Empty}>Each of the ${count(of)} texts got exactly its classes.<//>`;
  return html`
    ${
      documents.length < number &&
      html`<p class="quiet">The first ${count(documents.length)} of them. “All” has the others, too.</p>`
    }
    <${Predictions} predictions=${documents} />
  `;
}

function All({ project, model }) {
  const load = async (after) => {
    const page = await get(path`projects/${project}/models/${model}/evaluation/documents`, { continue: after });
    return { ...page, value: page.value.map((prediction) => ({ ...prediction, key: prediction.name })) };
  };
  const { items, error, more, busy, next } = usePages(load, [project, model]);
  return html`
    ${error && html`<${Problem} error=${error} retry=${next} />`}
    ${items ? html`<${Predictions} predictions=${items} />` : !error && html`<${Loading} />`}
    ${more && html`<p><${Action} onClick=${next} disabled=${busy}>Show more<//></p>`}
  `;
}

function Predictions({ predictions }) {
  if (!predictions.length) return html`<${Empty}>There are none.<//>`;
  return html`
    <${Table} label="Texts with their classes" columns=${["Text", "Labelled", "Predicted"]} name="predictions">
      ${predictions.map(
        ({ name, expected, predicted }) => html`
          <tr key=${name}>
            <th scope="row" class="file" dir="auto">${visible(name)}</th>
            <td><${Tags} names=${expected} others=${predicted} missing="missed" /></td>
            <td><${Tags} names=${predicted} others=${expected} missing="wrong" /></td>
          </tr>
        `,
      )}
    <//>
  `;
}

/** Classes; those that the other side does not have are marked with the word `missing`. */
function Tags({ names, others, missing }) {
  if (!names.length) return html`<span class="quiet">none</span>`;
  return names.map((name) => {
    const bad = !others.includes(name);
    return html`
      <span key=${name} class=${bad ? "tag bad" : "tag"}>
        <bdi>${visible(name)}</bdi>${bad && html` <small>${missing}</small>`}
      </span>
      ${" "}
    `;
  });
}
