// Who sends to this peer and to whom it sends, right now: lines as wide as they are busy.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Download, Upload } from '../../../src/protocol/control.ts';
import { printable } from '../../../src/protocol/names.ts';
import { counted, rateText } from './format.ts';
import { shortened } from './names.ts';
import { lineWidth, swarmOf, type SwarmNode } from './swarm-layout.ts';

interface Props {
  downloads: readonly Download[];
  uploads: readonly Upload[];
  names: ReadonlyMap<string, string>;
}

const MAX_LABEL = 18;
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
  const { nodes, more, height, me, isNarrow } = swarmOf(downloads, uploads, width);
  const centre = { x: me, y: height / 2 };
  const side = ({ x }: SwarmNode) => (isNarrow ? 'below' : x < me ? 'before' : 'after');
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
            </g>
          ))}
          {nodes.map((node) => (
            <g key={node.endpoint}>
              <circle class="swarm-node" cx={node.x} cy={node.y} r={7} />
              <Label node={node} name={names.get(node.endpoint)} side={side(node)} />
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

const ANCHORS = { below: 'middle', before: 'end', after: 'start' } as const;
const SHIFTS = { below: [0, 22], before: [-13, -1], after: [13, -1] } as const;

function Label(props: { node: SwarmNode; name: string | undefined; side: keyof typeof ANCHORS }) {
  const { node, name, side } = props;
  const [right, down] = SHIFTS[side];
  const place = { x: node.x + right, 'text-anchor': ANCHORS[side] };
  return (
    <>
      <text class="swarm-label" y={node.y + down} {...place}>
        {short(name ?? node.endpoint)}
      </text>
      <text class="swarm-rate" y={node.y + down + 14} {...place}>
        {rateText(Math.max(node.sends, node.gets))}
      </text>
    </>
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
  return `\u2068${shortened(printable(text), MAX_LABEL)}\u2069`;
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
