// sp2p status: what the peer on this machine does.
import { Command } from 'commander';
import { controlState, notRunning } from '../client/control-client.ts';
import { linkTo, runningPort } from '../peer/control/running.ts';
import { readToken } from '../peer/control/token.ts';
import type { ControlState } from '../protocol/control.ts';
import { CodedError } from '../protocol/errors.ts';
import { stateOption } from './data-folder.ts';
import { jsonOption } from './options.ts';
import { stateFolders } from './started-peer.ts';
import { statusLines } from './status-lines.ts';
import { jsonText, print } from './terminal.ts';

interface Flags {
  state: string;
  json?: boolean;
}

export function statusCommand(): Command {
  const command = new Command('status')
    .description('show what the peer on this machine does')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(async ({ state: folder, json }: Flags) => {
      const isOne = command.getOptionValueSource('state') !== 'default';
      const running = await runningIn(isOne ? [folder] : stateFolders(folder));
      if (running.length === 0) throw notRunning();
      for (const [n, { state, link }] of running.entries()) {
        if (json) print(jsonText(state));
        else for (const line of statusLines(state, link, Date.now())) print(line);
        if (!json && n < running.length - 1) print('');
      }
    });
  return command;
}

/** The peers over these folders, as far as any run. */
async function runningIn(folders: string[]): Promise<{ state: ControlState; link: string }[]> {
  const running: { state: ControlState; link: string }[] = [];
  for (const folder of folders) {
    const port = await runningPort(folder);
    const token = await readToken(folder);
    if (port === undefined || token === undefined) continue;
    try {
      running.push({ state: await controlState(port, token), link: linkTo(port, token) });
    } catch (error) {
      if (!(error instanceof CodedError && error.code === 'not-running')) throw error;
    }
  }
  return running;
}
