// One Chromium for a file of tests, and for each test a context of its own. Whatever the browser has to
// complain of (errors in the console, of scripts, of the policy, a dialog) fails the test.
import axe, { type AxeResults } from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { launchChromium } from './chromium.ts';

/** What a page has to do by itself is done by then, on a busy machine too. */
const SETTLED_WITHIN_MS = 15_000;

export interface OpenOptions extends BrowserContextOptions {
  /** Complaints that the test brings about: a registry that it stops cannot be called. */
  expected?: RegExp;
}

/** A page asks its host whether it is a peer; a registry has no such path. */
const ASKED_WHO = /404 .*\/control\/v1\)$/;

/** Told by the page itself, whatever the console makes of it. */
const TELL_VIOLATIONS = `document.addEventListener('securitypolicyviolation', (event) => {
  console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI);
});`;

/** Call it at the top of a file of tests; answers how to open a page. */
export function useBrowser(): (url: URL | string, options?: OpenOptions) => Promise<Page> {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());
  return async (url, { expected, ...options } = {}) => {
    if (!browser) throw new Error('Chromium has not been started.');
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(SETTLED_WITHIN_MS);
    const complaints: string[] = [];
    const complain = (text: string) => {
      if (!expected?.test(text) && !ASKED_WHO.test(text)) complaints.push(text);
    };
    onTestFinished(async () => {
      await context.close();
      expect(complaints, 'what the browser complained of').toEqual([]);
    });
    await context.addInitScript(TELL_VIOLATIONS);
    context.on('console', (message) => {
      if (message.type() === 'error') complain(`${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (each) => {
      complain(`uncaught: ${each.error().message}`);
    });
    const page = await context.newPage();
    page.on('crash', () => {
      complain('the page crashed');
    });
    page.on('dialog', (dialog) => {
      complain(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(String(url));
    return page;
  };
}

/** What axe finds serious or worse, in words. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`));
}

/** By how many pixels the page is wider than its window. */
export function overhang(page: Page): Promise<number> {
  return page.evaluate<number>(
    // Not its clientWidth: room that is kept for a scroll bar is not the page's.
    'document.documentElement.scrollWidth - Math.ceil(document.documentElement.getBoundingClientRect().width)',
  );
}
