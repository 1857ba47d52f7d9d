// The gateway's API as the page uses it. Every right is the server's to give: the page only asks.

// A no of the API: RFC 9457.
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? `the gateway answered ${status}`);
    this.status = status;
    this.code = body.code ?? "unknown";
    this.call = body.call;
  }
}

let token = "";
// What is to happen when the session is over; set by the page.
let signedOut = () => {};

export function onSignedOut(action) {
  signedOut = action;
}

// Asks for JSON. Throws `Problem`, or what `fetch` throws when there is no connection.
export async function get(path, query, signal) {
  return answer(await fetch(url(path, query), { signal, headers: { accept: "application/json" } }));
}

// Sends JSON, with the token that proves that the page sent it.
export async function post(path, body = {}) {
  const headers = { accept: "application/json", "content-type": "application/json", "x-csrf-token": token };
  return answer(await fetch(url(path), { method: "POST", headers, body: JSON.stringify(body) }));
}

// The bytes of a file of the log.
export async function bytes(path, signal) {
  const response = await fetch(url(path), { signal });
  if (!response.ok) await answer(response);
  return new Uint8Array(await response.arrayBuffer());
}

// Who is signed in, or null.
export async function me() {
  try {
    const found = await get("me");
    token = found.csrf ?? "";
    return found;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return null;
    throw error;
  }
}

// Ends the session here, and at the provider if it says where.
export async function signOut() {
  const headers = { accept: "application/json", "x-csrf-token": token };
  const { end } = await answer(await fetch("/console/sign-out", { method: "POST", headers }));
  return end;
}

let paths = [];

// Learns which endpoints this gateway has, from its own description.
export async function learn() {
  paths = Object.keys((await get("openapi.json")).paths);
}

// Whether this gateway has an endpoint whose path begins so. The page draws nothing that it could not fill.
export function offers(path) {
  return paths.some((known) => known.replace(/^\/api\/v1\//, "").startsWith(path));
}

// One stream for the whole page. `take(kind, data)` for each event; `state` is "live" or "lost".
export function events(take, changed) {
  const source = new EventSource("/api/v1/events");
  const kinds = "hello log calls approvals breakglass servers policies evidence signed_out";
  for (const kind of kinds.split(" ")) {
    source.addEventListener(kind, (event) => take(kind, JSON.parse(event.data || "{}")));
  }
  source.addEventListener("open", () => changed("live"));
  source.addEventListener("error", () => changed("lost"));
  return source;
}

function url(path, query) {
  const entries = Object.entries(query ?? {}).filter(
    ([, value]) => value !== undefined && value !== null && value !== "",
  );
  const text = new URLSearchParams(entries).toString();
  return `/api/v1/${path}${text ? `?${text}` : ""}`;
}

async function answer(response) {
  const text = await response.text();
  let body;
  try {
    body = text ? JSON.parse(text) : {};
  } catch {
    body = {};
  }
  if (response.ok) return body;
  const problem = new Problem(response.status, body);
  if (response.status === 401 && problem.code === "signed_out") signedOut();
  throw problem;
}
