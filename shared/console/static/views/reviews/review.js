// One open review: its text beside the classes to choose from, and the keys that decide it.

import { change, path } from "../../api.js";
import { counted, score, visible } from "../../formats.js";
import { Form } from "../../parts/action.js";
import { Text } from "../../parts/fields.js";
import { html, useEffect, useRef, useState } from "../../preact.js";
import { browserStorage } from "../../storage.js";

const REVIEWER = "textdrop.reviewer"; // the name that is kept in the browser
const NUMBERED = 9; // classes that have a key
const UNSEEN = 300; // milliseconds, in which nobody has read a text: the second press of a double one decides nothing
const STEPS = [
  ["skip", "Skip"],
  ["undo", "Undo"],
  ["previous", "Previous"],
  ["next", "Next"],
];
const KEYS = [
  ["1–9", "choose"],
  ["Enter", "decide"],
];
const STEP_KEYS = [
  ["S", "skip"],
  ["U", "undo the last decision"],
  ["J K", "next, previous"],
];

/** Why a document is reviewed. */
export const REASONS = {
  audit: "chosen at random",
  contested: "somebody asked for it",
  no_class: "no class was assigned",
  low_confidence: "low confidence",
};

/** The names of classes as a text. */
export const classNames = (classes) => (classes.length ? classes.map(visible).join(", ") : "no class");

/** Sends a decision {classes, comment, reviewer}; returns the review. Throws ApiError. */
export function decide(key, { classes, comment, reviewer }) {
  const given = Object.entries({ comment, reviewer }).filter(([, value]) => value);
  return change("PUT", path`reviews/${key}`, { classes, ...Object.fromEntries(given) });
}

/**
 * `actions`: {decide(classes, comment, reviewer)}, which resolves once it has ended, and the steps {skip, undo, next,
 * previous}, undefined if they are not possible now. `focus`: whether it takes the focus, if nothing else has it.
 */
export function ReviewCard({ review, actions, focus, children }) {
  const { choice, busy, ready, fields, decideNow } = useDecision(review, actions);
  const heading = useRef(null);
  useEffect(() => {
    if (focus && document.activeElement === document.body) heading.current.focus();
  }, []);
  const at = (number) => choice.shown[number] && (() => choice.toggle(choice.shown[number]));
  const digits = Object.fromEntries(Array.from({ length: NUMBERED }, (_, number) => [`${number + 1}`, at(number)]));
  const { skip: s, undo: u, next: j, previous: k } = actions;
  useKeys(busy ? {} : { ...digits, enter: decideNow, s, u, j, k });
  return html`
    <section class="card" aria-labelledby="review-name" aria-busy=${busy}>
      <div class="row spread">
        <h2 id="review-name" ref=${heading} tabindex="-1" dir="auto">${visible(review.name)}</h2>
        ${children}
      </div>
      <${Origin} review=${review} />
      <div class="review">
        <div class="text" dir="auto" tabindex="0" role="region" aria-label="Text">${review.text}</div>
        <div>
          <${Choices} choice=${choice} review=${review} />
          <div class="grid">${fields}</div>
          <p class="chosen" dir="auto"><small>Your decision: ${classNames(choice.decision)}</small></p>
          <p class="row">
            <button type="button" class="primary" aria-disabled=${!ready} onClick=${decideNow}>
              ${busy ? "Deciding …" : "Decide"}
            </button>
            <${Steps} actions=${actions} busy=${busy} />
          </p>
        </div>
      </div>
      <${Legend} keys=${"skip" in actions ? [...KEYS, ...STEP_KEYS] : KEYS} />
    </section>
  `;
}

/** What is chosen, and what is sent with it. */
function useDecision(review, actions) {
  const choice = useChoice(review);
  const [comment, setComment] = useState("");
  const [reviewer, setReviewer] = useState(() => browserStorage.read(REVIEWER));
  const [busy, setBusy] = useState(false);
  const [seen, setSeen] = useState(false);
  const sending = useRef(false);
  useEffect(() => {
    const timer = setTimeout(() => setSeen(true), UNSEEN);
    return () => clearTimeout(timer);
  }, []);
  const named = (name) => {
    browserStorage.write(REVIEWER, name);
    setReviewer(name);
  };
  const decideNow = async () => {
    if (sending.current || !seen) return;
    sending.current = true;
    setBusy(true);
    await actions.decide(choice.decision, comment.trim(), reviewer.trim());
    sending.current = false;
    setBusy(false);
  };
  const fields = html`
    <${Text} label="Your name" value=${reviewer} onInput=${named} maxlength="200" autocomplete="name" />
    <${Text} label="Comment (optional)" value=${comment} onInput=${setComment} maxlength="1000" />
  `;
  return { choice, busy, ready: seen && !busy, fields, decideNow };
}

