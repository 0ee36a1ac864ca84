// How much more each cluster can take, and how sure that is (src/console/headroom.h says how it is estimated).

import {percent, rate} from './format';
import {store} from './store';
import type {Cluster, Headroom as Estimate} from './wire';

export function Headroom() {
  return (
    <section aria-labelledby="headroom" class="panel">
      <h2 id="headroom">Headroom</h2>
      {(store.now?.clusters ?? []).map((cluster) => (
        <One key={cluster.name} cluster={cluster} />
      ))}
    </section>
  );
}

function One({cluster: {name, headroom}}: {cluster: Cluster}) {
  const known = headroom.state === 'measured' || headroom.state === 'extrapolated';
  const used = headroom.rate / headroom.knee;
  return (
    <div class="headroom">
      <h3>{name}</h3>
      <p class="big">
        {known ? (
          <>
            {percent(Math.max(0, 1 - used))}
            <small>{used > 1 ? 'beyond the knee' : 'left up to the knee'}</small>
          </>
        ) : (
          <>not known yet</>
        )}
      </p>
      {known && <Gauge headroom={headroom} />}
      <p class="reason">{reason(headroom)}</p>
    </div>
  );
}

function Gauge({headroom}: {headroom: Estimate}) {
  const end = headroom.knee_high * 1.1;
  const at = (value: number) => `${(100 * Math.min(1, value / end)).toFixed(1)}%`;
  return (
    <svg class="gauge" width="100%" height="16" aria-hidden="true">
      <rect class="track" width="100%" height="6" y="5" rx="3" />
      <rect class="maybe" x={at(headroom.knee_low)} width={at(headroom.knee_high - headroom.knee_low)} height="16" />
      <rect class="used" width={at(headroom.rate)} height="6" y="5" rx="3" />
      <rect class="knee" x={at(headroom.knee)} width="2" height="16" />
    </svg>
  );
}

const each = (value: number) => `${rate(value)}/s`;

function reason(headroom: Estimate): string {
  const {levels, confidence} = headroom;
  const [now, seen, knee, low, high] = [
    headroom.rate,
    headroom.seen,
    headroom.knee,
    headroom.knee_low,
    headroom.knee_high,
  ].map(each) as [string, string, string, string, string];
  const evidence = headroom.state === 'measured' ? 'load has been there' : `seen up to ${seen}`;
  switch (headroom.state) {
    case 'no_traffic':
      return 'No traffic was measured.';
    case 'one_level':
      return (
        `Load was much the same so far (${levels} of 4 levels, up to ${seen} per endpoint): ` +
        'it takes different loads to see how latency answers.'
      );
    case 'flat':
      return `Latency does not rise up to ${seen} per endpoint: the knee is above that.`;
    case 'undetermined':
      return `Latency rises, but knees from ${low} to ${high} per endpoint fit what was seen (up to ${seen}).`;
    case 'extrapolated':
    case 'measured':
      return (
        `${now} of ${knee} per serving endpoint, where latency doubles (${low} to ${high}; ${evidence}). ` +
        `Confidence ${percent(confidence)}.`
      );
  }
}
