// Why Weir answered itself instead of an endpoint: the last refusals, those of one reason together.

import {count, ms, span} from './format';
import {store} from './store';
import type {Refusal} from './wire';

interface Group {
  key: string;
  last: Refusal;
  times: number;
  targets: Set<string>;
}

function groups(refusals: Refusal[]): Group[] {
  const found = new Map<string, Group>();
  for (const refusal of refusals) {
    const key = [refusal.rule, refusal.limit, refusal.value, refusal.cluster, refusal.tried].join(' ');
    const group = found.get(key) ?? {key, last: refusal, times: 0, targets: new Set<string>()};
    found.set(key, group);
    group.times += 1;
    group.targets.add(refusal.target.split('?')[0]!);
  }
  return [...found.values()];
}

export function Refusals() {
  const {totals, last} = store.refusals;
  const now = store.ticks[store.ticks.length - 1]?.t ?? Date.now();
  const rules = Object.entries(totals).sort((a, b) => b[1] - a[1]);
  return (
    <section aria-labelledby="refusals" class="panel">
      <h2 id="refusals">Refusals</h2>
      {rules.length > 0 && (
        <p class="totals">
          {rules.map(([rule, times]) => (
            <span key={rule}>
              <code>{rule}</code> {count(times)}
            </span>
          ))}
          <span class="muted">since the start</span>
        </p>
      )}
      {last.length === 0 ? (
        <p class="calm">Nothing was refused.</p>
      ) : (
        <ol class="refusals">
          {groups(last)
            .slice(0, 8)
            .map(({key, last: refusal, times, targets}) => (
              <li key={key}>
                <p>
                  <b class="status">{refusal.status || '–'}</b> <code>{refusal.rule}</code>
                  {refusal.cluster && <> at {refusal.cluster}</>}
                  <span class="when">
                    {times > 1 && `${times}×, last `}
                    {span(now - refusal.at)} ago
                  </span>
                </p>
                <p>{refusal.text}</p>
                {refusal.limit && (
                  <p>
                    limit <code>{refusal.limit}</code> = {refusal.limit.endsWith('timeout') ? ms(refusal.value) : refusal.value}
                  </p>
                )}
                {refusal.tried && (
                  <p>
                    tried <code>{refusal.tried.split(',').join(', ')}</code>
                  </p>
                )}
                {refusal.method && (
                  <p class="muted">
                    <code>
                      {refusal.method} {refusal.target.split('?')[0]}
                    </code>
                    {targets.size > 1 && ` and ${targets.size - 1} other ${targets.size === 2 ? 'path' : 'paths'}`}
                    {', after '}
                    {ms(Math.max(refusal.waited_ms, 0.001))}
                  </p>
                )}
              </li>
            ))}
        </ol>
      )}
    </section>
  );
}
