// What can be switched while Weir runs, beside the endpoints' own: the configuration, a recording of requests, and the
// switches of routes and listeners.

import {useEffect, useState} from 'preact/hooks';
import {clock, span} from './format';
import {post, store} from './store';
import type {Switch} from './wire';

export function Switches() {
  const recording = store.now?.recording;
  const [seconds, setSeconds] = useState('10');
  const record = (event: Event) => {
    event.preventDefault();
    void post('/record', {seconds}, `Recording for ${seconds} s.`);
  };
  return (
    <section aria-labelledby="switches" class="panel">
      <h2 id="switches">Switches</h2>
      <div class="switches">
        <div>
          <p>Configuration {store.now?.config ?? '–'} is in force.</p>
          <button onClick={() => void post('/reload', {}, 'The configuration was read again.')}>Reload the file</button>
        </div>
        <div>
          <p>
            {recording?.phase === 'recording' ? (
              `Recording, for another ${span(recording.left_ms)}.`
            ) : recording?.phase === 'ready' ? (
              <>
                A recording is ready:{' '}
                <a href="/recording" download="recording.csv">
                  recording.csv
                </a>
              </>
            ) : (
              'Requests are not being recorded.'
            )}
          </p>
          <form onSubmit={record}>
            <label>
              record{' '}
              <input
                type="number"
                min="1"
                max="3600"
                required
                value={seconds}
                onInput={(event) => setSeconds(event.currentTarget.value)}
              />{' '}
              s
            </label>
            <button disabled={recording?.phase === 'recording'}>Start</button>
          </form>
        </div>
      </div>
      <Degradation />
      <Marks />
    </section>
  );
}

const kListener = 'listener:';

/** What a switch is called, how it stands, what a press of its button does, and what that has done. */
function words({name, off}: Switch): {label: string; state: string; act: string; done: string} {
  if (name.startsWith(kListener)) {
    const label = name.slice(kListener.length);
    return off
      ? {label, state: 'is in maintenance', act: 'End maintenance', done: `Listener ${label} serves again.`}
      : {label, state: 'serves', act: 'Maintenance', done: `Listener ${label} is in maintenance.`};
  }
  return off
    ? {label: name, state: 'is off: fallbacks answer', act: 'Switch on', done: `${name} is on.`}
    : {label: name, state: 'is on', act: 'Switch off', done: `${name} is off.`};
}

function Degradation() {
  const all = store.now?.switches ?? [];
  return (
    <ul class="switches list" aria-label="Switches of routes and listeners">
      {all.map((each) => {
        const {label, state, act, done} = words(each);
        return (
          <li key={each.name}>
            <p class={each.off ? 'bad' : undefined}>
              <code>{label}</code> {state}
            </p>
            <button
              aria-label={`${act}: ${label}`}
              onClick={() => void post('/switch', {name: each.name, state: each.off ? 'on' : 'off'}, done)}
            >
              {act}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function Marks() {
  const marks = [...store.marks].reverse().slice(0, 8);
  return (
    <>
      <h3>Marks</h3>
      {marks.length === 0 ? (
        <p class="muted">
          None. <code>weir drill</code> sets them; so does a POST to <code>/marks</code>.
        </p>
      ) : (
        <ol class="marks">
          {marks.map((mark) => (
            <li key={`${mark.at}${mark.label}`}>
              <i class={`sign m-${mark.kind}`} />
              <time>{clock(mark.at)}</time> {mark.kind} <b>{mark.label}</b>
            </li>
          ))}
        </ol>
      )}
    </>
  );
}

export function Configuration() {
  const [text, setText] = useState('');
  const [open, setOpen] = useState(false);
  const number = store.now?.config;
  // Again when a reload, or another process, puts another one in force.
  useEffect(() => {
    if (!open) return;
    fetch('/config')
      .then((answer) => answer.text())
      .then(setText, () => setText('Weir did not answer.'));
  }, [open, number, store.hello?.token]);
  return (
    <details class="panel" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>Configuration in force</h2>
      </summary>
      <pre tabIndex={0} aria-label="configuration">
        {text.split('\n').map((line, i) => {
          const at = line.indexOf('#');
          return (
            <span key={i}>
              {at < 0 ? line : line.slice(0, at)}
              {at >= 0 && <em>{line.slice(at)}</em>}
              {'\n'}
            </span>
          );
        })}
      </pre>
    </details>
  );
}
