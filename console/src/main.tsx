import {render} from 'preact';
import {useEffect, useReducer} from 'preact/hooks';
import {Charts} from './charts';
import {Endpoints} from './endpoints';
import {count, ms, rate, span} from './format';
import {Headroom} from './headroom';
import {Heatmap} from './heatmap';
import {Refusals} from './refusals';
import {changed, listen, onChange, store} from './store';
import './style.css';
import {Configuration, Switches} from './switches';
import {Topology} from './topology';

const windows: [number, string][] = [
  [120, '2 min'],
  [300, '5 min'],
  [900, '15 min'],
];

function Header() {
  const tick = store.ticks[store.ticks.length - 1];
  const now = store.now;
  const mark = store.marks[store.marks.length - 1];
  const recent = mark && tick && tick.t - mark.at < 120_000 ? mark : null;
  const state = !store.live
    ? store.hello
      ? 'no connection: trying again'
      : 'connecting'
    : now?.serving
      ? 'serving'
      : now
        ? 'not serving'
        : 'connecting';
  return (
    <header>
      <h1>
        <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
          <path d="M1 7.5c2-2 3.5-2 5.5 0s3 1.5 4.5 0V21H1z" />
          <path d="M11 5h3l1.5 16H11z" class="wall" />
          <path d="M15 15c1.5-1.5 2.5-1.5 4 0s2.5 1.5 4 0v6h-7.4z" class="low" />
        </svg>
        weir
      </h1>
      <p class={`serving${store.live && now?.serving ? '' : ' bad'}`} role="status">
        {state}
      </p>
      {recent && (
        <p class={`drill m-${recent.kind}`}>
          <i class={`sign m-${recent.kind}`} />
          {recent.label}
          <small>{span(tick!.t - recent.at)} ago</small>
        </p>
      )}
      <dl>
        <div>
          <dt>requests</dt>
          <dd>
            {rate(tick?.sum[0] ?? 0)}
            <small>/s</small>
          </dd>
        </div>
        <div class={tick && tick.sum[1] > 0 ? 'bad' : ''}>
          <dt>failing</dt>
          <dd>
            {rate(tick?.sum[1] ?? 0)}
            <small>/s</small>
          </dd>
        </div>
        <div>
          <dt>refused</dt>
          <dd>
            {rate(tick?.sum[2] ?? 0)}
            <small>/s</small>
          </dd>
        </div>
        <div>
          <dt>p50</dt>
          <dd>{ms(tick?.sum[4] ?? 0)}</dd>
        </div>
        <div>
          <dt>p99</dt>
          <dd>{ms(tick?.sum[5] ?? 0)}</dd>
        </div>
        <div>
          <dt>clients</dt>
          <dd>{count(tick?.sum[3] ?? 0)}</dd>
        </div>
      </dl>
    </header>
  );
}

function Windows() {
  return (
    <fieldset class="windows">
      <legend class="hidden">time shown</legend>
      {windows.map(([seconds, name]) => (
        <label key={seconds}>
          <input
            type="radio"
            name="window"
            checked={store.window === seconds}
            onChange={() => {
              store.window = seconds;
              changed();
            }}
          />
          <span>{name}</span>
        </label>
      ))}
    </fieldset>
  );
}

function App() {
  const [, draw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => onChange(() => draw(undefined)), []);
  useEffect(() => {
    addEventListener('resize', changed);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
  }, []);
  const first = store.now?.clusters[0];
  const there = store.now?.clusters.find((cluster) => cluster.name === store.focus?.cluster);
  if (first && !there) store.focus = {cluster: first.name, endpoint: null};
  const now = store.now;
  return (
    <>
      <a class="skip" href="#endpoints">
        to the endpoints
      </a>
      <Header />
      <main class={store.hello && !store.live ? 'stale' : ''}>
        <section class="panel top" aria-labelledby="path">
          <h2 id="path">Path of requests</h2>
          <ul class="legend keys">
            <li>
              <i class="key k-flow" />
              width: rate
            </li>
            <li>
              <i class="ringkey" />
              ring: use of the limit
            </li>
            <li>
              <i class="fillkey" />
              fill: failing
            </li>
            <li>label: rate, p99</li>
          </ul>
          <Topology />
        </section>
        <Endpoints />
        <section class="panel over" aria-labelledby="time">
          <h2 id="time">Over time</h2>
          <Windows />
          <Heatmap />
          <Charts />
        </section>
        <div class="side">
          <Headroom />
          <Refusals />
          <Switches />
        </div>
        <Configuration />
      </main>
      <footer>
        weir {store.hello?.version}
        {now && (
          <>
            {' '}
            · {now.workers} workers · up {span((store.ticks[store.ticks.length - 1]?.t ?? now.started) - now.started)}
          </>
        )}
        {' · '}
        <a href="/metrics">metrics</a> · <a href="/endpoints">endpoints</a> · <a href="/config">config</a>
      </footer>
      <p class={`said${store.said ? ' shown' : ''}${store.said?.bad ? ' bad' : ''}`} role="status" aria-live="polite">
        {store.said?.text}
      </p>
    </>
  );
}

listen();
render(<App />, document.getElementById('app')!);
