// sp2p in a terminal without arguments: search, choose, download, again.
import { cancel, intro, isCancel, outro, select, text } from '@clack/prompts';
import type { Network } from '../client/network.ts';
import { CodedError } from '../protocol/errors.ts';
import { printable } from '../protocol/names.ts';
import { get } from './get.ts';
import { foundText, searchFor } from './search.ts';
import { say, style } from './terminal.ts';

const SHOWN = 50;

export async function interactive(network: Network): Promise<void> {
  intro(`Simple P2P at ${network.url.href}`);
  for (;;) {
    const query = await text({
      message: 'Search for',
      placeholder: 'part of a name; nothing ends',
    });
    if (isCancel(query)) {
      cancel('Nothing more.');
      return;
    }
    // An empty line is undefined here, whatever the types say.
    if (!(query as string | undefined)?.trim()) break;
    try {
      await searchAndGet(query, network);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      say(`${style('red', '✗')}  ${printable(error.message)}`);
    }
  }
  outro('Bye.');
}

async function searchAndGet(query: string, network: Network): Promise<void> {
  const { found } = await searchFor(query, network, SHOWN);
  if (found.length === 0) {
    say(`No name contains "${printable(query)}".`);
    return;
  }
  const name = await select({
    message: 'Download which?',
    maxItems: 12,
    options: [
      ...found.map((each) => ({ value: each.name, label: foundText(each).trim() })),
      { value: '', label: 'none of them' },
    ],
  });
  if (isCancel(name) || name === '') return;
  const stopping = new AbortController();
  const stop = () => {
    stopping.abort();
  };
  process.once('SIGINT', stop);
  try {
    await get({ name }, { network, logLevel: 'warn' }, stopping.signal);
  } finally {
    process.off('SIGINT', stop);
  }
}
