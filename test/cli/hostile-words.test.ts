// Whatever strangers write, in names, in what they call themselves or in their errors, does not steer
// the terminal of who reads it.
import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { startAnswering } from '../download/scripted.ts';
import { sp2p, startSp2p } from '../harness/command.ts';
import { folderOf } from '../harness/temporary.ts';

const CLEAR = '\u001b[2J\u009b2J\u202e\u0007\r';
// Everything but line feed that a terminal obeys, or that reorders what stands around it.
const STEERING = /(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

/** A native registry that answers this to every call behind its first. */
function native(status: number, answer: unknown): RequestListener {
  return ({ url }, response) => {
    if (url === '/api/v1')
      response.end(JSON.stringify({ service: 'sp2p-registry', version: '0', leaseSeconds: 25 }));
    else response.writeHead(status).end(JSON.stringify(answer));
  };
}

test('names of a search', async () => {
  const found = (name: string) => ({
    ...{ name, size: 1, modified: 0, holders: 1, versions: 0, root: null },
  });
  const names = ['../up', `esc${CLEAR}`, 'gpj.\u202eexe', 'in\u{e0020}visible', 'plain'];
  const { href } = await startAnswering(native(200, { found: names.map(found), more: false }));
  const text = await sp2p(['search', 'x', '--registry', href]);
  expect(text.stdout.toString()).not.toMatch(STEERING);
  expect(text.stdout.toString().match(/\S+$/gm)).toEqual([
    'gpj.\\u{202e}exe',
    'in\\u{e0020}visible',
    'plain',
  ]);
  const json = await sp2p(['search', 'x', '--registry', href, '--json']);
  expect(json.stdout.toString()).not.toMatch(STEERING);
  expect(JSON.parse(json.stdout.toString())).toMatchObject({
    found: [{ name: 'gpj.\u202eexe' }, { name: 'in\u{e0020}visible' }, { name: 'plain' }],
  });
});

test('what peers call themselves', async () => {
  const endpoint = { ipAddress: '127.0.0.1', port: 7771 };
  const peer = { endpoint, contract: 'native', displayName: `me${CLEAR}`, names: 1 };
  const { href } = await startAnswering(native(200, { peers: [peer], more: false }));
  for (const more of [[], ['--json']]) {
    const { code, stdout } = await sp2p(['peers', '--registry', href, ...more]);
    expect(code).toBe(0);
    expect(stdout.toString()).not.toMatch(STEERING);
    expect(stdout.toString()).toContain('me\\u');
  }
});

test('errors of a registry, which are cut short too', async () => {
  const problem = { code: 'bad-request', detail: `no${CLEAR}${'!'.repeat(10_000)}` };
  const { href } = await startAnswering(native(400, problem));
  const { code, stderr } = await sp2p(['search', 'x', '--registry', href]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^sp2p: no\\u\{1b\}\[2J.* \[bad-request\]\n$/);
  expect(stderr).not.toMatch(STEERING);
  expect(stderr.length).toBeLessThan(1000);
});

test.for([
  ['words', []],
  ['JSON', ['--json']],
] as const)('errors of a registry that a share keeps trying, in %s', async ([, more]) => {
  const problem = { code: 'bad-request', detail: `no${CLEAR}` };
  const { href } = await startAnswering(native(400, problem));
  const folder = await folderOf({});
  const args = ['share', folder, '--registry', href, '--port', '0', '--host', '127.0.0.1'];
  const share = await startSp2p([...args, ...more]);
  await new Promise<void>((resolve) => {
    let text = '';
    const read = (chunk: Buffer) => {
      text += chunk.toString();
      if (/no.*2J.*\n/.test(text)) resolve();
    };
    share.process.stdout?.on('data', read);
    share.process.stderr?.on('data', read);
  });
  share.process.kill('SIGTERM');
  const { code, stdout, stderr } = await share.ended;
  expect(code).toBe(0);
  // Here the log has its say too: it could not deregister.
  expect(stderr).toContain('could not deregister');
  expect(stdout.toString() + stderr).not.toMatch(STEERING);
});
