// The path of requests, left to right: clients, listeners, clusters, endpoints. An edge is as wide as its rate, a node's
// ring says how much of its limit is in use, what fills it from below is the share that fails, and its label is the p99.

import {useEffect, useRef, useState} from 'preact/hooks';
import {ms, percent, rate} from './format';
import {StateIcon} from './icons';
import {changed, store} from './store';
import type {Cluster, Listener, State, Tick} from './wire';

interface Node {
  key: string;
  x: number;
  y: number;
  r: number;
  title: string;
  lines: string[];
  /** Labels stand beside the last column and under the others. */
  beside: boolean;
  used: number;
  failing: number;
  state?: State;
  pick?: () => void;
  picked?: boolean;
  said: string;
}

interface Edge {
  from: Node;
  to: Node;
  rate: number | null;
  quiet: boolean;
  /** Of the drawing: edges of one node lie side by side, so that widths add up as rates do. */
  width: number;
  leaves: number;
  arrives: number;
}

const kWidest = 24;
const kThinnest = 1.5;

function edge(from: Node, to: Node, flow: number | null, quiet = false): Edge {
  return {from, to, rate: flow, quiet, width: 2, leaves: 0, arrives: 0};
}

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
  return <div ref={box} class="topology">
    {now && width > 0 && draw(width, now.listeners, now.clusters, tick)}
  </div>;
}

function draw(width: number, listeners: Listener[], clusters: Cluster[], tick: Tick | undefined) {
  const narrow = width < 620;
  const rowHeight = narrow ? 60 : 54;
  const rows = Math.max(clusters.reduce((sum, cluster) => sum + cluster.endpoints.length, 0), listeners.length, 2);
  const gaps = clusters.length - 1;
  const height = rows * rowHeight + gaps * 14 + 20;
  const columns = narrow ? [24, 94, 172, 248] : [0.05, 0.26, 0.5, 0.74].map((share) => Math.round(share * width));
  const middle = height / 2;
  const clients: Node = {
    key: 'clients', x: columns[0]!, y: middle, r: 15, title: 'clients', beside: false, used: 0, failing: 0,
    lines: tick ? [`${tick.sum[3]} conn.`] : [],
    said: `clients, ${tick?.sum[3] ?? 0} connections`,
  };
  const nodes = [clients];
  const edges: Edge[] = [];
  const listenerNodes = listeners.map((listener, i): Node => ({
    key: `l ${listener.name}`, x: columns[1]!, y: middle + (i - (listeners.length - 1) / 2) * rowHeight * 1.4, r: 15,
    title: listener.name, beside: false, used: 0, failing: share(tick?.sum[1], tick?.sum[0]),
    // Whole requests are measured for the process: with several listeners nobody knows whose they are.
    lines: listeners.length === 1 && tick ? [`${rate(tick.sum[0])}/s`, ms(tick.sum[5])] : [],
    said: `listener ${listener.name} on ${listener.address}`,
  }));
  nodes.push(...listenerNodes);
  for (const node of listenerNodes) {
    edges.push(edge(clients, node, listeners.length === 1 ? tick?.sum[0] ?? 0 : null));
  }
  let y = 10;
  for (const cluster of clusters) {
    const block = cluster.endpoints.length * rowHeight;
    const seen = tick?.clusters[cluster.name];
    const node: Node = {
      key: `c ${cluster.name}`, x: columns[2]!, y: y + block / 2, r: 19, title: cluster.name, beside: false,
      used: Math.max(share(cluster.requests.used, cluster.requests.limit), share(cluster.pending.used, cluster.pending.limit)),
      failing: share(seen?.sum[1], seen?.sum[0]),
      lines: seen ? [`${rate(seen.sum[0])}/s`, ms(seen.sum[5])] : [],
      pick: () => focus(cluster.name, null),
      picked: store.focus?.cluster === cluster.name && !store.focus.endpoint,
      said: `cluster ${cluster.name}, ${cluster.requests.used} of ${cluster.requests.limit} requests in flight`,
    };
    nodes.push(node);
    const feeding = listeners.filter((listener) => leadsTo(listener, cluster.name));
    for (const listener of feeding) {
      edges.push(edge(listenerNodes[listeners.indexOf(listener)]!, node,
        feeding.length === 1 ? seen?.sum[0] ?? 0 : null));
    }
    cluster.endpoints.forEach((endpoint, i) => {
      const each = seen?.endpoints[endpoint.name];
      const to: Node = {
        key: `e ${cluster.name} ${endpoint.name}`, x: columns[3]!, y: y + (i + 0.5) * rowHeight, r: 15,
        title: narrow ? shortName(endpoint.name) : endpoint.name, beside: true,
        used: share(each?.[2], endpoint.max_connections), failing: share(each?.[1], each?.[0]), state: endpoint.state,
        lines: each ? narrow ? [`${rate(each[0])}/s`, ms(each[4])] : [`${rate(each[0])}/s · ${ms(each[4])}`] : [],
        pick: () => focus(cluster.name, endpoint.name),
        picked: store.focus?.cluster === cluster.name && store.focus.endpoint === endpoint.name,
        said: `endpoint ${endpoint.name}, ${endpoint.state}`,
      };
      nodes.push(to);
      edges.push(edge(node, to, each?.[0] ?? 0, endpoint.health === 'unhealthy' || endpoint.draining));
    });
    y += block + 14;
  }
  layOut(edges);
  return <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="group"
    aria-label="Clients, listeners, clusters and endpoints">
    {edges.map((each, i) => <EdgeLine key={i} edge={each} />)}
    {nodes.map((node) => <NodeShape key={node.key} node={node} />)}
  </svg>;
}

