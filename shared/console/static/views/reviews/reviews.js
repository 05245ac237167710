// Reviews: the queue of open ones, those that were decided or withdrawn, and what the decisions are good for.

import { go, to } from "../../address.js";
import { change, get, path } from "../../api.js";
import { ago, counted, time, visible } from "../../formats.js";
import { useLoaded, usePages } from "../../loading.js";
import { Action, attempt } from "../../parts/action.js";
import { Classes } from "../../parts/bars.js";
import { Choice } from "../../parts/fields.js";
import { notify } from "../../parts/notices.js";
import { Pages } from "../../parts/pages.js";
import { Empty, Loaded, State } from "../../parts/status.js";
import { Facts } from "../../parts/timeline.js";
import { html, useCallback, useEffect, useRef, useState } from "../../preact.js";
import { LabelsFromReviews, useProjectNames } from "./labels_from_reviews.js";
import { QualityOfModels } from "./quality.js";
import { REASONS, ReviewCard, classNames, decide } from "./review.js";
import { ReviewQueue } from "./review_queue.js";

const PAGE = 25;
const SETTLED = 2000; // milliseconds after the last decision, when the figures are loaded again
const STATES = [
  ["open", "To decide"],
  ["decided", "Decided"],
  ["withdrawn", "Withdrawn"],
];
const REFUSED = {
  409: "Somebody else decided meanwhile. That decision stays.",
  410: "The file was changed or deleted meanwhile: nobody can decide on it.",
};

export function Reviews({ rest, query }) {
  if (rest[0]) return html`<${OneReview} key=${rest[0]} reviewKey=${rest[0]} />`;
  return html`<${Listing} query=${query} />`;
}

function Listing({ query }) {
  const { state = "open", reason = "", project = "", at = "", operation = "", days } = query;
  const filter = { reason, project };
  const rest = { ...filter, operation, days };
  const projects = useProjectNames();
  const [decisions, onDecision] = useSettled();
  const set = (change) => {
    const { state: next, ...others } = { state, ...rest, at, ...change };
    go(to("reviews", [], { ...others, state: next === "open" ? "" : next }), { replace: true });
  };
  const known = STATES.some(([name]) => name === state) ? state : "open";
  return html`
    <div class="row spread ends bar-of-tabs">
      <nav aria-label="States of reviews">
        ${STATES.map(
          ([name, text]) => html`
            <a
              key=${name}
              href=${to("reviews", [], { ...rest, state: name === "open" ? "" : name })}
              aria-current=${name === known ? "page" : undefined}
            >${text}</a>
          `,
        )}
      </nav>
      <${Filter} filter=${filter} names=${projects.value ?? []} set=${set} />
    </div>
    ${
      known === "open"
        ? html`
          <${ReviewQueue} key=${`${reason} ${project}`} query=${rest} at=${at} onDecision=${onDecision}>
            <${Nothing} filtered=${reason || project} clear=${() => set({ reason: "", project: "" })} />
          <//>
        `
        : html`<${Ended} key=${`${known} ${reason} ${project}`} filter=${{ ...filter, state: known }} />`
    }
    <div class="columns two">
      <${QualityOfModels} ...${{ project, days, decisions }} onDays=${(next) => set({ days: next })} />
      <${LabelsFromReviews}
        projects=${projects}
        project=${project}
        operationKey=${operation}
        onStart=${(key) => set({ operation: key })}
        decisions=${decisions}
      />
    </div>
  `;
}

/** A number that grows after decisions, and a function to call after each: not each is worth loading all figures. */
function useSettled() {
  const [turn, setTurn] = useState(0);
  const timer = useRef();
  useEffect(() => () => clearTimeout(timer.current), []);
  const changed = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setTurn((number) => number + 1), SETTLED);
  }, []);
  return [turn, changed];
}

function Filter({ filter: { reason, project }, names, set }) {
  const all = [...new Set([project, ...names])].filter(Boolean);
  const options = [["", "all projects"], ...all.map((name) => [name, visible(name)])];
  return html`
    <div class="row" role="search" aria-label="Reviews">
      <${Choice}
        label="Reason"
        value=${reason}
        options=${[["", "any reason"], ...Object.entries(REASONS)]}
        onChange=${(value) => set({ reason: value })}
      />
      <${Choice} label="Project" value=${project} options=${options} onChange=${(value) => set({ project: value })} />
    </div>
  `;
}

function Nothing({ filtered, clear }) {
  if (filtered) {
    return html`
      <${Empty}>No open review matches this filter.<//>
      <p><button type="button" onClick=${clear}>Show all open reviews</button></p>
    `;
  }
  return html`
    <${Empty}>
      There is nothing to decide. Documents with a low confidence get here by themselves, and a random share of all
      others. To have one checked, open it in <a href=${to("documents")}>Documents</a>, and ask for a review.
    <//>
  `;
}

