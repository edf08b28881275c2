// The page's own icons: lines of one width on a field of 24 × 24, in the colour of the text around them.
import type { Kind } from './names.ts';

const PATHS = {
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.5 15.5 20 20',
  download: 'M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M5 20h14',
  upload: 'M12 15V4m0 0 4.5 4.5M12 4 7.5 8.5M5 20h14',
  library: 'M5 4v16M9.5 4v16M14 4.5l4.5 15.5',
  share:
    'M4 7.5A1.5 1.5 0 0 1 5.5 6h4l2 2.5h7A1.5 1.5 0 0 1 20 10v7.5a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5Z',
  network:
    'M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5ZM5 4.5v0M19 4.5v0M5 19.5v0M19 19.5v0M6 5.7l4.2 4.4M18 5.7l-4.2 4.4M6 18.3l4.2-4.4M18 18.3l-4.2-4.4',
  key: 'M12 12a4 4 0 1 0-8 0 4 4 0 0 0 8 0ZM12 12h8.5v3.500M16.5 12v2.500',
  pause: 'M9 5v14M15 5v14',
  play: 'M7.5 5v14l11-7Z',
  retry: 'M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4',
  close: 'M6 6l12 12M18 6 6 18',
  check: 'M5 12.5 10 17 19 7.5',
  copy: 'M9 9h10v11H9ZM5 15V4h10v1.5',
  warning: 'M12 4.5 21 19.5H3ZM12 10.5v4M12 17v.1',
  chevron: 'M9.5 6.5 15 12l-5.5 5.5',
  back: 'M14.5 6.5 9 12l5.5 5.5',
  eye: 'M3 12s3.3-6 9-6 9 6 9 6-3.3 6-9 6-9-6-9-6ZM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5Z',
  plus: 'M12 5v14M5 12h14',
  file: 'M6.5 3.5h7l4 4v13h-11ZM13.5 3.5v4h4',
  text: 'M6.5 3.5h7l4 4v13h-11ZM13.5 3.5v4h4M9.5 12h5M9.5 15.5h5',
  document: 'M5 5.5c3-1.2 5-1 7 .5 2-1.5 4-1.7 7-.5v13c-3-1.2-5-1-7 .5-2-1.5-4-1.7-7-.5ZM12 6v13',
  image: 'M4 5.500h16v13H4ZM4 16l4.5-4.500L13 16l2.5-2.500L20 18M15.5 9v.1',
  audio:
    'M9 17.500V6l10-2v11.500M6.5 15a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5ZM16.5 13a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5Z',
  video: 'M4 5.500h16v13H4ZM10 9v6l5-3Z',
  archive: 'M4 5h16v4H4ZM5.5 9v10h13V9M10 12.500h4',
  code: 'M8.5 7.5 4 12l4.5 4.500M15.5 7.5 20 12l-4.5 4.500M13 5l-2 14',
  program: 'M4 5.500h16v13H4ZM7.5 10l2.5 2-2.5 2M12.5 14.500h4',
} as const satisfies Record<Kind, string> & Readonly<Record<string, string>>;

export type IconName = keyof typeof PATHS;

/** Says nothing to a screen reader: the words beside it do. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The house's mark: a content that comes together out of many hands. */
export function Mark() {
  const cells = [0, 1, 0, 2, 0, 3, 4, 5, 0];
  return (
    <svg class="mark" width="26" height="26" viewBox="0 0 26 26" aria-hidden="true">
      {cells.map((colour, cell) => (
        <rect
          key={cell}
          class={`mark-${colour}`}
          x={1 + (cell % 3) * 8.5}
          y={1 + Math.floor(cell / 3) * 8.5}
          width="7"
          height="7"
          rx="1.8"
        />
      ))}
    </svg>
  );
}