/** Widths in proportion to the rate, and where each edge leaves and arrives. */
function layOut(edges: Edge[]): void {
  const busiest = Math.max(1, ...edges.map((each) => each.rate ?? 0));
  for (const each of edges) {
    if (each.rate !== null) each.width = each.rate === 0 ? 1.2 : Math.max(kThinnest, kWidest * each.rate / busiest);
  }
  const stack = (end: 'from' | 'to', offset: 'leaves' | 'arrives') => {
    const taken = new Map<Node, number>();
    for (const each of edges) taken.set(each[end], (taken.get(each[end]) ?? 0) - each.width / 2);
    for (const each of edges) {
      const at = taken.get(each[end])!;
      each[offset] = at + each.width / 2;
      taken.set(each[end], at + each.width);
    }
  };
  stack('from', 'leaves');
  stack('to', 'arrives');
}

/** With several listeners on one cluster nobody counts which of them a request came by: dotted. */
function EdgeLine({edge: {from, to, rate: flow, quiet, width, leaves, arrives}}: {edge: Edge}) {
  const a = from.x + from.r - 3;
  const b = to.x - to.r + 3;
  const bend = (a + b) / 2;
  const kind = flow === null ? 'unknown' : flow === 0 || quiet ? 'idle' : 'busy';
  return <path class={`edge ${kind}`} stroke-width={width.toFixed(1)}
    d={`M${a} ${from.y + leaves}C${bend} ${from.y + leaves} ${bend} ${to.y + arrives} ${b} ${to.y + arrives}`} />;
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
  return <g class={`node${node.pick ? ' pickable' : ''}${node.picked ? ' picked' : ''}`} onClick={node.pick}
    onKeyDown={node.pick && keys} tabindex={node.pick ? 0 : undefined} role={node.pick ? 'button' : 'img'}
    aria-pressed={node.pick ? Boolean(node.picked) : undefined} aria-label={label}>
    <title>{label}</title>
    <circle class="track" cx={x} cy={y} r={r + 3.5} />
    {node.used > 0 && <circle class={`ring${node.used > 0.8 ? ' full' : ''}`} cx={x} cy={y} r={r + 3.5}
      stroke-dasharray={`${Math.max(3, Math.min(1, node.used) * round).toFixed(1)} ${round.toFixed(1)}`}
      transform={`rotate(-90 ${x} ${y})`} />}
    <circle class="body" cx={x} cy={y} r={r} />
    {level > 0 && <><clipPath id={id}><circle cx={x} cy={y} r={r} /></clipPath>
      <rect class="failing" clip-path={`url(#${id})`} x={x - r} width={2 * r} y={y + r - Math.max(2, level)}
        height={Math.max(2, level)} /></>}
    {node.state && <StateIcon state={node.state} x={x - 6} y={y - 6} />}
    {node.beside
      ? <><text x={left} y={y + 5 - 7.5 * node.lines.length} class="name">{node.title}</text>
        {node.lines.map((line, i) =>
          <text key={i} x={left} y={y + 20 - 7.5 * node.lines.length + 15 * i} class="value">{line}</text>)}</>
      : <><text x={x} y={y - r - 9} class="name mid">{node.title}</text>
        {node.lines.map((line, i) => <text key={i} x={x} y={y + r + 19 + 14 * i} class="value mid">{line}</text>)}</>}
  </g>;
}

export function focus(cluster: string, endpoint: string | null): void {
  store.focus = {cluster, endpoint};
  changed();
}

function share(part: number | undefined, whole: number | undefined): number {
  return part && whole ? part / whole : 0;
}

function leadsTo(listener: Listener, cluster: string): boolean {
  return listener.routes.some((route) => route.to.some((to) => to.cluster === cluster && to.weight > 0));
}

/** "127.0.0.1:3001" -> ":3001": what tells endpoints apart on a small screen. */
function shortName(name: string): string {
  return name.slice(name.lastIndexOf(':'));
}
