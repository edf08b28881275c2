// A peer with its page, in the test's own process: put together as `sp2p share` does, and stopped when the
// test has finished.
import { onTestFinished } from 'vitest';
import { pageRoutes } from '../../src/lib/http/page-routes.ts';
import { ControlServer } from '../../src/peer/control/control-server.ts';
import type { Peer, PeerOptions } from '../../src/peer/peer.ts';
import type { ControlState } from '../../src/protocol/control.ts';
import { builtPage } from './page.ts';
import { silent, startPeer } from './running.ts';
import { temporaryFolder } from './temporary.ts';

export interface OwnPage {
  peer: Peer;
  /** The page's address with the token, as it is printed. */
  link: string;
  /** Without. */
  url: string;
  downloadFolder: string;
  /** What `GET /control/v1/state` says. */
  state: () => Promise<ControlState>;
}

/** A peer that has announced itself, with a data folder and a download folder of its own. */
export async function startOwnPage(
  registry: URL,
  options: Partial<PeerOptions> = {},
): Promise<OwnPage> {
  const files = await builtPage();
  const dataFolder = await temporaryFolder();
  const { downloadFolder = await temporaryFolder() } = options;
  const peer = await startPeer({ shares: [], ...options, registry, dataFolder, downloadFolder });
  const server = new ControlServer({
    ...{
      controlled: peer.controlled,
      network: { url: registry },
      folder: dataFolder,
      port: 0,
      log: silent,
    },
    page: (app) => {
      pageRoutes(app, files);
    },
  });
  onTestFinished(() => server.stop());
  await server.start();
  const { link, url } = server;
  return { peer, link, url, downloadFolder, state: () => stateAt(link) };
}

/** What the peer of a page says of itself, to who has its link. */
export async function stateAt(link: string): Promise<ControlState> {
  const { hash, href } = new URL(link);
  const token = new URLSearchParams(hash.slice(1)).get('token') ?? '';
  const answer = await fetch(new URL('/control/v1/state', href), {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!answer.ok) throw new Error(`The state: ${answer.status}.`);
  return (await answer.json()) as ControlState;
}
