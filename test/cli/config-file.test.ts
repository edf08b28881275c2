// Flags in a file: which of flag, environment, file and default counts, and what is refused.
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { sp2p, startSp2p } from '../harness/command.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { call } from '../registry/calling.ts';

/** A file of flags, and the folder that it lies in. */
async function fileOf(flags: unknown): Promise<{ file: string; folder: string }> {
  const folder = await temporaryFolder();
  const file = `${folder}/registry.json`;
  await writeFile(file, typeof flags === 'string' ? flags : JSON.stringify(flags));
  return { file, folder };
}

test('a registry runs by its file alone', async () => {
  const data = `${await temporaryFolder()}/index`;
  const { file } = await fileOf({
    ...{ host: '127.0.0.1', port: 0, data, json: true, lease: 77, logLevel: 'error' },
    ...{ base: ['api/powernap', 'files'], rateLimit: '5', trustProxy: '192.0.2.7,10.0.0.0/8' },
  });
  const { event } = await startSp2p(['registry', '--config', file]);
  const started = await event(({ port }) => port !== undefined);
  expect(started).toMatchObject({ address: '127.0.0.1', data });
  const port = Number(started['port']);
  expect((await call(port, 'GET', '/api/v1')).json).toMatchObject({ leaseSeconds: 77 });
  for (const base of ['api/powernap', 'files', 'api/Registers'])
    expect((await call(port, 'GET', `/${base}/a`)).json).toEqual([]);
});

test('a flag goes before the environment, that before the file, that before the default', async () => {
  const { file } = await fileOf({ lease: 10, host: '127.0.0.1', port: 0, json: true });
  const leaseOf = async (args: string[], env: Record<string, string>) => {
    const words = ['registry', '--data', await temporaryFolder(), ...args];
    const { event } = await startSp2p(words, { env });
    const { port } = await event((each) => each['port'] !== undefined);
    const { json } = await call(Number(port), 'GET', '/api/v1');
    return (json as { leaseSeconds: number }).leaseSeconds;
  };
  const env = { SP2P_CONFIG: file };
  const leases = await Promise.all([
    leaseOf([], env),
    leaseOf(['--config', file], { SP2P_LEASE: '20' }),
    leaseOf(['--lease', '30'], { ...env, SP2P_LEASE: '20' }),
    // Even where what is said on the command line is the default.
    leaseOf(['--lease', '25'], env),
  ]);
  expect(leases).toEqual([10, 20, 30, 25]);
});

test.each([
  ['a flag that is none', { prot: 1 }, /"prot" is no flag of "sp2p registry"/],
  ['a flag in another spelling', { 'log-level': 'info' }, /"log-level" is no flag/],
  ['a flag of another command', { maxUpload: '1M' }, /"maxUpload" is no flag/],
  ['what only an object has', '{ "__proto__": 1, "constructor": 1 }', /is no flag/],
  ['the file itself', { config: 'other.json' }, /"config" is no flag/],
  ['a value that the flag refuses', { port: 70_000 }, /"port": .*from 0 to 65535/],
  ['a choice that is none', { logLevel: 'loud' }, /"logLevel": Allowed choices are/],
  ['a base that is none', { base: ['api/v1'] }, /"base": api\/v1: this path has another use/],
  ['a range that is none', { trustProxy: ['10.0.0.0/99'] }, /"trustProxy": .*a range/],
  ['a text for a switch', { json: 'yes' }, /"json" is true or false/],
  ['nothing', { port: null }, /"port" is a text or a number\./],
  ['a list where there is one', { port: [1] }, /"port" is a text or a number\./],
  ['an object', { base: [{}] }, /"base" is a text or a number, or a list of them/],
  ['a list', [], /it is not an object of flags/],
  ['no JSON', '{ port: 1 }', /it is not JSON/],
  ['an empty file', '', /it is not JSON/],
  ['a control character', { 'a\u001b[2J': 1 }, /a\\u\{1b\}\[2J/],
])('%s is exit 2 and named', async (_what, flags, message) => {
  const { file } = await fileOf(flags);
  const { code, stdout, stderr } = await sp2p(['registry', '--config', file]);
  expect(stderr).toMatch(message);
  expect(stderr).toContain(file);
  expect(stderr).toMatch(/\[bad-usage\]\n$/);
  expect({ code, stdout: stdout.toString() }).toEqual({ code: 2, stdout: '' });
});

test('a wrong value is told even where the command line has a right one', async () => {
  const { file } = await fileOf({ port: -1 });
  const ended = await sp2p(['registry', '--config', file, '--port', '0']);
  expect(ended).toMatchObject({ code: 2 });
  expect(ended.stderr).toContain('"port"');
});

test('a folder is no file of flags', async () => {
  const ended = await sp2p(['registry', '--config', await temporaryFolder()]);
  expect(ended).toMatchObject({ code: 2 });
  expect(ended.stderr).toContain('EISDIR');
});
