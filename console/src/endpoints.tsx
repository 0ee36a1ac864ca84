// Every endpoint, with why it is as it is, and the two switches it has: its weight, and whether it takes requests.

import {useState} from 'preact/hooks';
import {count, moment, ms, percent, rate, span} from './format';
import {StateIcon} from './icons';
import {post, store, view} from './store';
import {focus} from './topology_layout';
import type {Cluster, Endpoint} from './wire';

export function Endpoints() {
  const clusters = store.now?.clusters ?? [];
  return (
    <section aria-labelledby="endpoints" class="panel">
      <h2 id="endpoints">Endpoints</h2>
      <div class="scroll">
        <table class="endpoints">
          <thead>
            <tr>
              <th>endpoint</th>
              <th>state</th>
              <th class="n">in flight</th>
              <th class="n">req/s</th>
              <th>last minute</th>
              <th class="n">failing</th>
              <th class="n">p50</th>
              <th class="n">p99</th>
              <th class="n">requests</th>
              <th class="n">ejected</th>
              <th>weight</th>
              <th>
                <span class="hidden">drain</span>
              </th>
            </tr>
          </thead>
          {clusters.map((cluster) => (
            <tbody key={cluster.name}>
              <tr class="cluster">
                <th colSpan={12} scope="rowgroup">
                  {cluster.name}
                  <span>
                    {cluster.policy}
                    {' · '}
                    {cluster.requests.used} of {count(cluster.requests.limit)} in flight
                    {' · '}
                    {cluster.pending.used} of {count(cluster.pending.limit)} waiting
                    {cluster.panic > 0 && (
                      <b class="bad">
                        {' '}
                        · health is ignored for {percent(cluster.panic)} of requests: too few are healthy
                      </b>
                    )}
                  </span>
                </th>
              </tr>
              {cluster.endpoints.map((endpoint) => (
                <Row key={endpoint.name} cluster={cluster} endpoint={endpoint} />
              ))}
            </tbody>
          ))}
        </table>
      </div>
    </section>
  );
}

function Row({cluster, endpoint}: {cluster: Cluster; endpoint: Endpoint}) {
  const last = store.ticks[store.ticks.length - 1]?.clusters[cluster.name]?.endpoints[endpoint.name];
  const picked = store.focus?.cluster === cluster.name && store.focus.endpoint === endpoint.name;
  const failing = last && last[0] > 0 ? last[1] / last[0] : 0;
  const evidence = endpoint.why !== '' || endpoint.changes.length > 0;
  return (
    <>
      <tr class={`row${picked ? ' picked' : ''}${evidence ? ' has-why' : ''}`} data-endpoint={endpoint.name}>
        <th scope="row">
          <button
            class="link"
            aria-pressed={picked}
            title="show its latency"
            onClick={() => focus(cluster.name, endpoint.name)}
          >
            {endpoint.name}
          </button>
          {endpoint.zone && <small> {endpoint.zone}</small>}
        </th>
        <td data-label="state">
          <span class="nowrap">
            <StateIcon state={endpoint.state} /> {endpoint.state}
          </span>
        </td>
        <td class="n" data-label="in flight">
          {endpoint.in_flight}
        </td>
        <td class="n" data-label="req/s">
          {rate(last?.[0] ?? 0)}
        </td>
        <td class="sparkcell">
          <Spark cluster={cluster.name} endpoint={endpoint.name} />
        </td>
        <td class={`n${failing > 0 ? ' bad' : ''}`} data-label="failing">
          {percent(failing)}
        </td>
        <td class="n" data-label="p50">
          {ms(last?.[3] ?? 0)}
        </td>
        <td class="n" data-label="p99">
          {ms(last?.[4] ?? 0)}
        </td>
        <td class="n roomy" data-label="requests">
          {count(endpoint.requests)}
        </td>
        <td class="n" data-label="ejected">
          {endpoint.ejections}×
        </td>
        <td class="switch">
          <Weight cluster={cluster.name} endpoint={endpoint} />
        </td>
        <td class="switch">
          <Drain cluster={cluster} endpoint={endpoint} />
        </td>
      </tr>
      {evidence && (
        <tr class="why">
          <td colSpan={12}>
            <Evidence endpoint={endpoint} />
          </td>
        </tr>
      )}
    </>
  );
}

