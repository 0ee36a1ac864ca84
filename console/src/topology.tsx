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
  const rowHeight = narrow ? 50 : 54;
  const rows = Math.max(clusters.reduce((sum, cluster) => sum + cluster.endpoints.length, 0), listeners.length, 2);
  const gaps = clusters.length - 1;
  const height = rows * rowHeight + gaps * 14 + 20;
  const columns = narrow ? [26, 104, 188, 264] : [0.05, 0.26, 0.5, 0.74].map((share) => Math.round(share * width));
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
    edges.push({from: clients, to: node, rate: listeners.length === 1 ? tick?.sum[0] ?? 0 : null, quiet: false});
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
      edges.push({
        from: listenerNodes[listeners.indexOf(listener)]!, to: node, quiet: false,
        rate: feeding.length === 1 ? seen?.sum[0] ?? 0 : null,
      });
    }
    cluster.endpoints.forEach((endpoint, i) => {
      const each = seen?.endpoints[endpoint.name];
      const to: Node = {
        key: `e ${cluster.name} ${endpoint.name}`, x: columns[3]!, y: y + (i + 0.5) * rowHeight, r: 15,
        title: narrow ? shortName(endpoint.name) : endpoint.name, beside: true,
        used: share(each?.[2], endpoint.max_connections), failing: share(each?.[1], each?.[0]), state: endpoint.state,
        lines: [each ? `${rate(each[0])}/s  ${ms(each[4])}` : ''],
        pick: () => focus(cluster.name, endpoint.name),
        picked: store.focus?.cluster === cluster.name && store.focus.endpoint === endpoint.name,
        said: `endpoint ${endpoint.name}, ${endpoint.state}`,
      };
      nodes.push(to);
      edges.push({from: node, to, rate: each?.[0] ?? 0, quiet: endpoint.health === 'unhealthy' || endpoint.draining});
    });
    y += block + 14;
  }
  const busiest = Math.max(1, ...edges.map((edge) => edge.rate ?? 0));
  return <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="group"
    aria-label="Clients, listeners, clusters and endpoints">
    {edges.map((edge, i) => <EdgeLine key={i} edge={edge} busiest={busiest} />)}
    {nodes.map((node) => <NodeShape key={node.key} node={node} />)}
  </svg>;
}

/** With several listeners on one cluster nobody counts which of them a request came by: dotted. */
function EdgeLine({edge: {from, to, rate: flow, quiet}, busiest}: {edge: Edge; busiest: number}) {
  const a = from.x + from.r;
  const b = to.x - to.r;
  const bend = (a + b) / 2;
  const width = flow === null ? 2 : flow === 0 ? 1.2 : 1.5 + 10.5 * Math.sqrt(flow / busiest);
  const kind = flow === null ? 'unknown' : flow === 0 || quiet ? 'idle' : 'busy';
  return <path class={`edge ${kind}`} stroke-width={width.toFixed(1)}
    d={`M${a} ${from.y}C${bend} ${from.y} ${bend} ${to.y} ${b} ${to.y}`} />;
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
    onKeyDown={node.pick && keys} tabIndex={node.pick ? 0 : undefined} role={node.pick ? 'button' : 'img'}
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
      ? <><text x={left} y={y - 2} class="name">{node.title}</text>
        <text x={left} y={y + 13} class="value">{node.lines[0]}</text></>
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
