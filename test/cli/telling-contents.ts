// A registry of the native contract that says of some contents what a test wants it to say.
import { startAnswering } from '../download/scripted.ts';
import type { Endpoint } from '../../src/protocol/endpoints.ts';

export interface ToldContent {
  root: string;
  name: string;
  size: number | null;
  sources: Endpoint[];
  /** Default: as many as there are sources. */
  holders?: number;
}

/** @param contents asked anew at each call; undefined: the registry is out of order just now */
export function startTellingContents(contents: () => ToldContent[] | undefined): Promise<URL> {
  return startAnswering((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://registry');
    const all = contents();
    const [, kind = '', asked = ''] = /^\/api\/v1\/(names|contents)\/(.+)$/.exec(pathname) ?? [];
    const answer =
      pathname === '/api/v1'
        ? { service: 'sp2p-registry', version: '0', leaseSeconds: 25 }
        : kind === 'names'
          ? nameAnswer(decodeURIComponent(asked), all ?? [])
          : contentAnswer(asked, all ?? []);
    response
      .writeHead(all ? 200 : 500, { 'content-type': 'application/json' })
      .end(JSON.stringify(answer));
  });
}

function nameAnswer(name: string, all: ToldContent[]) {
  const those = all.filter((each) => each.name === name);
  return {
    name,
    versions: those.map(({ root, size, sources, holders = sources.length }) => ({
      ...{ root, size, holders },
      modified: Date.UTC(2026, 0, 1),
    })),
    sources: those.flatMap(({ root, size, sources }) =>
      sources.map((endpoint) => ({ endpoint, contract: 'native', size, modified: null, root })),
    ),
  };
}

function contentAnswer(root: string, all: ToldContent[]) {
  const those = all.filter((each) => each.root === root);
  const sources = those
    .flatMap((each) => each.sources)
    .map((endpoint) => ({ endpoint, complete: true }));
  const names = those.map(({ name }) => name);
  const holders = those[0]?.holders ?? sources.length;
  return { root, size: those[0]?.size ?? null, holders, partial: 0, names, sources };
}
