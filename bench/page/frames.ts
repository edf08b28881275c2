// How the frames of a page come, and what they cost: each case in a Chromium of its own.
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../../test/harness/chromium.ts';

export const FRAMES = 600;
const SIZES = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 360, height: 740 },
} as const;

const FRAME_MS = 1000 / 60;
/** Of which ten thousand results and all frames take a part, on a busy machine too. */
const MEASURED_WITHIN_MS = 300_000;

export interface Frames {
  /** Between one and the next, in milliseconds. */
  deltas: number[];
  /** CPU milliseconds a frame: of the thread that runs the page, and of its whole process, which rasters. */
  mainMs: number;
  rendererMs: number;
}

/** Scrolls by so many pixels a frame; the times between frames. */
const scroll = (pixels: number) => `new Promise((resolve) => {
  const deltas = [];
  let last;
  const step = (time) => {
    if (last !== undefined) deltas.push(time - last);
    last = time;
    scrollBy(0, ${pixels});
    if (deltas.length === ${FRAMES}) resolve(deltas);
    else requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})`;

/**
 * Measures while the page is scrolled by so many pixels a frame.
 *
 * @param prepare leads a new tab to what is measured
 */
export async function framesOf(
  size: keyof typeof SIZES,
  pixels: number,
  prepare: (tab: Page) => Promise<void>,
): Promise<Frames> {
  const browser = await launchChromium();
  const late = setTimeout(() => void browser.close(), MEASURED_WITHIN_MS);
  try {
    const tab = await browser.newPage({ viewport: SIZES[size] });
    await prepare(tab);
    return await measured(browser, tab, pixels);
  } finally {
    clearTimeout(late);
    await browser.close();
  }
}

async function measured(browser: Browser, tab: Page, pixels: number): Promise<Frames> {
  const renderers = await browser.newBrowserCDPSession();
  const own = await tab.context().newCDPSession(tab);
  await own.send('Performance.enable', { timeDomain: 'threadTicks' });
  const mainAt = async () => {
    const { metrics } = await own.send('Performance.getMetrics');
    return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN);
  };
  const rendererAt = async () => {
    const { processInfo } = await renderers.send('SystemInfo.getProcessInfo');
    const ours = processInfo.filter(({ type }) => type === 'renderer');
    return 1000 * ours.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  };
  const [main, renderer] = [await mainAt(), await rendererAt()];
  const deltas = await tab.evaluate<number[]>(scroll(pixels));
  return {
    deltas,
    mainMs: ((await mainAt()) - main) / deltas.length,
    rendererMs: ((await rendererAt()) - renderer) / deltas.length,
  };
}

/** One line about frames. */
export function framesText({ deltas, mainMs, rendererMs }: Frames): string {
  const sorted = deltas.toSorted((a, b) => a - b);
  const at = (part: number) => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(1);
  const dropped = deltas.reduce(
    (sum, each) => sum + Math.max(0, Math.round(each / FRAME_MS) - 1),
    0,
  );
  const share = ((100 * dropped) / (deltas.length + dropped)).toFixed(1);
  return (
    `p50 ${at(0.5)} ms, p95 ${at(0.95)}, worst ${at(1)}; dropped ${dropped} (${share} %); ` +
    `CPU a frame: page ${mainMs.toFixed(1)} ms, its process ${rendererMs.toFixed(1)} ms`
  );
}
