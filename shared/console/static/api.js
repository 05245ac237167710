// The only module that sends requests. Everything goes to the HTTP API of the app that serves this page.

import { keyWasRefused, readKey } from "./key.js";

// This module is …/console/VERSION/api.js, and the API is where the console is.
const BASE = new URL("../../", import.meta.url);
const PART = 7_900_000; // bytes of one response to a download, below what the API allows
const MANY_PARTS = 64; // half a gigabyte, more than a page should hold

/** An error response of the API, or none at all (`status` 0). `details`: [{field, message}]. */
export class ApiError extends Error {
  constructor(status, error) {
    const { code = "", message = "", details = [] } = error ?? {};
    super(message || `The app answered with status ${status}.`);
    Object.assign(this, { status, code, details });
  }
}

/** The path of a route with its parts encoded: path`documents/${key}/text`. */
export const path = (texts, ...values) => String.raw({ raw: texts }, ...values.map(encodeURIComponent));

/** The parsed body of a response to GET. Throws ApiError. */
export const get = async (route, query, signal) => parsed(await send("GET", route, { query, signal }));

/** Sends `body` as JSON, if there is one; returns the parsed body of the response. Throws ApiError. */
export async function change(method, route, body) {
  const json = body === undefined ? {} : { body: JSON.stringify(body), type: "application/json" };
  return parsed(await send(method, route, json));
}

/** Posts a text file to be classified. Throws ApiError. */
export async function postText(text, query) {
  const type = "text/plain; charset=utf-8";
  return parsed(await send("POST", "documents", { query, body: text, type }));
}

/** GET of what may not be there yet: {status, body, retryAfter in seconds}. Throws ApiError for errors. */
export async function look(route) {
  const response = await send("GET", route);
  const retryAfter = Number(response.headers.get("Retry-After")) || 1;
  return { status: response.status, body: await parsed(response), retryAfter };
}

let asked = {}; // the health that is asked for, and with which key: several parts of a page want it at once

/** The health, which has status 503 if something needs attention. Throws ApiError. */
export function health() {
  if (asked.key !== readKey()) {
    const mine = { key: readKey(), answer: askForHealth().finally(() => mine === asked && (asked = {})) };
    asked = mine;
  }
  return asked.answer;
}

async function askForHealth() {
  const response = await send("GET", "health", { accepts: [503] });
  const body = await parsed(response);
  if (!body.checks) throw new ApiError(response.status, body.error);
  return body;
}

/** A file of the API as a Blob, read in parts. Throws ApiError. */
export async function download(route) {
  const parts = [];
  for (let size = Infinity, start = 0; start < size; start += PART) {
    if (parts.length === MANY_PARTS) throw new ApiError(0, { message: "The file is too large for a browser." });
    const response = await send("GET", route, { range: `bytes=${start}-${start + PART - 1}` });
    const total = response.headers.get("Content-Range")?.split("/")[1];
    size = total ? Number(total) : 0;
    parts.push(await response.blob());
  }
  return new Blob(parts, { type: parts[0].type });
}

async function send(method, route, { query = {}, body, type, range, signal, accepts = [] } = {}) {
  // The browser would leave them out, and ask for something else.
  if (/(^|\/)\.\.?(\/|$)/.test(route)) throw new ApiError(404, { message: "Nothing has this name." });
  const address = new URL(route, BASE);
  for (const [name, value] of Object.entries(query)) {
    if (value !== "" && value !== undefined) address.searchParams.set(name, value);
  }
  const headers = { Accept: "application/json" };
  if (readKey()) headers["x-functions-key"] = readKey();
  if (type) headers["Content-Type"] = type;
  if (range) headers.Range = range;
  const response = await answered(address, { method, headers, body, signal, cache: "no-store" });
  if (response.status === 401) keyWasRefused();
  if (!response.ok && !accepts.includes(response.status)) throw await refusal(response);
  return response;
}

/** The body, which has a value: something between the page and the app, such as a proxy, may answer in its place. */
async function parsed(response) {
  const message = "The answer is not one of the app: something between it and this page may have answered instead.";
  try {
    const body = await response.json();
    if (body && typeof body === "object") return body;
  } catch (error) {
    if (error.name === "AbortError") throw error;
  }
  throw new ApiError(response.ok ? 0 : response.status, { message });
}

async function answered(address, options) {
  try {
    return await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, { message: "The app cannot be reached." });
  }
}

async function refusal(response) {
  if (response.status === 401)
    return new ApiError(401, { code: "KeyRefused", message: "The app needs a function key." });
  const body = await response.json().catch(() => null);
  return new ApiError(response.status, body?.error);
}
