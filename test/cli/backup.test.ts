// sp2p backup: a copy that is whole, whatever is written to the index meanwhile.
import { chmod, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { identityOf } from '../harness/identities.ts';
import { sp2p } from '../harness/command.ts';
import { startRegistry } from '../harness/running.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { call } from '../registry/calling.ts';

const PEER = identityOf('Ann').peerId;
const COUNT = 2_000;

/** A registry with a native peer that offers names, and what is needed to change them. */
async function registryWithPeer() {
  const data = await temporaryFolder();
  const store = new SqliteStore(`${data}/index.sqlite`);
  const { port } = await startRegistry({ store, leaseSeconds: 3_600 });
  const path = `/api/v1/peers/${PEER}`;
  await call(port, 'PUT', path, { body: { port: 7771 } });
  /** Each revision offers names of its own number alone: a mixture of two would show. */
  const change = (revision: number) =>
    call(port, 'PATCH', `${path}/catalogue`, {
      body: {
        ...{ revision, reset: true, withdrawn: [] },
        offered: Array.from({ length: COUNT }, (_, index) => ({
          ...{ name: `${revision}/${index}`, size: 1, modified: 1 },
        })),
      },
    });
  expect((await change(0)).status).toBe(200);
  return { data, port, change };
}

test('a copy taken while writes go on is one state, and a registry starts on it', async () => {
  const { data, change } = await registryWithPeer();
  const copy = `${await temporaryFolder()}/copy.sqlite`;
  let isCopied = false as boolean;
  const copying = sp2p(['backup', copy, '--data', data, '--json']).finally(() => (isCopied = true));
  let revision = 1;
  while (!isCopied) expect((await change(revision++)).status).toBe(200);
  const { code, stdout, stderr } = await copying;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout.toString())).toEqual({ file: copy, size: (await stat(copy)).size });
  expect(revision).toBeGreaterThan(2);

  const database = new DatabaseSync(copy, { readOnly: true });
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  database.close();
  const restored = await temporaryFolder();
  await rename(copy, `${restored}/index.sqlite`);
  const second = await startRegistry({ store: new SqliteStore(`${restored}/index.sqlite`) });
  const { json } = await call(second.port, 'GET', '/api/Registers?limit=1000');
  const names = (json as { name: string }[]).map(({ name }) => name.split('/', 1)[0]);
  expect(new Set(names).size).toBe(1);
  const peers = (await call(second.port, 'GET', '/api/v1/peers')).json;
  expect(peers).toMatchObject({ peers: [{ names: COUNT }] });
});

test('a registry that does not run is copied, too', async () => {
  const data = await temporaryFolder();
  const store = new SqliteStore(`${data}/index.sqlite`);
  await store.start();
  await store.register('a', { ipAddress: '192.0.2.1', port: 1 }, 0);
  await store.stop();
  const folder = await temporaryFolder();
  expect(await sp2p(['backup', 'copy', '--data', data], { cwd: folder })).toMatchObject({
    code: 0,
  });
  const copied = new SqliteStore(`${folder}/copy`);
  await copied.start();
  expect(await copied.counts(0)).toMatchObject({ names: 1 });
  await copied.stop();
});

test('a file that is there stays, unless it is to be replaced', async () => {
  const { data } = await registryWithPeer();
  const folder = await temporaryFolder();
  const copy = `${folder}/copy.sqlite`;
  await writeFile(copy, 'mine');
  const refused = await sp2p(['backup', copy, '--data', data]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/is there already; --force replaces it\. \[file-exists\]\n$/);
  expect(await readFile(copy, 'utf8')).toBe('mine');
  expect(await sp2p(['backup', copy, '--data', data, '--force'])).toMatchObject({ code: 0 });
  expect((await readFile(copy)).subarray(0, 15).toString()).toBe('SQLite format 3');
  // It tells who shares what: nobody else may read it. And nothing else is left.
  expect((await stat(copy)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['copy.sqlite']);
});

test('what cannot be copied or written is named, and leaves nothing', async () => {
  const { data } = await registryWithPeer();
  const folder = await temporaryFolder();
  const nothing = await sp2p(['backup', `${folder}/copy`, '--data', `${folder}/empty`]);
  expect(nothing).toMatchObject({ code: 1 });
  expect(nothing.stderr).toContain('[cannot-open-data]');
  const other = await temporaryFolder();
  await writeFile(`${other}/index.sqlite`, 'no database '.repeat(1_000));
  const broken = await sp2p(['backup', `${folder}/copy`, '--data', other]);
  expect(broken).toMatchObject({ code: 1 });
  expect(broken.stderr).toContain('[cannot-open-data]');
  const nowhere = await sp2p(['backup', `${folder}/not/there`, '--data', data]);
  expect(nowhere).toMatchObject({ code: 1 });
  expect(nowhere.stderr).toContain('[cannot-write]');
  await mkdir(`${folder}/copy`);
  await chmod(folder, 0o700);
  const onto = await sp2p(['backup', `${folder}/copy`, '--data', data, '--force']);
  expect(onto).toMatchObject({ code: 1 });
  expect(onto.stderr).toContain('[cannot-write]');
  expect(await readdir(folder)).toEqual(['copy']);
});
