// What the page knows, and who draws it. One EventSource; everything is drawn at most once per frame of the screen.

import type {Hello, Mark, Now, Refusals, Tick} from './wire';

export const store = {
  hello: null as Hello | null,
  now: null as Now | null,
  refusals: {totals: {}, last: []} as Refusals,
  marks: [] as Mark[],
  ticks: [] as Tick[],
  live: false,
  /** Seconds that charts show. */
  window: 120,
  /** Whose latency the heatmap shows: a cluster, or one of its endpoints. */
  focus: null as {cluster: string; endpoint: string | null} | null,
  /** The instant under the pointer, on every chart. */
  hover: null as number | null,
  /** What an action said, for a moment. */
  said: null as {text: string; bad: boolean} | null,
};

const drawers = new Set<() => void>();
let asked = false;

/** Draws soon. */
export function changed(): void {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    drawers.forEach((draw) => draw());
  });
}

export function onChange(draw: () => void): () => void {
  drawers.add(draw);
  return () => drawers.delete(draw);
}

export function listen(): void {
  const source = new EventSource('/events');
  const on = <T>(name: string, take: (data: T) => void) =>
    source.addEventListener(name, (event) => {
      take(JSON.parse((event as MessageEvent<string>).data) as T);
      changed();
    });
  on<Hello>('hello', (hello) => {
    store.hello = hello;
    store.ticks = []; // the history follows
    store.live = true;
  });
  on<Tick>('tick', (tick) => {
    store.ticks.push(tick);
    if (store.ticks.length > (store.hello?.seconds ?? 900)) store.ticks.shift();
  });
  on<Now>('now', (now) => {
    store.now = now;
  });
  on<Refusals>('refusals', (refusals) => {
    store.refusals = refusals;
  });
  on<{marks: Mark[]}>('marks', ({marks}) => {
    store.marks = marks;
  });
  source.onerror = () => {
    store.live = false;
    changed();
    // A refused stream (too many consoles) is not tried again by the browser itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
  };
}

let hush = 0;
export function say(text: string, bad = false): void {
  store.said = {text, bad};
  clearTimeout(hush);
  hush = setTimeout(
    () => {
      store.said = null;
      changed();
    },
    bad ? 10000 : 4000,
  ) as unknown as number;
  changed();
}

/** A changing request, with what proves that this page made it. */
export async function post(path: string, parameters: Record<string, string | number>, done: string): Promise<void> {
  const query = new URLSearchParams(Object.entries(parameters).map(([key, value]) => [key, String(value)]));
  try {
    const answer = await fetch(`${path}?${query}`, {
      method: 'POST',
      headers: {'X-Weir-Admin': 'console', 'X-Weir-Token': store.hello?.token ?? ''},
    });
    const body = (await answer.json()) as {error?: string};
    if (answer.ok) say(done);
    else say(body.error ?? `${path} was answered with ${answer.status}`, true);
  } catch {
    say('Weir did not answer.', true);
  }
}

/** The seconds in view, and the interval that charts span. */
export function view(): {ticks: Tick[]; from: number; to: number} {
  const to = store.ticks[store.ticks.length - 1]?.t ?? Date.now();
  const from = to - store.window * 1000;
  let first = store.ticks.length;
  while (first > 0 && store.ticks[first - 1]!.t >= from) --first;
  return {ticks: store.ticks.slice(first), from, to};
}
