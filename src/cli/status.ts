// sp2p status: what the peer on this machine does.
import { Command } from 'commander';
import { controlState, notRunning } from '../client/control-client.ts';
import { runningPort } from '../peer/control/running.ts';
import { readToken } from '../peer/control/token.ts';
import { stateOption } from './data-folder.ts';
import { jsonOption } from './options.ts';
import { statusLines } from './status-lines.ts';
import { jsonText, print } from './terminal.ts';

interface Flags {
  state: string;
  json?: boolean;
}

export function statusCommand(): Command {
  return new Command('status')
    .description('show what the peer on this machine does')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(async (flags: Flags) => {
      const port = await runningPort(flags.state);
      const token = await readToken(flags.state);
      if (port === undefined || token === undefined) throw notRunning();
      const state = await controlState(port, token);
      if (flags.json) print(jsonText(state));
      else for (const line of statusLines(state, Date.now())) print(line);
    });
}
