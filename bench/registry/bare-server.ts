// What a registry's look-ups are compared with: a fastify route that does nothing but return bytes, and,
// to see what the load can do at all, a bare socket that returns the same without reading.
//
//   node bare-server.ts NATIVE_FILE EXERCISE_FILE       says { "route", "socket" }, two ports
import { fastify } from 'fastify';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';

const JSON_TYPE = 'application/json; charset=utf-8';
const [native = '', exercise = ''] = process.argv
  .slice(2)
  .map((path) => readFileSync(path, 'utf8'));

// Every name is below one wildcard, of whatever length, as in the registry.
const app = fastify({ routerOptions: { maxParamLength: 4096, caseSensitive: false } });
app.get('/api/v1/names/*', (_request, reply) => reply.type(JSON_TYPE).send(native));
app.get('/api/Registers/*', (_request, reply) => reply.type(JSON_TYPE).send(exercise));
await app.listen({ host: '127.0.0.1', port: 0 });

const answer = `HTTP/1.1 200 OK\r\nContent-Type: ${JSON_TYPE}\r\nContent-Length: ${Buffer.byteLength(native)}\r\n\r\n${native}`;
const sockets = createServer((socket) => {
  // One request at a time, of less than a packet: each chunk is one.
  socket.on('data', () => socket.write(answer));
  socket.on('error', () => socket.destroy());
}).listen(0, '127.0.0.1');
await once(sockets, 'listening');

const portOf = (address: unknown) => (address as AddressInfo).port;
console.log(
  JSON.stringify({ route: portOf(app.server.address()), socket: portOf(sockets.address()) }),
);
