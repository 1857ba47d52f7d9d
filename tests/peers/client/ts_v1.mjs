// The TypeScript SDK, version 1: revisions up to 2025-11-25. Arguments: URL or command, token (or `oauth`), plan.
import { readFileSync } from 'node:fs';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
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
  const made = new Client({ name: 'peers-ts-v1', version: '1.0.0' }, { capabilities: answers.capabilities });
  made.setRequestHandler(CreateMessageRequestSchema, async () => answers.sampling);
  made.setRequestHandler(ElicitRequestSchema, async (request) => answers.elicit(request));
  made.setRequestHandler(ListRootsRequestSchema, async () => answers.roots);
  return made;
}

async function connect() {
  let transport = make();
  client = fresh();
  try {
    await client.connect(transport);
  } catch (error) {
    if (!visitor || !(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(visitor.code);
    transport = make();
    client = fresh();
    await client.connect(transport);
  }
  return transport.protocolVersion ?? 'stdio';
}

await visit('ts-v1', dependencies['@modelcontextprotocol/sdk'], {
  connect,
  client: () => client,
  listTools: () => client.listTools(),
  callTool: (name, args, onprogress) => client.callTool({ name, arguments: args }, undefined, { onprogress }),
  readResource: (uri) => client.readResource({ uri }),
  getPrompt: (name, args) => client.getPrompt({ name, arguments: args }),
  close: async () => {
    await client.close();
    return true;
  },
});
