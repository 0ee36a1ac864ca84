// The path of requests, left to right: clients, listeners, clusters, endpoints. An edge is as wide as its rate, a
// node's ring says how much of its limit is in use, what fills it from below is the share that fails, and its label
// has the p99.

import {useEffect, useRef, useState} from 'preact/hooks';
import {percent} from './format';
import {StateIcon} from './icons';
import {store} from './store';
import {drawingOf, type Drawing, type Edge, type Node} from './topology_layout';

export function Topology() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  const now = store.now;
  const tick = store.ticks[store.ticks.length - 1];
  return (
    <div ref={box} class="topology">
      {now && width > 0 && <Drawn drawing={drawingOf(width, now.listeners, now.clusters, tick)} />}
    </div>
  );
}

function Drawn({drawing: {width, height, nodes, edges}}: {drawing: Drawing}) {
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="group"
      aria-label="Clients, listeners, clusters and endpoints"
    >
      {edges.map((each, i) => (
        <EdgeLine key={i} edge={each} />
      ))}
      {nodes.map((node) => (
        <NodeShape key={node.key} node={node} />
      ))}
    </svg>
  );
}

function EdgeLine({edge: {from, to, rate: flow, quiet, width, leaves, arrives}}: {edge: Edge}) {
  const a = from.x + from.r - 3;
  const b = to.x - to.r + 3;
  const bend = (a + b) / 2;
  const kind = flow === 0 || quiet ? 'idle' : 'busy';
  return (
    <path
      class={`edge ${kind}`}
      data-from={from.key}
      data-to={to.key}
      stroke-width={width.toFixed(1)}
      d={`M${a} ${from.y + leaves}C${bend} ${from.y + leaves} ${bend} ${to.y + arrives} ${b} ${to.y + arrives}`}
    />
  );
}

function NodeShape({node}: {node: Node}) {
  const {x, y, r} = node;
  const round = 2 * Math.PI * (r + 3.5);
  const level = Math.min(1, node.failing) * 2 * r;
  const id = `clip-${node.key.replace(/[^a-z0-9]/gi, '-')}`;
  const label = `${node.said}; ${node.lines.join(', ')}; ${percent(node.failing)} failing; ${percent(node.used)} of its limit in use`;
  const keys = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    node.pick?.();
  };
  const left = x + r + 12;
  return (
    <g
      class={`node${node.pick ? ' pickable' : ''}${node.picked ? ' picked' : ''}`}
      onClick={node.pick}
      onKeyDown={node.pick && keys}
      tabindex={node.pick ? 0 : undefined}
      role={node.pick ? 'button' : 'img'}
      aria-pressed={node.pick ? Boolean(node.picked) : undefined}
      aria-label={label}
    >
      <title>{label}</title>
      <circle class="track" cx={x} cy={y} r={r + 3.5} />
      {node.used > 0 && (
        <circle
          class={`ring${node.used > 0.8 ? ' full' : ''}`}
          cx={x}
          cy={y}
          r={r + 3.5}
          stroke-dasharray={`${Math.max(3, Math.min(1, node.used) * round).toFixed(1)} ${round.toFixed(1)}`}
          transform={`rotate(-90 ${x} ${y})`}
        />
      )}
      <circle class="body" cx={x} cy={y} r={r} />
      {level > 0 && (
        <>
          <clipPath id={id}>
            <circle cx={x} cy={y} r={r} />
          </clipPath>
          <rect
            class="failing"
            clip-path={`url(#${id})`}
            x={x - r}
            width={2 * r}
            y={y + r - Math.max(2, level)}
            height={Math.max(2, level)}
          />
        </>
      )}
      {node.state && level > 0 && <circle class="plate" cx={x} cy={y} r={8.5} />}
      {node.state && <StateIcon state={node.state} x={x - 6} y={y - 6} />}
      {node.beside ? (
        <>
          <text x={left} y={y + 5 - 7.5 * node.lines.length} class="name">
            {node.title}
          </text>
          {node.lines.map((line, i) => (
            <text key={i} x={left} y={y + 20 - 7.5 * node.lines.length + 15 * i} class="value">
              {line}
            </text>
          ))}
        </>
      ) : (
        <>
          <text x={x} y={y - r - 9} class="name mid">
            {node.title}
          </text>
          {node.lines.map((line, i) => (
            <text key={i} x={x} y={y + r + 19 + 14 * i} class="value mid">
              {line}
            </text>
          ))}
        </>
      )}
    </g>
  );
}
