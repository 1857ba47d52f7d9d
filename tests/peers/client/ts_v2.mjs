// The TypeScript SDK, version 2, choosing the revision itself. Arguments: URL or command, token (or `oauth`), plan.
import { readFileSync } from 'node:fs';
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Visitor, answers, target, visit } from './visit.mjs';

const [server, token] = [target(), process.argv[3]];
const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url)));
const visitor = token === 'oauth' ? new Visitor() : undefined;
const headers = token && !visitor ? { Authorization: `Bearer ${token}` } : {};
const make = () =>
  server.url
    ? new StreamableHTTPClientTransport(server.url, { authProvider: visitor, requestInit: { headers } })
    : new StdioClientTransport(server);
let client;

function fresh() {
  const options = { versionNegotiation: { mode: 'auto' }, capabilities: answers.capabilities };
  const made = new Client({ name: 'peers-ts-v2', version: '1.0.0' }, options);
  made.setRequestHandler('sampling/createMessage', async () => answers.sampling);
  made.setRequestHandler('elicitation/create', async (request) => answers.elicit(request));
  made.setRequestHandler('roots/list', async () => answers.roots);
  return made;
}

async function connect() {
  const transport = make();
  client = fresh();
  try {
    await client.connect(transport);
  } catch (error) {
    if (!visitor || !(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(visitor.answer);
    client = fresh();
    await client.connect(make());
  }
  return client.getNegotiatedProtocolVersion();
}

await visit('ts-v2', dependencies['@modelcontextprotocol/client'], {
  connect,
  client: () => client,
  listTools: () => client.listTools(),
  callTool: (name, args, onprogress) => client.callTool({ name, arguments: args }, { onprogress }),
  readResource: (uri) => client.readResource({ uri }),
  getPrompt: (name, args) => client.getPrompt({ name, arguments: args }),
  close: async () => {
    await client.close();
    return true;
  },
});
