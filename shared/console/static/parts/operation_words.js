// What an operation does, and what it has done, in words.

import { counted, score } from "../formats.js";

const TITLES = {
  create: ({ project }) => `Create project ${project}`,
  import: ({ project, parameters }) => `Import labels of ${project} from ${parameters.labelsLocation}`,
  export: ({ project, parameters }) => `Export labels of ${project} to ${parameters.labelsLocation}`,
  train: ({ project, parameters }) => `Train model ${parameters.model} of ${project}`,
  publish: ({ project, parameters }) => `Publish model ${parameters.model} of ${project} to ${parameters.deployment}`,
  unpublish: ({ project, parameters }) => `Delete deployment ${parameters.deployment} of ${project}`,
  swap: ({ project, parameters }) =>
    `Swap deployments ${parameters.firstDeploymentName} and ${parameters.secondDeploymentName} of ${project}`,
  delete: ({ project }) => `Delete project ${project}`,
  export_documents: ({ parameters }) => `Export results as ${parameters.format}`,
  label_reviews: ({ project }) => `Make labels of decisions for ${project}`,
};

const PHASES = {
  train: "Now it trains the model.",
  publish: "Now it publishes the model.",
};

const DONE = {
  create: ({ project }) => [`Project ${project} is there, with its labels.`],
  import: () => ["The labels are imported. Train a model to use them."],
  export: ({ result: { documents, labelsLocation, container } }) => [
    `The labels of ${counted(documents, "document")} are in ${labelsLocation} of container ${container}.`,
  ],
  train: () => [],
  publish: () => [],
  unpublish: ({ parameters }) => [`Deployment ${parameters.deployment} is deleted.`],
  swap: ({ result }) => deployed(result.deployments),
  delete: ({ project }) => [`Project ${project} is deleted, with its models.`],
  export_documents: ({ result }) => [
    `${counted(result.documents, "result")} in ${result.blob} of container ${result.container}.`,
  ],
  label_reviews: ({ result }) => ofLabels(result),
};

const SKIPPED = {
  noClass: "without a class, which this project cannot have",
  severalClasses: "with several classes, which this project cannot have",
  refusedClass: "with a class that the service refuses",
  textGone: "whose text is gone",
  textTooLong: "whose text is too long to train with",
};

/** What it does, such as “Train model MyModel2 of movies”. */
export const titleOf = (operation) => TITLES[operation.kind]?.(operation) ?? plain(operation.kind);

/** What its second part does; "" in the first. */
export const phaseOf = (operation) => (isOpen(operation) && PHASES[operation.part]) || "";

export const isOpen = (operation) => !["succeeded", "failed"].includes(operation.state);

/** The words of a code: “notStarted” is “not started”, “label_reviews” is “label reviews”. */
export const plain = (code) =>
  String(code)
    .replaceAll("_", " ")
    .replace(/([a-z])([A-Z])/g, (_, before, hump) => `${before} ${hump.toLowerCase()}`);

/** What it has done, in sentences; none before it has succeeded. */
export function resultOf(operation) {
  if (operation.state !== "succeeded") return [];
  const whole = { ...operation, result: operation.result ?? {} };
  const sentences = DONE[operation.kind]?.(whole) ?? [];
  return [...sentences, ...ofModel(whole), ...ofClassifiers(whole.result)];
}

function ofModel({ kind, result }) {
  if (result.trained === false) return [result.why];
  if (!result.model) return [];
  const trained = kind === "publish" ? "" : `Model ${result.model} is trained${ofScore(result.macroF1)}.`;
  return [trained, ofPublishing(result)].filter(Boolean);
}

const ofScore = (macroF1) => (macroF1 === undefined ? "" : `: macro F1 is ${score(macroF1)}`);

function ofPublishing({ published, why, model, deployment, replaced }) {
  if (published === false) return `It was not published. ${why}`;
  if (!published) return "";
  const before = replaced && replaced !== model ? `, in place of ${replaced}` : "";
  return `Model ${model} is published to ${deployment}${before}.`;
}

function ofClassifiers({ classifier, changedPrefixes = [], removedPrefixes = [] }) {
  const changed = changedPrefixes.length > 0 && `Files below ${changedPrefixes.join(", ")} go to the new model.`;
  const removed = removedPrefixes.length > 0 && `No longer with a classifier: ${removedPrefixes.join(", ")}.`;
  return [classifier && `The default classifier: ${classifier}.`, changed, removed].filter(Boolean);
}

const deployed = (models = {}) =>
  Object.entries(models).map(([deployment, model]) => `Deployment ${deployment} has model ${model} now.`);

/** Why so many decisions become no labels: [why, number]. */
export const leftOut = ([why, number]) => `${counted(number, "decision")} ${SKIPPED[why] ?? plain(why)}`;

function ofLabels({ labels = 0, skipped = {}, dropped = 0, changed = 0, labelsLocation }) {
  const made = `${counted(labels, "decision")} became ${labels === 1 ? "a label" : "labels"}`;
  return [
    labelsLocation ? `${made}, in ${labelsLocation}.` : `${made}.`,
    ...Object.entries(skipped).map((one) => `Left out: ${leftOut(one)}.`),
    dropped > 0 && `${counted(dropped, "label")} of undone decisions left the labels.`,
    changed > 0 && `${counted(changed, "decision")} changed meanwhile: the next time corrects their labels.`,
  ].filter(Boolean);
}