const kRecently = 15 * 60_000;

/**
 * Why it is as it is, and what led there. Mostly the newest change is the reason, and need not be said twice. Of one
 * that is well only the newest is shown once it is history.
 */
function Evidence({endpoint: {why, changes}}: {endpoint: Endpoint}) {
  const now = store.ticks[store.ticks.length - 1]?.t ?? Date.now();
  const shown = why || (changes[0] && now - changes[0].at < kRecently) ? changes : changes.slice(0, 1);
  const isReason = why !== '' && (changes[0]?.what.endsWith(why) ?? false);
  return (
    <>
      {why && !isReason && <p class="now">{why}</p>}
      {shown.length > 0 && (
        <ol class="changes">
          {shown.map(({at, what}, i) => (
            <li key={`${at}${what}`} class={isReason && i === 0 ? 'now' : ''}>
              <time title={`${span(now - at)} ago`}>{moment(at, now)}</time> {what}
            </li>
          ))}
        </ol>
      )}
    </>
  );
}

/** A minute of its rate, with what failed of it in front. */
function Spark({cluster, endpoint}: {cluster: string; endpoint: string}) {
  const ticks = view().ticks.slice(-60);
  const values = ticks.map((tick) => tick.clusters[cluster]?.endpoints[endpoint]);
  const most = Math.max(
    1,
    ...ticks.flatMap((tick) => Object.values(tick.clusters[cluster]?.endpoints ?? {}).map((each) => each[0])),
  );
  const area = (index: 0 | 1) => {
    const points = values.map(
      (value, i) =>
        `${(i + 60 - values.length) * 1.6} ${(17 - 16 * Math.min(1, (value?.[index] ?? 0) / most)).toFixed(1)}`,
    );
    return points.length ? `M${points.join('L')}V17H${(60 - values.length) * 1.6}z` : '';
  };
  return (
    <svg class="spark" viewBox="0 0 96 18" width="96" height="18" aria-hidden="true">
      <path d="M0 17.5H96" class="base" />
      <path d={area(0)} class="rate" />
      <path d={area(1)} class="failed" />
    </svg>
  );
}

function Weight({cluster, endpoint}: {cluster: string; endpoint: Endpoint}) {
  const [typed, setTyped] = useState<string | null>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    if (typed === null) return;
    void post('/weight', {endpoint: endpoint.name, cluster, weight: typed}, `${endpoint.name} has weight ${typed}.`);
    setTyped(null);
  };
  const differs = typed !== null && typed !== String(endpoint.weight);
  return (
    <form onSubmit={submit} class="weight">
      <span class="label" aria-hidden="true">
        weight
      </span>
      <input
        type="number"
        min="0"
        max="1000"
        step="1"
        required
        aria-label={`weight of ${endpoint.name}`}
        value={typed ?? endpoint.weight}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && setTyped(null)}
      />
      <button disabled={!differs} class={differs ? '' : 'unseen'}>
        Set
      </button>
    </form>
  );
}

function Drain({cluster, endpoint}: {cluster: Cluster; endpoint: Endpoint}) {
  const [sure, setSure] = useState(false);
  const others = cluster.endpoints.some(
    (each) => each !== endpoint && !each.draining && each.weight > 0 && each.health !== 'unhealthy',
  );
  const press = () => {
    // Nobody else could serve: a slip of the finger would stop the cluster.
    if (!endpoint.draining && !others && !sure) {
      setSure(true);
      return;
    }
    setSure(false);
    const parameters = {endpoint: endpoint.name, cluster: cluster.name};
    if (endpoint.draining) void post('/undrain', parameters, `${endpoint.name} takes requests again.`);
    else void post('/drain', parameters, `${endpoint.name} drains: it gets no new requests.`);
  };
  const text = endpoint.draining ? 'Undrain' : sure ? 'Last one. Really?' : 'Drain';
  return (
    <button
      onClick={press}
      onBlur={() => setSure(false)}
      class={sure ? 'danger' : ''}
      aria-label={`${text} ${endpoint.name}`}
    >
      {text}
    </button>
  );
}
