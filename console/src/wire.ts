// The events of GET /events, as src/console/frames.cc writes them (docs/console.md describes them).

export interface Hello {
  token: string;
  version: string;
  heat: {lowest_us: number; rows: number};
  seconds: number;
}

/** p50 and p99 in milliseconds, 0 when there was nothing; then a column of the heatmap, one letter per row. */
type Latency = [p50: number, p99: number, heat: string];
type EndpointSecond = [rate: number, failed: number, inFlight: number, ...Latency, state: State];
type ClusterSecond = [rate: number, failed: number, inFlight: number, pending: number, ...Latency];
interface ListenerSecond {
  sum: [rate: number, failed: number];
  /** Rates, by cluster. */
  to: Record<string, number>;
}
type ProxySecond = [rate: number, failed: number, refused: number, clients: number, ...Latency];

export interface Tick {
  t: number;
  sum: ProxySecond;
  listeners: Record<string, ListenerSecond>;
  clusters: Record<string, {sum: ClusterSecond; endpoints: Record<string, EndpointSecond>}>;
}

export type State = 'healthy' | 'degraded' | 'unhealthy' | 'unchecked' | 'ejected' | 'probation' | 'draining';

export interface Endpoint {
  name: string;
  state: State;
  why: string;
  health: string;
  draining: boolean;
  weight: number;
  zone: string;
  priority: number;
  in_flight: number;
  connections: number;
  max_connections: number;
  requests: number;
  failures: number;
  retries: number;
  connect_failures: number;
  ejections: number;
  ewma_ms: number;
  /** The last few, newest first. */
  changes: {at: number; what: string}[];
}

export interface Headroom {
  state: 'no_traffic' | 'one_level' | 'flat' | 'undetermined' | 'extrapolated' | 'measured';
  rate: number;
  seen: number;
  knee: number;
  knee_low: number;
  knee_high: number;
  base_ms: number;
  levels: number;
  confidence: number;
}

interface Limit {
  used: number;
  limit: number;
}

export interface Cluster {
  name: string;
  policy: string;
  requests: Limit;
  pending: Limit;
  retry_budget: number;
  retry_budget_refused: number;
  panic: number;
  headroom: Headroom;
  endpoints: Endpoint[];
}

export interface Listener {
  name: string;
  address: string;
  routes: {host: string; path: string; timeout: string; attempts: number; to: {cluster: string; weight: number}[]}[];
}

/** Of routes; of a listener, where off is maintenance, when the name is `listener:NAME`. */
export interface Switch {
  name: string;
  off: boolean;
}

export interface Now {
  serving: boolean;
  config: number;
  workers: number;
  started: number;
  recording: {phase: 'none' | 'recording' | 'ready'; left_ms: number};
  listeners: Listener[];
  switches: Switch[];
  clusters: Cluster[];
}

export interface Refusal {
  at: number;
  waited_ms: number;
  status: number;
  rule: string;
  text: string;
  limit: string;
  value: number;
  listener: string;
  cluster: string;
  method: string;
  host: string;
  target: string;
  tried: string;
  request_id: string;
}

export interface Refusals {
  totals: Record<string, number>;
  last: Refusal[];
}
export interface Mark {
  at: number;
  kind: 'drill' | 'fault' | 'recover';
  label: string;
}