/** The classes to choose from: `shown` are those that the filter leaves. What was predicted is chosen at first. */
function useChoice({ choices, prediction, classifier }) {
  const single = classifier.modelType === "SingleClassification";
  const predicted = prediction.map(({ category }) => category);
  const [chosen, setChosen] = useState(() => new Set(single ? predicted.slice(0, 1) : predicted));
  const [added, setAdded] = useState([]);
  const [filter, setFilter] = useState("");
  const all = ordered(choices.length ? choices : [...new Set([...predicted, ...added])], predicted);
  const shown = all.filter((name) => name.toLowerCase().includes(filter.trim().toLowerCase()));
  const toggle = (name) =>
    setChosen((before) => {
      if (before.has(name)) return new Set([...before].filter((other) => other !== name));
      return new Set(single ? [name] : [...before, name]);
    });
  const add = (name) => {
    setAdded((before) => [...before, name]);
    if (!chosen.has(name)) toggle(name);
  };
  const decision = all.filter((name) => chosen.has(name));
  return { all, shown, chosen, decision, single, filter, setFilter, toggle, add, named: choices.length > 0 };
}

/** Numbers reach only nine classes: of more, those that were predicted are the first. */
const ordered = (names, predicted) =>
  names.length > NUMBERED ? [...predicted, ...names.filter((name) => !predicted.includes(name))] : names;

function Choices({ choice, review }) {
  const { all, shown, chosen, single, named, toggle } = choice;
  const many = all.length > NUMBERED;
  const confidences = new Map(review.prediction.map(({ category, confidence }) => [category, confidence]));
  return html`
    ${many && html`<${Filter} choice=${choice} />`}
    ${!named && html`<${NewClass} onAdd=${choice.add} />`}
    <div
      class="choices ${many ? "many" : ""}"
      role="group"
      aria-label=${single ? "Classes, at most one" : "Classes"}
    >
      ${shown.map(
        (name, number) => html`
          <button
            key=${name}
            type="button"
            class="choice"
            role="checkbox"
            aria-checked=${chosen.has(name) ? "true" : "false"}
            aria-keyshortcuts=${number < NUMBERED ? number + 1 : undefined}
            onClick=${() => toggle(name)}
          >
            <kbd aria-hidden="true">${number < NUMBERED ? number + 1 : ""}</kbd>
            <span class="name" dir="auto">${visible(name)}</span>
            ${
              confidences.has(name) &&
              html`<span class="quiet"><span class="unseen">confidence </span>${score(confidences.get(name))}</span>`
            }
          </button>
        `,
      )}
    </div>
    ${!shown.length && named && html`<p class="quiet">No class has these letters in its name.</p>`}
  `;
}

/** Enter chooses the first class that is left, and shows all again. */
function Filter({ choice: { all, shown, chosen, filter, setFilter, toggle } }) {
  const entered = (event) => {
    if (event.key !== "Enter" || !filter || !shown.length) return;
    event.preventDefault();
    toggle(shown[0]);
    setFilter("");
  };
  const hint = `${counted(all.length, "class", "classes")}, ${chosen.size} chosen. Enter chooses the first one.`;
  const given = { value: filter, onInput: setFilter, onKeyDown: entered, hint };
  return html`<${Text} label="Find a class" type="search" ...${given} />`;
}

/** Where the service does not tell the classes of a model, a reviewer names them. */
function NewClass({ onAdd }) {
  const [name, setName] = useState("");
  const submit = async () => {
    onAdd(name.trim());
    setName("");
  };
  return html`
    <${Form} onSubmit=${submit}>
      <div class="row ends">
        <${Text} label="Name a class" value=${name} onInput=${setName} required pattern=".*\\S.*" title="A name" />
        <button>Add</button>
      </div>
      <small>The service does not tell the classes of this model.</small>
    <//>
  `;
}

function Origin({ review: { reason, classifier, language, prediction } }) {
  const { project, deployment, model, modelId } = classifier;
  const by = [project, deployment && `deployment ${deployment}`, (model ?? modelId) && `model ${model ?? modelId}`];
  const why = reason === "low_confidence" ? `${REASONS[reason]}, ${score(prediction[0].confidence)}` : REASONS[reason];
  return html`
    <p class="quiet" dir="auto">
      Reviewed because: ${why}. Classified by ${by.filter(Boolean).join(", ")}.${language && ` Language: ${language}.`}
    </p>
  `;
}

const Steps = ({ actions, busy }) =>
  STEPS.filter(([name]) => name in actions).map(([name, text]) => {
    const action = actions[name];
    return html`<button key=${name} type="button" disabled=${busy || !action} onClick=${action}>${text}</button>`;
  });

const Legend = ({ keys }) => html`
  <p class="keys quiet">
    ${keys.map(
      ([key, does]) => html`<span key=${key}>${key.split(" ").map((one) => html`<kbd>${one}</kbd> `)}${does}</span>`,
    )}
  </p>
`;

/** Calls the action of a key, unless somebody types, a dialog is open, or the key belongs to the browser. */
function useKeys(actions) {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const pressed = (event) => {
      const action = latest.current[event.key.toLowerCase()];
      if (!action || isMeantOtherwise(event)) return;
      event.preventDefault();
      action();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}

function isMeantOtherwise({ key, target, ctrlKey, altKey, metaKey, repeat, defaultPrevented }) {
  if (ctrlKey || altKey || metaKey || repeat || defaultPrevented || document.querySelector("dialog[open]")) return true;
  if (target.closest("input, textarea, select, [contenteditable]")) return true;
  return key === "Enter" && Boolean(target.closest("a, summary, button:not([role=checkbox])"));
}
