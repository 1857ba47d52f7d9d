// Somebody who calls tools through the gateway: signs in at the issuer by authorization code with PKCE, then speaks the
// 2026-07-28 revision.
import { createHash, randomBytes } from "node:crypto";

const REVISION = "2026-07-28";
const CALL_MS_MAX = 70_000;

export class Caller {
  constructor(stage, person) {
    this.stage = stage;
    this.person = person;
    this.tokens = new Map();
    this.next = 1;
  }

  async token(resource) {
    if (!this.tokens.has(resource)) this.tokens.set(resource, await this.signIn(resource));
    return this.tokens.get(resource);
  }

  async signIn(resource) {
    const verifier = randomBytes(32).toString("base64url");
    const client = { client_id: "caller", redirect_uri: "http://localhost/back" };
    const asked = new URLSearchParams({
      ...client,
      response_type: "code",
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
      scope: "openid profile email",
      login_hint: this.person,
      resource,
    });
    const signed = await fetch(`${this.stage.issuer}/authorize?${asked}`, { redirect: "manual" });
    const code = new URL(signed.headers.get("location")).searchParams.get("code");
    const body = new URLSearchParams({
      ...client,
      grant_type: "authorization_code",
      code,
      code_verifier: verifier,
      resource,
    });
    const answer = await fetch(`${this.stage.issuer}/token`, { method: "POST", body });
    return (await answer.json()).access_token;
  }

  // Sends a request and gives its answer.
  async ask(server, method, params = {}) {
    const resource = `${this.stage.base}/mcp/${server}`;
    const meta = {
      "io.modelcontextprotocol/protocolVersion": REVISION,
      "io.modelcontextprotocol/clientCapabilities": {},
      "io.modelcontextprotocol/clientInfo": { name: "browser-test", version: "1" },
    };
    const headers = {
      authorization: `Bearer ${await this.token(resource)}`,
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      "mcp-protocol-version": REVISION,
      "mcp-method": method,
    };
    if (params.name) headers["mcp-name"] = params.name;
    const message = { jsonrpc: "2.0", id: this.next++, method, params: { ...params, _meta: meta } };
    const signal = AbortSignal.timeout(CALL_MS_MAX);
    const answer = await fetch(resource, { method: "POST", headers, body: JSON.stringify(message), signal });
    const text = await answer.text();
    if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) return JSON.parse(text);
    const messages = text.split(/\r?\n/).filter((line) => line.startsWith("data:") && line.length > 6);
    return JSON.parse(messages.at(-1).slice(5));
  }

  call(server, tool, args) {
    return this.ask(server, "tools/call", { name: tool, arguments: args });
  }

  list(server) {
    return this.ask(server, "tools/list");
  }
}