/** Decided or withdrawn reviews, the newest first. */
function Ended({ filter }) {
  const pages = usePages((after) => get("reviews", { ...filter, top: PAGE, continue: after }), []);
  return html`
    <section class="card" aria-label=${`Reviews, ${filter.state}`} aria-busy=${pages.busy}>
      <${Pages} pages=${pages} row=${(review) => html`<${Row} key=${review.key} review=${review} />`} what="review">
        No review was ${filter.state} yet, or none that matches the filter.
      <//>
    </section>
  `;
}

function Row({ review: { key, name, reason, decision, prediction, usedBy, created } }) {
  const at = decision?.at ?? created;
  const predicted = prediction.map(({ category }) => category);
  const same = decision && String([...decision.classes].sort()) === String(predicted.sort());
  return html`
    <li>
      <a class="name" dir="auto" href=${to("reviews", [key])}>${visible(name)}</a>
      ${decision && html`<span class="tag" dir="auto">${classNames(decision.classes)}</span>`}
      ${decision && html`<span class="quiet">${same ? "as predicted" : "corrected"}</span>`}
      ${usedBy && html`<span class="quiet">became a label</span>`}
      <span class="quiet" dir="auto">${decision ? visible(decision.reviewer ?? "") : REASONS[reason]}</span>
      <time class="when" datetime=${at} title=${time(at)}>${ago(at)}</time>
    </li>
  `;
}

/** The review of one document, in any state. */
function OneReview({ reviewKey }) {
  const state = useLoaded((signal) => get(path`reviews/${reviewKey}`, {}, signal), [reviewKey]);
  const ask = async () => {
    await change("POST", path`documents/${reviewKey}/review`);
    state.reload();
  };
  const decided = async (classes, comment, reviewer) => {
    try {
      await decide(reviewKey, { classes, comment, reviewer });
      notify("It is decided.");
    } catch (error) {
      if (!REFUSED[error.status]) throw error;
      notify(REFUSED[error.status]);
    }
    state.reload();
  };
  const actions = { decide: (...decision) => attempt(() => decided(...decision)) };
  if (state.error?.status === 404) {
    return html`
      <section class="card">
        <${Empty}>Nobody has to review this document.<//>
        <p class="row">
          <${Action} onClick=${ask}>Ask for a review<//> <a href=${to("documents", [reviewKey])}>The document</a>
        </p>
      </section>
    `;
  }
  return html`
    <${Loaded} state=${state} what="Loading the review …">
      ${(review) =>
        review.state === "open"
          ? html`<${ReviewCard} key=${review.key} review=${review} actions=${actions} />`
          : html`<${EndedReview} review=${review} reload=${state.reload} ask=${ask} />`}
    <//>
  `;
}

function EndedReview({ review, reload, ask }) {
  const { key, name, state, decision, prediction, usedBy, text, textGone } = review;
  const undo = async () => {
    await change("DELETE", path`reviews/${key}/decision`);
    notify("The decision is undone: the review is open again.");
    reload();
  };
  return html`
    <section class="card" aria-labelledby="review-name">
      <h2 id="review-name"><span dir="auto">${visible(name)}</span> <${State} state=${state} /></h2>
      <div class="review">
        ${
          textGone
            ? html`<p class="quiet">${textGone}</p>`
            : html`<div class="text" dir="auto" tabindex="0" role="region" aria-label="Text">${text}</div>`
        }
        <div>
          ${decision && html`<${Facts} facts=${factsOf(review)} />`}
          <h3>Predicted</h3>
          <${Classes} classes=${prediction} />
          <p class="row">
            ${decision && !usedBy && html`<${Action} onClick=${undo}>Undo the decision<//>`}
            ${state === "withdrawn" && !textGone && html`<${Action} onClick=${ask}>Ask for a review again<//>`}
            <a href=${to("documents", [key])}>The document</a>
          </p>
          ${usedBy && html`<small>The decision has become a label, so it can no longer be undone.</small>`}
        </div>
      </div>
    </section>
  `;
}

const factsOf = ({ decision: { classes, reviewer, comment, at }, reason, usedBy }) => [
  ["Decision", html`<strong dir="auto">${classNames(classes)}</strong>`],
  ["By", reviewer && html`<span dir="auto">${visible(reviewer)}</span>`],
  ["Comment", comment && html`<span dir="auto">${comment}</span>`],
  ["When", time(at)],
  ["Reason", REASONS[reason]],
  ["Label", usedBy && html`<a href=${to("activity", ["operations", usedBy])}>made by this operation</a>`],
];
