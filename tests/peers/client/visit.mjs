// What every TypeScript client does, whatever its version: the steps of the plan, and signing in without a browser.

import { createInterface } from 'node:readline';

/** Runs the steps of a plan; `steps` does one of them each. Prints one JSON object. */
export async function visit(name, version, steps) {
  const plan = JSON.parse(process.argv[4]);
  if (plan.survey) return survey(name, version, steps, plan);
  if (plan.held) return held(name, version, steps, plan);
  const result = { client: name, version };
  const step = async (key, act) => {
    try {
      result[key] = await act();
    } catch (error) {
      result[key] = { error: error.code ?? error.constructor.name, text: error.message };
    }
  };
  await step('protocol', () => steps.connect());
  await step('tools', async () => (await steps.listTools()).tools.map((tool) => tool.name));
  await step('call', async () => outcome(await steps.callTool(...plan.call)));
  await step('resource', async () => (await steps.readResource(plan.resource)).contents[0].text);
  await step('prompt', async () => (await steps.getPrompt(...plan.prompt)).messages[0].content.text);
  await step('denied', async () => outcome(await steps.callTool(...plan.denied)));
  let progress = 0;
  await step('stream', async () => outcome(await steps.callTool(...plan.stream, () => (progress += 1))));
  result.progress = progress;
  await step('close', () => steps.close());
  console.log(JSON.stringify(result));
}

/** One call that policy holds, repeated as long as a line on standard input says `again`. */
async function held(name, version, steps, plan) {
  const protocol = await steps.connect();
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  for (let again = true; again; again = (await lines.next()).value === 'again') {
    let progress = 0;
    const began = performance.now();
    const report = plan.progress ? () => (progress += 1) : undefined;
    let answer;
    try {
      answer = outcome(await steps.callTool(...plan.held, report));
    } catch (error) {
      answer = { error: error.code ?? error.constructor.name, text: error.message };
    }
    const seconds = (performance.now() - began) / 1000;
    console.log(JSON.stringify({ attempt: { seconds, progress, pages: pages.length, ...answer } }));
  }
  console.log(JSON.stringify({ client: name, version, protocol }));
  await steps.close();
  process.stdin.destroy();
}

/** Everything a server lists and every call of the plan, as the client got it. */
async function survey(name, version, steps, plan) {
  const result = { client: name, version, calls: [] };
  const take = async (act) => {
    try {
      return await act();
    } catch (error) {
      return { error: error.code ?? error.constructor.name, text: error.message };
    }
  };
  result.protocol = await take(() => steps.connect());
  for (const list of ['listTools', 'listResources', 'listResourceTemplates', 'listPrompts']) {
    result[list] = await take(() => steps.client()[list]());
  }
  for (const call of plan.calls) {
    let progress = 0;
    const answer = await take(() => steps.callTool(...call, () => (progress += 1)));
    result.calls.push({ call, answer, progress });
  }
  result.resources = [];
  for (const uri of plan.resources ?? []) result.resources.push(await take(() => steps.readResource(uri)));
  result.prompts = [];
  for (const prompt of plan.prompts ?? []) result.prompts.push(await take(() => steps.getPrompt(...prompt)));
  result.close = await take(() => steps.close());
  console.log(JSON.stringify(result));
}

const plan = JSON.parse(process.argv[4]);

/** What a server asked to be shown. */
const pages = [];

/** What this caller answers when a server asks it for something. */
export const answers = {
  capabilities: { sampling: {}, elicitation: plan.page ? { form: {}, url: {} } : {}, roots: {} },
  sampling: {
    model: 'peers',
    role: 'assistant',
    stopReason: 'endTurn',
    content: { type: 'text', text: 'a sampled answer' },
  },
  elicit: ({ params }) => {
    if (!plan.page) return { action: 'decline' };
    pages.push(params.url);
    return { action: 'accept' };
  },
  roots: { roots: [{ uri: 'file:///peers', name: 'peers' }] },
};

/** A server as the first argument: a URL, or its command as a JSON array for one on standard input and output. */
export function target() {
  const text = process.argv[2];
  if (!text.startsWith('[')) return { url: new URL(text) };
  const [command, ...args] = JSON.parse(text);
  return { command, args, env: process.env, stderr: 'ignore' };
}

function outcome(result) {
  return {
    isError: result.isError ?? false,
    text: result.content.map((block) => block.text).join('\n'),
    structured: result.structuredContent ?? null,
  };
}

/** An OAuth client that keeps what it learns in memory, and "opens a browser" by following the redirect itself. */
export class Visitor {
  redirectUrl = 'http://127.0.0.1:1/callback';
  clientMetadata = {
    client_name: 'peers',
    redirect_uris: [this.redirectUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
  state() {
    return 'peers-state';
  }
  clientInformation() {
    return this.information;
  }
  saveClientInformation(information) {
    this.information = information;
  }
  tokens() {
    return this.saved;
  }
  saveTokens(tokens) {
    this.saved = tokens;
  }
  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }
  codeVerifier() {
    return this.verifier;
  }
  async redirectToAuthorization(url) {
    const answer = await fetch(url, { redirect: 'manual' });
    const location = answer.headers.get('location');
    if (!location) throw new Error(`no redirect from the issuer: ${answer.status}`);
    this.answer = new URL(location).searchParams;
    this.code = this.answer.get('code');
  }
}
