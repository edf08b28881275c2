// The page of a peer, and what the command "sp2p share" has to do with it: its flags, and its link.
import type { Command } from 'commander';
import { pageRoutes } from '../lib/http/page-routes.ts';
import { ControlServer, type ControlServerOptions } from '../peer/control/control-server.ts';
import { DEFAULT_CONTROL_PORT } from '../protocol/control.ts';
import { stateOption } from './data-folder.ts';
import { option, wholeNumber } from './options.ts';
import { loadPage } from './page.ts';
import { print, say } from './terminal.ts';

interface PageFlags {
  page: boolean;
  pagePort: number;
  state: string;
  json?: boolean;
}

/** Gives a command the flags of the page. */
export function withPage(command: Command): Command {
  return command
    .addOption(
      option(
        '--page-port <port>',
        'the port of its page, on this machine alone; 0 takes a free one',
      )
        .default(DEFAULT_CONTROL_PORT)
        .argParser(wholeNumber(0, 65_535)),
    )
    .addOption(option('--no-page', 'have no page, and nothing for "sp2p status" to ask'))
    .addOption(stateOption());
}

/**
 * Starts it, unless none is wanted, and says its link. The token is in it: who started the command is who
 * it is for.
 *
 * @throws CodedError `port-taken` where the port was asked for, `cannot-listen`, `cannot-open-data`
 */
export async function startPage(
  command: Command,
  {
    folder,
    ...options
  }: Omit<ControlServerOptions, 'folder' | 'port' | 'mayMove' | 'page'> & {
    /** Default: as the flag says. */
    folder?: string | undefined;
  },
): Promise<ControlServer | undefined> {
  const { page, pagePort, state, json = false } = command.opts<PageFlags>();
  if (!page) return undefined;
  const files = await loadPage();
  const mayMove = command.getOptionValueSource('pagePort') === 'default';
  const server = new ControlServer({
    ...options,
    folder: folder ?? state,
    ...{ port: pagePort, mayMove },
    page:
      files &&
      ((app) => {
        pageRoutes(app, files);
      }),
  });
  await server.start();
  if (json) print(JSON.stringify({ event: 'page', url: server.link }));
  else {
    if (mayMove && server.port !== pagePort)
      say(`Port ${pagePort} is taken: the page is on another one.`);
    say(`Page: ${server.link}`);
  }
  return server;
}
