// Where the nodes of the path of requests stand, what they say, and how wide the edges between them are.

import {ms, rate} from './format';
import {changed, store} from './store';
import type {Cluster, Endpoint, Listener, State, Tick} from './wire';

export interface Node {
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

export interface Edge {
  from: Node;
  to: Node;
  rate: number;
  quiet: boolean;
  /** Of the drawing: edges of one node lie side by side, so that widths add up as rates do. */
  width: number;
  leaves: number;
  arrives: number;
}

const kWidest = 24;
const kThinnest = 1.5;

function edge(from: Node, to: Node, flow: number, quiet = false): Edge {
  return {from, to, rate: flow, quiet, width: 2, leaves: 0, arrives: 0};
}

export interface Drawing {
  width: number;
  height: number;
  nodes: Node[];
  edges: Edge[];
}

// Of a node with its labels.
const kRow = 54;
const kRowNarrow = 60;
const kBlock = 96;
const kGap = 14;
/** Width of a letter in a node's name. */
const kLetter = 7.3;

export function drawingOf(width: number, listeners: Listener[], clusters: Cluster[], tick: Tick | undefined): Drawing {
  const narrow = width < 620;
  const row = narrow ? kRowNarrow : kRow;
  const columns = narrow ? [30, 98, 174, 250] : [0.05, 0.26, 0.5, 0.74].map((part) => Math.round(part * width));
  const [xClients, xListeners, xClusters, xEndpoints] = columns as [number, number, number, number];
  const room = Math.min(xListeners - xClients, xClusters - xListeners);
  const blocks = clusters.map((cluster) => Math.max(kBlock, cluster.endpoints.length * row));
  const tall = blocks.reduce((sum, block) => sum + block + kGap, 0);
  const height = Math.max(tall, listeners.length * kBlock) + 6;
  const only = listeners.length === 1;

  const clients = clientsNode(xClients, height / 2, tick);
  const entries = listeners.map((listener, i) =>
    listenerNode(listener, xListeners, height / 2 + (i - (listeners.length - 1) / 2) * kBlock, room, only, tick),
  );
  const nodes = [clients, ...entries];
  const edges = entries.map((entry, i) => edge(clients, entry, tick?.listeners[listeners[i]!.name]?.sum[0] ?? 0));
  let top = (height - tall + kGap) / 2;
  clusters.forEach((cluster, c) => {
    const block = blocks[c]!;
    const seen = tick?.clusters[cluster.name];
    const node = clusterNode(cluster, xClusters, top + block / 2, room, seen?.sum);
    nodes.push(node);
    listeners.forEach((listener, i) => {
      if (!leadsTo(listener, cluster.name)) return;
      edges.push(edge(entries[i]!, node, tick?.listeners[listener.name]?.to[cluster.name] ?? 0));
    });
    cluster.endpoints.forEach((endpoint, i) => {
      const y = top + block / 2 + (i - (cluster.endpoints.length - 1) / 2) * row;
      const each = seen?.endpoints[endpoint.name];
      const to = endpointNode(cluster.name, endpoint, xEndpoints, y, narrow, each);
      nodes.push(to);
      edges.push(edge(node, to, each?.[0] ?? 0, endpoint.health === 'unhealthy' || endpoint.draining));
    });
    top += block + kGap;
  });
  layOut(edges);
  return {width, height, nodes, edges};
}

function clientsNode(x: number, y: number, tick: Tick | undefined): Node {
  const connections = tick?.sum[3] ?? 0;
  return {
    key: 'clients',
    x,
    y,
    r: 15,
    title: 'clients',
    beside: false,
    used: 0,
    failing: 0,
    lines: tick ? [`${connections} conn.`] : [],
    said: `clients, ${connections} connections`,
  };
}

/** Durations of whole requests are measured for the process, so a listener has a p99 when it is the only one. */
function listenerNode(
  listener: Listener,
  x: number,
  y: number,
  room: number,
  only: boolean,
  tick: Tick | undefined,
): Node {
  const sum = tick?.listeners[listener.name]?.sum;
  return {
    key: `l ${listener.name}`,
    x,
    y,
    r: 15,
    title: fitted(listener.name, room),
    beside: false,
    used: 0,
    failing: share(sum?.[1], sum?.[0]),
    lines: sum ? [`${rate(sum[0])}/s`, ...(only ? [ms(tick!.sum[5])] : [])] : [],
    said: `listener ${listener.name} on ${listener.address}`,
  };
}

function clusterNode(
  cluster: Cluster,
  x: number,
  y: number,
  room: number,
  sum: Tick['clusters'][string]['sum'] | undefined,
): Node {
  const {requests, pending} = cluster;
  return {
    key: `c ${cluster.name}`,
    x,
    y,
    r: 19,
    title: fitted(cluster.name, room),
    beside: false,
    used: Math.max(share(requests.used, requests.limit), share(pending.used, pending.limit)),
    failing: share(sum?.[1], sum?.[0]),
    lines: sum ? [`${rate(sum[0])}/s`, ms(sum[5])] : [],
    pick: () => focus(cluster.name, null),
    picked: store.focus?.cluster === cluster.name && !store.focus.endpoint,
    said: `cluster ${cluster.name}, ${requests.used} of ${requests.limit} requests in flight`,
  };
}

function endpointNode(
  cluster: string,
  endpoint: Endpoint,
  x: number,
  y: number,
  narrow: boolean,
  each: Tick['clusters'][string]['endpoints'][string] | undefined,
): Node {
  const values = each ? [`${rate(each[0])}/s`, ms(each[4])] : [];
  return {
    key: `e ${cluster} ${endpoint.name}`,
    x,
    y,
    r: 15,
    title: narrow ? shortName(endpoint.name) : endpoint.name,
    beside: true,
    used: share(each?.[2], endpoint.max_connections),
    failing: share(each?.[1], each?.[0]),
    state: endpoint.state,
    lines: narrow || !each ? values : [values.join(' · ')],
    pick: () => focus(cluster, endpoint.name),
    picked: store.focus?.cluster === cluster && store.focus.endpoint === endpoint.name,
    said: `endpoint ${endpoint.name}, ${endpoint.state}`,
  };
}

/** Widths in proportion to the rate, and where each edge leaves and arrives. */
function layOut(edges: Edge[]): void {
  const busiest = Math.max(1, ...edges.map((each) => each.rate));
  for (const each of edges) {
    each.width = each.rate === 0 ? 1.2 : Math.max(kThinnest, (kWidest * each.rate) / busiest);
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

export function focus(cluster: string, endpoint: string | null): void {
  store.focus = {cluster, endpoint};
  changed();
}

/** Labels stand side by side and may not run into each other; the whole name is in what is said of the node. */
function fitted(name: string, room: number): string {
  const most = Math.floor(room / kLetter);
  return name.length <= most ? name : `${name.slice(0, most - 1)}…`;
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
