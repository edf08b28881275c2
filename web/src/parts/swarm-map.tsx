// Who sends to this peer and to whom it sends, right now: lines as wide as they are busy.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Download, Upload } from '../../../src/protocol/control.ts';
import { printable } from '../../../src/protocol/names.ts';
import { counted, rateText } from './format.ts';
import { lineWidth, swarmOf, type SwarmNode } from './swarm-layout.ts';

interface Props {
  downloads: readonly Download[];
  uploads: readonly Upload[];
  names: ReadonlyMap<string, string>;
}

const MAX_LABEL = 16;
const FIRST_WIDTH = 640;

export function SwarmMap({ downloads, uploads, names }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(FIRST_WIDTH);
  useLayoutEffect(() => {
    const sizes = new ResizeObserver(() => {
      setWidth(box.current?.clientWidth ?? FIRST_WIDTH);
    });
    if (box.current) sizes.observe(box.current);
    return () => {
      sizes.disconnect();
    };
  }, []);
  const { nodes, more, height } = swarmOf(downloads, uploads, width);
  const centre = { x: width / 2, y: height / 2 };
  return (
    <div ref={box} class="swarm">
      {nodes.length === 0 ? (
        <p class="muted">Nothing goes to or from this machine just now.</p>
      ) : (
        <svg width={width} height={height} role="img" aria-label={wordsOf(nodes, more, names)}>
          {nodes.map((node) => (
            <g key={node.endpoint}>
              {(node.sends > 0 || node.gets === 0) && (
                <Flow from={node} to={centre} rate={node.sends} class="flow-in" offset={-1} />
              )}
              {node.gets > 0 && (
                <Flow from={centre} to={node} rate={node.gets} class="flow-out" offset={1} />
              )}
              <circle class="swarm-node" cx={node.x} cy={node.y} r={7} />
              <text
                class="swarm-label"
                x={node.x + (node.x < centre.x ? -12 : 12)}
                y={node.y - 1}
                text-anchor={node.x < centre.x ? 'end' : 'start'}
              >
                {short(names.get(node.endpoint) ?? node.endpoint)}
              </text>
              <text
                class="swarm-rate"
                x={node.x + (node.x < centre.x ? -12 : 12)}
                y={node.y + 13}
                text-anchor={node.x < centre.x ? 'end' : 'start'}
              >
                {rateText(Math.max(node.sends, node.gets))}
              </text>
            </g>
          ))}
          <circle class="swarm-me" cx={centre.x} cy={centre.y} r={22} />
          <text class="swarm-me-label" x={centre.x} y={centre.y + 4} text-anchor="middle">
            You
          </text>
        </svg>
      )}
      {more > 0 && <p class="muted">and {counted(more, 'quieter one')}</p>}
    </div>
  );
}

interface Point {
  x: number;
  y: number;
}

function Flow(props: { from: Point; to: Point; rate: number; class: string; offset: number }) {
  const { from, to, rate, class: name, offset } = props;
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 + 6 * offset };
  const path = `M${from.x} ${from.y}Q${middle.x} ${middle.y} ${to.x} ${to.y}`;
  return (
    <path
      class={rate > 0 ? `flow ${name}` : 'flow flow-idle'}
      d={path}
      stroke-width={lineWidth(rate)}
    />
  );
}

/** Marked off from the direction of the words around it, which SVG text has no element for. */
function short(text: string): string {
  const shown = printable(text);
  const characters = [...shown];
  const cut =
    characters.length > MAX_LABEL ? `${characters.slice(0, MAX_LABEL - 1).join('')}…` : shown;
  return `\u2068${cut}\u2069`;
}

function wordsOf(nodes: SwarmNode[], more: number, names: ReadonlyMap<string, string>): string {
  const words = nodes.map(({ endpoint, sends, gets }) => {
    const name = printable(names.get(endpoint) ?? endpoint);
    const parts = [];
    if (sends > 0) parts.push(`sends ${rateText(sends)}`);
    if (gets > 0) parts.push(`gets ${rateText(gets)}`);
    return `${name} ${parts.join(' and ') || 'is connected'}`;
  });
  if (more > 0) words.push(`${counted(more, 'quieter one')} besides`);
  return `${words.join('; ')}.`;
}
