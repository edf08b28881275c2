// npm run fuzz, for a moment: every parser is still one that it can try.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const FUZZ = fileURLToPath(new URL('../../scripts/fuzz.ts', import.meta.url));
const run = promisify(execFile);

test('every parser makes a value or a typed error of what is nearly right', async () => {
  const { stdout, stderr } = await run(process.execPath, [FUZZ, '--count', '20', '--seed', '7']);
  expect(stderr).toBe('');
  const counts = stdout
    .trim()
    .split('\n')
    .map((line) => Number(line.trim().split(' ')[0]));
  expect(counts.length).toBeGreaterThan(30);
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(20);
});

test('one parser can be tried alone, from any number on', async () => {
  const args = [FUZZ, '--only', 'name', '--seed', '9'];
  const of = async (...more: string[]) => (await run(process.execPath, [...args, ...more])).stdout;
  expect(await of('--from', '1000', '--count', '5')).toMatch(/^ +5 {2}name$/m);
  await expect(run(process.execPath, [FUZZ, '--only', 'nonsense'])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^No parser is called nonsense\. There are: name, /) as string,
  });
});
