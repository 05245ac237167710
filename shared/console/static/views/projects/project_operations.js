// What the operations of this app say about a project: what is under way, what was deployed before, and, where the
// protocol lists neither projects nor models, which there are.

import { get } from "../../api.js";
import { useLoaded } from "../../loading.js";

const EVERY = 5; // seconds
const TOP = 200; // the newest operations that are looked at
const MAX_PAGES = 10; // each reads a bounded number of rows, of which few may be of this project

/** Whether an error says that the quickstart's protocol does not have this. */
export const isMissingInProtocol = (error) => error?.status === 501;

/** The last operations of a project ("": of all projects), the newest first. */
export const useOperations = (project) => useLoaded((signal) => load(project, "all", signal), [project]);

/** Those that are under way, looked at every few seconds. */
export const useOpenOperations = (project) => useLoaded((signal) => load(project, "open", signal), [project], EVERY);

async function load(project, state, signal) {
  const found = [];
  let after = "";
  for (let pages = 0; pages === 0 || (after && pages < MAX_PAGES && found.length < TOP); pages += 1) {
    const page = await get("operations", { project, state, top: TOP, continue: after }, signal);
    found.push(...page.value);
    after = page.continue;
  }
  return found.filter((operation) => operation.project); // exports of documents have none
}

/** The names of the projects that were created, and not deleted since. */
export function projectsOf(operations) {
  const latest = new Map();
  for (const { kind, project, state } of operations) {
    if (state === "succeeded" && ["create", "delete"].includes(kind) && !latest.has(project)) latest.set(project, kind);
  }
  return [...latest]
    .filter(([, kind]) => kind === "create")
    .map(([project]) => project)
    .sort();
}

/** Those of a project since it was created: before, another project may have had its name. The newest first. */
export const sinceCreation = (operations) => newerThan(operations, ({ kind }) => ["create", "delete"].includes(kind));

/** The names of the models that were trained, the newest first. */
export function modelsOf(operations) {
  const trained = operations.filter(({ kind, state }) => state === "succeeded" && kind !== "publish");
  return [...new Set(trained.map(({ result }) => result?.model).filter(Boolean))];
}

/** The models that were published, the newest first: [{deployment, model, modelId}]. */
export const publishedOf = (operations) =>
  operations.filter((operation) => succeeded(operation) && operation.result?.published).map(({ result }) => result);

/**
 * How the last change of a deployment is undone: {swapWith} or {model}, or undefined if that is not known.
 * `model`: the one that is deployed there now.
 */
export function undoOf(operations, deployment, model) {
  const deleted = ({ kind, parameters }) => kind === "unpublish" && parameters.deployment === deployment;
  const changes = newerThan(operations, deleted).filter((one) => succeeded(one) && changed(one, deployment));
  const last = changes[0];
  if (!last) return undefined;
  if (last.kind === "swap") {
    const { firstDeploymentName: first, secondDeploymentName: second } = last.parameters;
    return { swapWith: first === deployment ? second : first };
  }
  const older = changes.slice(1).map((operation) => modelAfter(operation, deployment));
  const names = [last.result.replaced, last.result.deployedModel, ...older];
  const former = names.find((name) => name && name !== model);
  return former && { model: former };
}

const succeeded = ({ state }) => state === "succeeded";

/** The operations that are newer than the first one that has succeeded and is `what`. */
function newerThan(operations, what) {
  const end = operations.findIndex((operation) => succeeded(operation) && what(operation));
  return end < 0 ? operations : operations.slice(0, end);
}

const modelAfter = ({ kind, result }, deployment) =>
  kind === "swap" ? result.deployments?.[deployment] : result.model;

function changed({ kind, parameters, result }, deployment) {
  if (kind === "swap") return [parameters.firstDeploymentName, parameters.secondDeploymentName].includes(deployment);
  return Boolean(result?.published) && result.deployment === deployment;
}
