// How good each model is, by the audits that people decided, and whether the mix of classes has changed.

import { get } from "../../api.js";
import { count, percent, score, time, visible } from "../../formats.js";
import { useLoaded } from "../../loading.js";
import { Shares } from "../../parts/bars.js";
import { Choice } from "../../parts/fields.js";
import { Empty, Loaded } from "../../parts/status.js";
import { Table } from "../../parts/table.js";
import { html, useEffect } from "../../preact.js";

const DAY = 86_400_000; // milliseconds
const DAYS = "30";
const SPANS = [
  ["7", "7 days"],
  [DAYS, "30 days"],
  ["90", "90 days"],
  ["365", "a year"],
];
const MIN_AUDITS = 30; // fewer say nothing of all documents; the app knows it as well, and tells only `tooFew`
const MIN_OF_CLASS = 10;
// How different two mixes of classes are, by the Jensen-Shannon distance that is not reached.
const DIFFERENCES = [
  [0.1, "nearly the same"],
  [0.2, "a little different"],
  [0.35, "clearly different"],
  [Infinity, "very different"],
];

/** `days`: the period that is looked at. `decisions`: a number that grows when there are more. */
export function QualityOfModels({ project, days: given, onDays, decisions }) {
  const days = SPANS.some(([span]) => span === given) ? given : DAYS;
  const since = () => new Date(Date.now() - days * DAY).toISOString();
  const state = useLoaded((signal) => get("quality", { project, since: since() }, signal), [project, days]);
  useEffect(() => {
    if (decisions) state.reload();
  }, [decisions]);
  return html`
    <section class="card" aria-labelledby="quality">
      <div class="row spread">
        <h2 id="quality">How good is it?</h2>
        <div><${Choice} label="Decisions of the last" value=${days} options=${SPANS} onChange=${onDays} /></div>
      </div>
      <p class="quiet">
        Only audits count: documents that were chosen at random. Others are reviewed because the model seemed to be
        wrong, so they say nothing about all documents.
      </p>
      <${Loaded} state=${state} what="Loading what the audits say …">
        ${({ value, complete, since: from }) => html`
          ${!complete && html`<p class="quiet">There are so many decisions that only the newest are counted.</p>`}
          ${
            value.length
              ? value.map((model) => html`<${Model} key=${JSON.stringify(named(model))} model=${model} />`)
              : html`<${Empty}>No audit was decided since ${time(from)}. Decide some of those chosen at random.<//>`
          }
        `}
      <//>
    </section>
  `;
}

const named = ({ project, deployment, model, modelId }) => {
  const version = model ?? modelId;
  return [project, deployment && `deployment ${deployment}`, version && `model ${version}`].filter(Boolean);
};

function Model({ model }) {
  const { exactMatch, classes, reliability, classMix } = model;
  const name = visible(named(model).join(", "));
  return html`
    <article class="model" aria-label=${name}>
      <h3 dir="auto">${name}</h3>
      <p>${exactWords(exactMatch)}</p>
      <details>
        <summary>Each class</summary>
        <${ClassTable} classes=${classes} name=${name} />
      </details>
      <details>
        <summary>Can its confidence be trusted?</summary>
        <${Reliability} bins=${reliability} name=${name} />
      </details>
      <details>
        <summary>Has the mix of classes changed?</summary>
        <${Mix} mix=${classMix} />
      </details>
    </article>
  `;
}

function exactWords({ of, hits, value, low, high, tooFew }) {
  if (tooFew) return `Too few audits to say: ${count(of)} of the ${MIN_AUDITS} that it takes.`;
  return html`
    <strong>${percent(value)}</strong> of ${count(of)} audited texts were exactly right (${count(hits)} of them); with
    95 % certainty between ${percent(low)} and ${percent(high)} of all texts are.
  `;
}

function ClassTable({ classes, name }) {
  return html`
    <p class="quiet">
      Precision: how often a text that got the class has it. Recall: how often a text that has the class got it. In
      brackets, where they are with 95 % certainty. It takes ${MIN_OF_CLASS} texts to say.
    </p>
    <${Table} label=${`Each class of ${name}`} columns=${["Class", "Precision", "Recall"]}>
      ${Object.entries(classes).map(
        ([category, { precision, recall }]) => html`
          <tr key=${category}>
            <th scope="row" dir="auto">${visible(category)}</th>
            <${Ratio} share=${precision} />
            <${Ratio} share=${recall} />
          </tr>
        `,
      )}
    <//>
  `;
}

function Ratio({ share: { of, value, low, high, tooFew } }) {
  if (tooFew) return html`<td class="quiet">too few: ${count(of)}</td>`;
  return html`<td>${percent(value)} <small>(${range(low, high)}) of ${count(of)}</small></td>`;
}

/** Two ratios as “79–96 %”. */
const range = (low, high) => `${Math.round(100 * low)}–${percent(high)}`;

function Reliability({ bins, name }) {
  const used = bins.filter(({ assigned }) => assigned > 0);
  if (!used.length) return html`<p class="quiet">The model gave these texts no class.</p>`;
  return html`
    <p class="quiet">Of classes that got a confidence of 0.8, eight in ten should be right.</p>
    <${Table} label=${`Confidences of ${name}`} columns=${["Confidence", "On average", "Right"]}>
      ${used.map(
        ({ from, assigned, right, meanConfidence }) => html`
          <tr key=${from}>
            <th scope="row">${from.toFixed(1)} to ${(from + 1 / bins.length).toFixed(1)}</th>
            <td>${score(meanConfidence)}</td>
            <td>${percent(right / assigned)} <small>(${count(right)} of ${count(assigned)})</small></td>
          </tr>
        `,
      )}
    <//>
  `;
}

function Mix({ mix: { classes, toPeriodBefore, toTestLabels } }) {
  const counts = Object.entries(classes).sort(([, one], [, other]) => other - one);
  return html`
    <p>${differenceWords(toPeriodBefore, "those of the period before")}</p>
    <p>${differenceWords(toTestLabels, "the labels that the model was tested with")}</p>
    ${
      counts.length > 0 &&
      html`
      <h4>Classes in this period</h4>
      <div class="tall" role="region" aria-label="Classes in this period" tabindex="0">
        <${Shares} counts=${counts} />
      </div>
    `
    }
    <p><small>A distance of 0: the same classes, as often. A distance of 1: no class in common.</small></p>
  `;
}

function differenceWords({ distance, tooFew }, others) {
  if (tooFew) return `Too few classes were assigned to compare them with ${others}: it takes 100 on each side.`;
  const [, words] = DIFFERENCES.find(([below]) => distance < below);
  return `Compared with ${others}, the classes are ${words} (distance ${score(distance)}).`;
}
