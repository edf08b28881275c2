// A real Chromium out of the npm package @sparticuz/chromium, unpacked once for each clone, with the
// libraries and fonts that a bare Linux machine lacks. SP2P_CHROMIUM names another one.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium, type Browser } from 'playwright-core';
import { replaceFile } from '../../src/lib/replace-file.ts';

const MODULES = fileURLToPath(new URL('../../node_modules/', import.meta.url));
const UNPACKER = fileURLToPath(new URL('./unpack-chromium.ts', import.meta.url));
const UNPACK_WITHIN_MS = 120_000;
const LAUNCH_WITHIN_MS = 60_000;
/** The package unpacks the libraries where it believes to be there, on Amazon Linux. */
const WITH_LIBRARIES = { AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' };

const FONTS = 'fonts.conf';

/** Only those that came along, so that a page looks the same everywhere; the package's own says /tmp. */
const fontsIn = (folder: string) => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${folder}/fonts</dir>
  <cachedir>${folder}/fonts-cache</cachedir>
</fontconfig>
`;

/** @param args further switches of Chromium */
export async function launchChromium(args: string[] = []): Promise<Browser> {
  const { SP2P_CHROMIUM: other } = process.env;
  try {
    const { executablePath, env } =
      other === undefined ? await unpacked() : { executablePath: other, env: {} };
    return await chromium.launch({
      executablePath,
      env: { ...process.env, ...env },
      // Its sandbox does not run as root, as which containers run; it loads nothing but our own pages.
      args: ['--no-sandbox', '--no-zygote', '--disable-gpu', '--font-render-hinting=none', ...args],
      timeout: LAUNCH_WITHIN_MS,
    });
  } catch (cause) {
    throw new Error(
      `Chromium cannot be started on ${process.platform} ${process.arch}. The one of the package ` +
        '@sparticuz/chromium is for Linux on x64; SP2P_CHROMIUM may name a Chromium or Chrome that is there.',
      { cause },
    );
  }
}

async function unpacked(): Promise<{ executablePath: string; env: Record<string, string> }> {
  const manifest = await readFile(join(MODULES, '@sparticuz/chromium/package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const folder = join(MODULES, '.cache', `sp2p-chromium-${version}`);
  if (!existsSync(folder)) await unpackInto(folder);
  // A clone may have been moved since.
  const fonts = fontsIn(folder);
  const written = await readFile(join(folder, FONTS), 'utf8').catch(() => '');
  if (written !== fonts) await replaceFile(join(folder, FONTS), fonts);
  return {
    executablePath: join(folder, 'chromium'),
    env: {
      LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'),
      FONTCONFIG_FILE: join(folder, FONTS),
    },
  };
}

/** Whole or not at all: several test files may want it at the same moment. */
async function unpackInto(folder: string): Promise<void> {
  const made = `${folder}.${randomUUID()}`;
  await mkdir(made, { recursive: true });
  try {
    await promisify(execFile)(process.execPath, [UNPACKER], {
      env: { ...process.env, ...WITH_LIBRARIES, TMPDIR: made },
      timeout: UNPACK_WITHIN_MS,
    });
    await rename(made, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}
