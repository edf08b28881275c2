// sp2p search with filters: by ending, size and age, by flags and by variables.
import { expect, test } from 'vitest';
import { NativeRegistry } from '../../src/client/registry-client.ts';
import { Identity } from '../../src/lib/identity.ts';
import { startExerciseRegistry } from '../exercise/registry.ts';
import { sp2p } from '../harness/command.ts';
import { startRegistry } from '../harness/running.ts';

const HOUR_MS = 60 * 60 * 1000;

async function offering(): Promise<string> {
  const { url } = await startRegistry({ leaseSeconds: 3_600 });
  const registry = new NativeRegistry({ url });
  const peer = registry.as(Identity.fresh());
  await peer.announce({ port: 7771 });
  const offered = [
    { name: 'song/old.MP3', size: 1_024, modified: Date.UTC(2020, 0, 31) },
    { name: 'song/new.mp3', size: 5_242_880, modified: Date.now() - HOUR_MS },
    { name: 'song/words.txt', size: 2_048, modified: Date.UTC(2020, 1, 1) },
  ];
  await peer.changeCatalogue({ revision: 0, offered, withdrawn: [] });
  return url.href;
}

test('only what is of that ending, size and age is found', async () => {
  const registry = await offering();
  const searches: [flags: string[], env: Record<string, string>, found: string[]][] = [
    [[], {}, ['new.mp3', 'old.MP3', 'words.txt']],
    [['--type', 'mp3'], {}, ['new.mp3', 'old.MP3']],
    [['--type', '.TXT'], {}, ['words.txt']],
    [['--min-size', '2K'], {}, ['new.mp3', 'words.txt']],
    [['--max-size', '2K'], {}, ['old.MP3', 'words.txt']],
    [['--min-size', '2K', '--max-size', '5M', '--type', 'mp3'], {}, ['new.mp3']],
    [['--newer', '2h'], {}, ['new.mp3']],
    [['--newer', '2020-02-01'], {}, ['new.mp3', 'words.txt']],
    [[], { SP2P_TYPE: 'mp3', SP2P_MAX_SIZE: '1M' }, ['old.MP3']],
    [[], { SP2P_MIN_SIZE: '1M' }, ['new.mp3']],
    [[], { SP2P_NEWER: '1w' }, ['new.mp3']],
  ];
  for (const [flags, env, expected] of searches) {
    const args = ['search', 'song', '--json', '--registry', registry, ...flags];
    const { code, stdout, stderr } = await sp2p(args, { env });
    expect({ code, stderr }, flags.join(' ')).toEqual({ code: 0, stderr: '' });
    const { found } = JSON.parse(stdout.toString()) as { found: { name: string }[] };
    const names = found.map(({ name }) => name.replace('song/', ''));
    expect(names.sort(), flags.join(' ')).toEqual(expected);
  }
});

test('what fits no filter is not known', async () => {
  const registry = await offering();
  const { code, stderr } = await sp2p(['search', 'song', '--type', 'pdf', '--registry', registry]);
  expect(stderr).toBe(
    'sp2p: No name contains "song" and is of that type, size and age. [not-known]\n',
  );
  expect(code).toBe(3);
});

test('at a registry of the exercise nothing has a size or an age, but names end in something', async () => {
  const registry = await startExerciseRegistry();
  const { url } = registry;
  const endpoint = JSON.stringify({ ipAddress: '127.0.0.1', port: 7771 });
  const headers = { 'content-type': 'application/json' };
  await fetch(`${url}/api/Registers/song.mp3`, { method: 'POST', body: endpoint, headers });
  const code = async (...flags: string[]) =>
    (await sp2p(['search', 'song.mp3', '--registry', new URL(url).origin, ...flags])).code;
  expect(await code()).toBe(0);
  expect(await code('--type', 'mp3')).toBe(0);
  expect(await code('--type', 'txt')).toBe(3);
  expect(await code('--min-size', '0')).toBe(3);
  expect(await code('--newer', '1d')).toBe(3);
  await registry.stop();
});
