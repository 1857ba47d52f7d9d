// The TypeScript SDK, version 1: revisions up to 2025-11-25. Arguments: URL, token (or `oauth`), plan.
import { readFileSync } from 'node:fs';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Visitor, visit } from './visit.mjs';

const [url, token] = [new URL(process.argv[2]), process.argv[3]];
const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url)));
const visitor = token === 'oauth' ? new Visitor() : undefined;
const headers = token && !visitor ? { Authorization: `Bearer ${token}` } : {};
const make = () => new StreamableHTTPClientTransport(url, { authProvider: visitor, requestInit: { headers } });
let client;

async function connect() {
  let transport = make();
  client = new Client({ name: 'peers-ts-v1', version: '1.0.0' });
  try {
    await client.connect(transport);
  } catch (error) {
    if (!visitor || !(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(visitor.code);
    transport = make();
    client = new Client({ name: 'peers-ts-v1', version: '1.0.0' });
    await client.connect(transport);
  }
  return transport.protocolVersion;
}

await visit('ts-v1', dependencies['@modelcontextprotocol/sdk'], {
  connect,
  listTools: () => client.listTools(),
  callTool: (name, args, onprogress) => client.callTool({ name, arguments: args }, undefined, { onprogress }),
  readResource: (uri) => client.readResource({ uri }),
  getPrompt: (name, args) => client.getPrompt({ name, arguments: args }),
  close: async () => {
    await client.close();
    return true;
  },
});
