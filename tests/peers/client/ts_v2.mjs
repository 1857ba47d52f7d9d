// The TypeScript SDK, version 2, choosing the revision itself. Arguments: URL, token (or `oauth`), plan.
import { readFileSync } from 'node:fs';
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { Visitor, visit } from './visit.mjs';

const [url, token] = [new URL(process.argv[2]), process.argv[3]];
const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url)));
const visitor = token === 'oauth' ? new Visitor() : undefined;
const headers = token && !visitor ? { Authorization: `Bearer ${token}` } : {};
const make = () => new StreamableHTTPClientTransport(url, { authProvider: visitor, requestInit: { headers } });
const fresh = () => new Client({ name: 'peers-ts-v2', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
let client;

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
  listTools: () => client.listTools(),
  callTool: (name, args, onprogress) => client.callTool({ name, arguments: args }, { onprogress }),
  readResource: (uri) => client.readResource({ uri }),
  getPrompt: (name, args) => client.getPrompt({ name, arguments: args }),
  close: async () => {
    await client.close();
    return true;
  },
});
