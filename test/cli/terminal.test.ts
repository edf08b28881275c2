// The command as a person in front of a terminal meets it: the interactive mode, the progress, colours.
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startTelling } from '../download/scripted.ts';
import { registerWith } from '../exercise/peer.ts';
import { startSp2p } from '../harness/command.ts';
import { startPeer, startRegistry } from '../harness/running.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { serve } from '../peer/serving.ts';
import { startGate } from './gate.ts';
import { openTerminal } from './pseudo-terminal.ts';

const NAME = 'sub/a b.bin';
const BYTES = randomBytes(4_000_000);
const ENTER = '\r';
const DOWN = '\u001b[B';
const CONTROL_C = '\u0003';

test('without arguments one searches, chooses, downloads, and leaves', async () => {
  const { url } = await startRegistry();
  const files = { [NAME]: BYTES, 'sub/a b.txt': 'other' };
  await startPeer({ shares: [await folderOf(files)], registry: url });
  const cwd = await temporaryFolder();
  const terminal = openTerminal([], { cwd, env: { SP2P_REGISTRY: url.href } });
  await terminal.shows(/Simple P2P at http.*Search for/s);
  terminal.type(`nowhere${ENTER}`);
  await terminal.shows(/No name contains "nowhere"\..*Search for/s);
  terminal.type(`a b${ENTER}`);
  await terminal.shows(/Download which\?.*a b\.bin.*a b\.txt.*none of them/s);
  terminal.type(`${DOWN}${ENTER}`);
  await terminal.shows(/sub\/a b\.txt: 5 B in.*Search for/s);
  expect(await readFile(join(cwd, 'a b.txt'), 'utf8')).toBe('other');
  terminal.type(`a b${ENTER}`);
  await terminal.shows(/Download which\?/);
  terminal.type(`${DOWN}${ENTER}`);
  await terminal.shows(/a b\.txt is there already.*Search for/s);
  terminal.type(ENTER);
  expect(await terminal.ended).toMatchObject({ code: 0 });
  expect(await readdir(cwd)).toEqual(['a b.txt']);
});

test('Ctrl-C at its prompt ends it', async () => {
  const terminal = openTerminal([], { env: { SP2P_REGISTRY: 'http://127.0.0.1:1' } });
  await terminal.shows(/Search for/);
  terminal.type(CONTROL_C);
  expect(await terminal.ended).toMatchObject({ code: 0 });
});

/** A registry whose only source lets half of the file through. */
async function slowSource() {
  const { port } = await serve(await folderOf({ [NAME]: BYTES }));
  const gate = await startGate(port, BYTES.length / 2);
  const { href } = await startTelling(() => [
    { endpoint: gate.endpoint, contract: 'native', size: BYTES.length },
  ]);
  return { gate, args: ['get', NAME, '--registry', href] };
}

test('on a terminal a bar shows the progress, and goes when it is done', async () => {
  const { gate, args } = await slowSource();
  const cwd = await temporaryFolder();
  const terminal = openTerminal(args, { cwd });
  await terminal.shows(/█+░+ 1\.\d\d MiB of 3\.81 MiB {2}[\d.]+ .?i?B\/s {2}.* left/);
  gate.open();
  await terminal.shows(/sub\/a b\.bin: 3\.81 MiB in/);
  const { code, sent } = await terminal.ended;
  expect(code).toBe(0);
  // The cursor that was hidden is there again.
  expect(sent.lastIndexOf('\u001b[?25h')).toBeGreaterThan(sent.lastIndexOf('\u001b[?25l'));
  expect((await readFile(join(cwd, 'a b.bin'))).equals(BYTES)).toBe(true);
});

test('Ctrl-C in a download of the interactive mode leads back to its prompt', async () => {
  const { url } = await startRegistry();
  const { gate } = await slowSource();
  await registerWith(`${url.href}api/Registers`, gate.endpoint, [NAME]);
  const cwd = await temporaryFolder();
  const terminal = openTerminal([], { cwd, env: { SP2P_REGISTRY: url.href } });
  await terminal.shows(/Search for/);
  terminal.type(`a b${ENTER}`);
  await terminal.shows(/Download which\?.*none of them/s);
  terminal.type(ENTER);
  await terminal.shows(/ of 3\.81 MiB/);
  terminal.type(CONTROL_C);
  await terminal.shows(/Interrupted\. .* are kept;.*Search for/s);
  gate.open();
  terminal.type(`a b${ENTER}`);
  await terminal.shows(/Download which\?.*none of them/s);
  terminal.type(ENTER);
  await terminal.shows(/sub\/a b\.bin: 3\.81 MiB in.*Search for/s);
  terminal.type(ENTER);
  expect(await terminal.ended).toMatchObject({ code: 0 });
  expect((await readFile(join(cwd, 'a b.bin'))).equals(BYTES)).toBe(true);
});

test('in a pipe there is none', async () => {
  const { gate, args } = await slowSource();
  const cwd = await temporaryFolder();
  const get = await startSp2p(args, { cwd });
  await expect.poll(() => gate.requests.length, { timeout: 20_000 }).toBe(1);
  gate.open();
  const { code, stdout, stderr } = await get.ended;
  expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: 'a b.bin\n' });
  expect(stderr).toMatch(/^sub\/a b\.bin: 3\.81 MiB in [^\n]*\n$/);
});

test('Ctrl-C in a download says what is kept, and leaves the terminal as it was', async () => {
  const { args } = await slowSource();
  const terminal = openTerminal(args, { cwd: await temporaryFolder() });
  await terminal.shows(/ of 3\.81 MiB/);
  terminal.type(CONTROL_C);
  await terminal.shows(/Interrupted\. .* are kept; .*\[interrupted\]/);
  const { code, sent } = await terminal.ended;
  expect(code).toBe(130);
  expect(sent.lastIndexOf('\u001b[?25h')).toBeGreaterThan(sent.lastIndexOf('\u001b[?25l'));
});

test('errors are red on a terminal, unless NO_COLOR forbids it', async () => {
  const args = ['search', 'a', '--registry', 'http://127.0.0.1:1'];
  const red = await openTerminal(args).ended;
  expect(red).toMatchObject({ code: 1 });
  expect(red.sent).toContain('\u001b[31msp2p:\u001b[39m No registry answers');
  const plain = await openTerminal(args, { env: { NO_COLOR: '1' } }).ended;
  expect(plain.sent).toMatch(/^sp2p: No registry answers/);
  expect(plain.sent).not.toContain('\u001b');
});
