// The colours of sources, told apart by those who see few colours, too (after Okabe and Ito). The values are
// in the style sheet, for light and dark; what is drawn on a canvas has to ask for them.

export interface Palette {
  sources: readonly string[];
  earlier: string;
  missing: string;
  ground: string;
  line: string;
  text: string;
}

/** So many sources have a colour of their own; the next ones have the same with a hole in it. */
export const COLOURS = 8;

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const value = (name: string) => style.getPropertyValue(name).trim();
  return {
    sources: Array.from({ length: COLOURS }, (_, index) => value(`--source-${index}`)),
    earlier: value('--source-earlier'),
    missing: value('--piece-missing'),
    ground: value('--card'),
    line: value('--line'),
    text: value('--muted'),
  };
}

export function colourOf(source: number, palette: Palette): string {
  return palette.sources[source % COLOURS] ?? palette.earlier;
}

/** Whether a source is told from the one of the same colour by a hole. */
export function isHollow(source: number): boolean {
  return Math.floor(source / COLOURS) % 2 === 1;
}

/** Calls whenever colours may be others; answers how to stop. */
export function whenColoursChange(tell: () => void): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const contrast = matchMedia('(prefers-contrast: more)');
  dark.addEventListener('change', tell);
  contrast.addEventListener('change', tell);
  return () => {
    dark.removeEventListener('change', tell);
    contrast.removeEventListener('change', tell);
  };
}
