// Decisions become labels of a project: how many can; then a model is trained with them, and published if it is good.

import { to } from "../../address.js";
import { change, get, path } from "../../api.js";
import { counted, visible } from "../../formats.js";
import { useLoaded } from "../../loading.js";
import { Form } from "../../parts/action.js";
import { Shares } from "../../parts/bars.js";
import { Check, Choice, Text } from "../../parts/fields.js";
import { Operation } from "../../parts/operation.js";
import { leftOut } from "../../parts/operation_words.js";
import { Empty, Loaded, Problem } from "../../parts/status.js";
import { html, useEffect, useState } from "../../preact.js";
import { nextName } from "../projects/models.js";
import { NAME } from "../projects/new_project.js";
import { isMissingInProtocol, projectsOf } from "../projects/project_operations.js";

const TOP = 200; // operations that are looked through for projects
const LEAST = "0.6"; // macro F1
const REASONS = {
  audit: "chosen at random",
  contested: "contested",
  no_class: "without a class",
  low_confidence: "of low confidence",
};

/** The names of the projects; where the protocol cannot list them, of those that this app has created. */
export const useProjectNames = () => useLoaded(projectNames, []);

async function projectNames(signal) {
  try {
    return (await get("projects", {}, signal)).value.map(({ name }) => name);
  } catch (error) {
    if (!isMissingInProtocol(error)) throw error;
    return projectsOf((await get("operations", { top: TOP }, signal)).value);
  }
}

/**
 * `projects`: what useProjectNames returns. `project`: "" for the first one. `operationKey`: of what was started.
 * `decisions`: a number that grows with them.
 */
export function LabelsFromReviews({ projects, project, ...others }) {
  return html`
    <section class="card" aria-labelledby="labels-of-decisions">
      <h2 id="labels-of-decisions">Make labels of decisions</h2>
      <p class="quiet">
        A model that is trained with them learns what people decided. Audits become labels to test with.
      </p>
      <${Loaded} state=${projects} what="Loading the projects …">
        ${(found) =>
          found.length || project
            ? html`<${OfProject} key=${project} names=${found} first=${project} ...${others} />`
            : html`<${Empty}>There is no project yet. <a href=${to("projects", [], { create: "yes" })}>Create one</a><//>`}
      <//>
    </section>
  `;
}

function OfProject({ names, first, operationKey, onStart, decisions }) {
  const [project, setProject] = useState(first || names[0]);
  const state = useLoaded(() => change("POST", path`projects/${project}/labels/reviews`, { dryRun: true }), [project]);
  useEffect(() => {
    if (decisions) state.reload();
  }, [decisions]);
  const [ended, setEnded] = useState("");
  const running = Boolean(operationKey) && ended !== operationKey;
  const onEnd = () => {
    setEnded(operationKey);
    state.reload();
  };
  const options = names.map((name) => [name, visible(name)]);
  return html`
    ${
      !first &&
      names.length > 1 &&
      html`<${Choice} label="Project" value=${project} options=${options} onChange=${setProject} />`
    }
    <${Loaded} state=${state} what="Counting …">
      ${(expected) => html`
        <${Expected} expected=${expected} project=${project} />
        ${
          expected.count > 0 &&
          !running &&
          html`<${Start} key=${project} project=${project} number=${expected.count} onStart=${onStart} />`
        }
      `}
    <//>
    ${operationKey && html`<${Operation} operationKey=${operationKey} onEnd=${onEnd} />`}
  `;
}

function Expected({ expected: { count, classes, reasons, skipped, complete }, project }) {
  const left = Object.entries(skipped).map(leftOut);
  const kinds = Object.entries(reasons).map(([reason, number]) => `${number} ${REASONS[reason] ?? reason}`);
  return html`
    <p role="status">
      ${
        count
          ? html`<strong>${counted(count, "decision")}</strong> on documents of
            ${" "}<span dir="auto">${visible(project)}</span> can become ${count === 1 ? "a label" : "labels"}:
            ${" "}${kinds.join(", ")}.`
          : html`No decision on documents of <span dir="auto">${visible(project)}</span> waits to become a label.`
      }
      ${!complete && " There are more: only the newest are counted."}
    </p>
    ${left.length > 0 && html`<p class="quiet">Left out: ${left.join("; ")}.</p>`}
    ${
      count > 0 &&
      html`
      <details>
        <summary>Their classes</summary>
        <div class="tall" role="region" aria-label="Classes of the decisions" tabindex="0">
          <${Shares} counts=${Object.entries(classes)} of=${count} />
        </div>
      </details>
    `
    }
  `;
}

/** The form that starts it. What the app refuses is shown below it. */
function Start({ project, number, onStart }) {
  const { plan, set, body } = usePlan(project);
  const [error, setError] = useState();
  const submit = async () => {
    setError(undefined);
    try {
      onStart((await change("POST", path`projects/${project}/labels/reviews`, body)).key);
    } catch (problem) {
      setError(problem);
    }
  };
  return html`
    <${Form} onSubmit=${submit}>
      <p><${Check} label="Train a model with them" checked=${plan.train} onChange=${set("train")} /></p>
      ${
        plan.train &&
        html`
        <${Text} label="Name of the model" value=${plan.model} onInput=${set("model")} required ...${NAME} />
        <p><${Check} label="Publish it if it is good enough" checked=${plan.publish} onChange=${set("publish")} /></p>
      `
      }
      ${plan.train && plan.publish && html`<${Publishing} plan=${plan} set=${set} />`}
      <p>
        <button class="primary">Make ${counted(number, "label")}${plan.train ? ", and train" : ""}</button>
      </p>
    <//>
    <div role="status">${error && html`<${Problem} error=${error} />`}</div>
  `;
}

const Publishing = ({ plan, set }) => html`
  <div class="grid">
    <${Text} label="Deployment" value=${plan.deployment} onInput=${set("deployment")} required ...${NAME} />
    <${Text}
      label="If macro F1 is at least"
      type="number"
      min="0"
      max="1"
      step="any"
      value=${plan.least}
      onInput=${set("least")}
    />
  </div>
  <p class="quiet">It is not published if it is worse than the model that is deployed there now.</p>
  <p><${Check} label="Send new files to it, by default" checked=${plan.active} onChange=${set("active")} /></p>
`;

/** What to do with the labels, and the body of the request. */
function usePlan(project) {
  const [typed, setTyped] = useState({});
  const { value: models } = useLoaded((signal) => get(path`projects/${project}/models`, {}, signal), [project]);
  const { value: classifier } = useLoaded((signal) => get("classifier", {}, signal), []);
  const mine = classifier?.project === project ? classifier : {};
  const plan = {
    train: true,
    model: nextName(models?.value.map(({ name }) => name) ?? []),
    publish: true,
    deployment: mine.deployment ?? "production",
    least: LEAST,
    active: !classifier || Boolean(mine.deployment),
    ...typed,
  };
  const publish = {
    deployment: plan.deployment,
    asClassifier: plan.active,
    ...(plan.least === "" ? {} : { ifMacroF1AtLeast: Number(plan.least) }),
  };
  const train = { train: { trainingModelName: plan.model }, ...(plan.publish ? { publish } : {}) };
  const set = (field) => (value) => setTyped((before) => ({ ...before, [field]: value }));
  return { plan, set, body: plan.train ? train : {} };
}
