// A canvas as wide as there is room, as sharp as the screen, and drawn anew when either changes or colours do.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { whenColoursChange } from './palette.ts';

interface Props {
  label: string;
  class: string;
  /** What is drawn changes with it. */
  heightOf: (width: number) => number;
  /** Draws everything; answers how to end what it began. */
  draw: (
    context: CanvasRenderingContext2D,
    width: number,
    height: number,
  ) => (() => void) | undefined;
}

export function Canvas({ label, class: name, heightOf, draw }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [colours, setColours] = useState(0);

  useLayoutEffect(() => {
    const look = () => {
      setWidth(Math.floor(box.current?.clientWidth ?? 0));
    };
    look();
    const sizes = new ResizeObserver(look);
    if (box.current) sizes.observe(box.current);
    const stop = whenColoursChange(() => {
      setColours((count) => count + 1);
    });
    return () => {
      sizes.disconnect();
      stop();
    };
  }, []);

  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!canvas.current || !context || width === 0) return undefined;
    const height = heightOf(width);
    const scale = devicePixelRatio;
    canvas.current.width = Math.round(width * scale);
    canvas.current.height = Math.round(height * scale);
    canvas.current.style.height = `${height}px`;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    return draw(context, width, height);
  }, [width, colours, heightOf, draw]);

  return (
    <div ref={box} class={name}>
      <canvas ref={canvas} role="img" aria-label={label} />
    </div>
  );
}
