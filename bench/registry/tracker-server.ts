// The tracker of the package bittorrent-tracker, over HTTP alone.
//
//   node tracker-server.ts MODULE       the path of its module; says { "port" }
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';

interface Tracker {
  http: HttpServer;
  listen: (port: number, host: string, listening: () => void) => void;
}

const { default: Server } = (await import(pathToFileURL(process.argv[2] ?? '').href)) as {
  default: new (options: Record<string, boolean>) => Tracker;
};
const tracker = new Server({ http: true, udp: false, ws: false, stats: false });
tracker.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (tracker.http.address() as AddressInfo).port }));
});
