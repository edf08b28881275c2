// What a tab is called, so that one sees from another how far downloads are: pure.
import type { Download } from '../../../src/protocol/control.ts';
import { lastSegment, printable } from '../../../src/protocol/names.ts';
import type { Route } from '../state/route-path.ts';
import { percentText } from './format.ts';
import { shortened } from './names.ts';

const VIEWS: Readonly<Record<Route['view'], string>> = {
  library: 'Library',
  downloads: 'Downloads',
  download: 'Download',
  shares: 'Shares',
  network: 'Network',
  access: 'Access',
  content: 'Content',
  nothing: 'Nothing here',
};
const MAX_NAME = 40;

/** `65 % · film.mkv · Simple P2P`. */
export function titleOf(route: Route, downloads: readonly Download[]): string {
  return [...aboutOf(route, downloads), 'Simple P2P'].join(' · ');
}

function aboutOf(route: Route, downloads: readonly Download[]): string[] {
  if (route.view === 'download') {
    const download = downloads.find(({ id }) => id === route.id);
    if (!download) return [VIEWS.download];
    const name = shortened(printable(lastSegment(download.name)), MAX_NAME);
    return [...farOf([download]), name];
  }
  return route.view === 'downloads' ? [...farOf(downloads), VIEWS.downloads] : [VIEWS[route.view]];
}

/** How far those are that come now, if any. */
function farOf(downloads: readonly Download[]): string[] {
  const coming = downloads.filter(({ state, size }) => state === 'running' && size !== null);
  if (coming.length === 0) return [];
  const sum = (of: (download: Download) => number) =>
    coming.reduce((all, download) => all + of(download), 0);
  return [
    percentText(
      sum(({ have }) => have),
      sum(({ size }) => size ?? 0),
    ),
  ];
}
