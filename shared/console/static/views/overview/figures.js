// Statistics over time: files, classes, confidence, and how long it took.

import { get } from "../../api.js";
import { count, duration, percent, score } from "../../formats.js";
import { useLoaded } from "../../loading.js";
import { Chart } from "../../parts/chart.js";
import { Shares } from "../../parts/bars.js";
import { Choice } from "../../parts/fields.js";
import { Empty, Loaded } from "../../parts/status.js";
import { html, useMemo, useState } from "../../preact.js";
import { classMix, latencies, merged, numbers, spans, withGaps } from "./statistics.js";

const EVERY = 15; // seconds
const ALL = "";

export function Figures() {
  const [span, setSpan] = useState("day");
  const state = useLoaded((signal) => get("statistics", spans[span].query(Date.now()), signal), [span], EVERY);
  return html`
    <section aria-labelledby="figures">
      <div class="row spread ends">
        <h2 id="figures">Figures</h2>
        <div class="row">
          <${Choice}
            label="Time"
            value=${span}
            onChange=${setSpan}
            options=${Object.entries(spans).map(([key, { title }]) => [key, title])}
          />
        </div>
      </div>
      <${Loaded} state=${state}>${(value) => html`<${Shown} statistics=${value} span=${span} />`}<//>
    </section>
  `;
}

function Shown({ statistics, span }) {
  const periods = useMemo(() => withGaps(merged(statistics.value), spans[span]), [statistics, span]);
  const total = useMemo(() => numbers(statistics.value), [statistics]);
  return html`
    <div class="card"><${Summary} total=${total} backlog=${statistics.backlog} /></div>
    ${
      total.documents === 0
        ? html`<${Empty}>No document ended in this time.<//>`
        : html`<${Charts} periods=${periods} total=${total} unit=${spans[span].unit} />`
    }
  `;
}

function Summary({ total, backlog }) {
  const open = backlog.more ? `${count(backlog.open)} or more` : count(backlog.open);
  const oldest = backlog.oldestSeconds === undefined ? "–" : duration(backlog.oldestSeconds);
  const figures = [
    ["open documents", open],
    ["age of the oldest", oldest],
    ["classified", count(total.succeeded)],
    ["failed", count(total.failed)],
    ["without a class", count(total.withoutClass)],
    ["requests to the service", count(total.requests)],
  ];
  return html`
    <dl class="figures">
      ${figures.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
    </dl>
  `;
}

function Charts({ periods, total, unit }) {
  const times = periods.map(({ start }) => start);
  const mix = classMix(periods, total);
  const { median, high } = latencies(periods);
  return html`
    <div class="columns two">
      <div class="card">
        <${Chart}
          title=${`Files ${unit}`}
          times=${times}
          bars
          format=${(value) => (Number.isInteger(value) ? count(value) : "")}
          series=${[
            { label: "ended", colour: 1, values: periods.map((one) => one.documents) },
            { label: "failed", colour: 2, values: periods.map((one) => one.failed) },
          ]}
        />
      </div>
      <div class="card">
        <${Chart}
          title="Time from landing to the end"
          times=${times}
          format=${duration}
          series=${[
            { label: "half within", colour: 1, values: median },
            { label: "95 % within", colour: 5, values: high },
          ]}
        />
      </div>
      <div class="card">
        <${Chart}
          title="Classes, as a share of the files"
          times=${times}
          format=${percent}
          highest=${1}
          series=${mix}
        />
        <details>
          <summary>All classes in this time</summary>
          <${Shares} counts=${[...total.classes].sort(([, one], [, other]) => other - one)} of=${total.succeeded} />
        </details>
      </div>
      <div class="card">
        <${Chart}
          title="Confidence of the best class, mean"
          times=${times}
          format=${score}
          highest=${1}
          series=${[{ label: "confidence", colour: 3, values: periods.map((one) => one.confidence) }]}
        />
        <details>
          <summary>Files by confidence in this time</summary>
          <${Shares} counts=${total.confidences} />
        </details>
      </div>
    </div>
  `;
}
