// Calls to the services, on this page's own origin.

import {ask} from "./parts.js";

const KEY = "sluice.token";
let asking = null;

/** What the server says when it refuses: a problem (RFC 9457). */
export class Refused extends Error {
  constructor(problem) {
    super(problem.detail || problem.title || "The server refused.");
    this.problem = problem;
  }
}

/** Takes the token out of the address (`#token=...`), so that it stays in no history. */
export function takeTokenFromAddress() {
  const given = /^#token=(.+)$/.exec(location.hash);
  if (!given) return;
  sessionStorage.setItem(KEY, decodeURIComponent(given[1]));
  history.replaceState(null, "", location.pathname);
}

/** The bearer token. Where nobody gave one, the word that every client sends; a server that wants another says so. */
export const token = () => sessionStorage.getItem(KEY) || "local";

export const actor = () => localStorage.getItem("sluice.actor") || "operator";

export const setActor = name => localStorage.setItem("sluice.actor", name);

/** Asks for a token once, however many calls need one. */
async function askForToken() {
  asking ??= ask({
    title: "A token, please", text: "This server wants a bearer token. The one that ./sluice up made stands in its data folder, in the file admin-token.",
    label: "Token", yes: "Go on", secret: true,
  }).then(answer => {
    if (answer) sessionStorage.setItem(KEY, answer.trim());
  }).finally(() => {
    asking = null;
  });
  return asking;
}

/** A header is bytes: a name goes as UTF-8, each byte as a character. */
const utf8 = name => String.fromCharCode(...new TextEncoder().encode(name));

async function request(method, path, body) {
  const headers = {"X-Sluice-Actor": utf8(actor()), Authorization: `Bearer ${token()}`};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, {method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(30_000)});
  const said = (answer.headers.get("Content-Type") || "").includes("json") ? await answer.json() : {};
  return {status: answer.status, said};
}

/** The answer's body. Throws Refused, or a TypeError where nothing answers. */
export async function call(method, path, body) {
  let {status, said} = await request(method, path, body);
  if (status === 401) {
    await askForToken();
    ({status, said} = await request(method, path, body));
  }
  if (status >= 400) throw new Refused(said);
  return said;
}

export const get = path => call("GET", path);
