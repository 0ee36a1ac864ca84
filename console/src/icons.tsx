// A shape for each state, so that no meaning hangs on colour.

import type {State} from './wire';

const shapes: Record<State, preact.JSX.Element> = {
  healthy: <circle cx="6" cy="6" r="4.5" />,
  degraded: <path d="M6 1.5a4.5 4.5 0 0 0 0 9z M6 1.5a4.5 4.5 0 0 1 0 9" fill-rule="evenodd" />,
  unhealthy: <path d="M2 2l8 8M10 2l-8 8" class="stroke" />,
  ejected: <path d="M6 1l5 6H1zM1 9h10v2H1z" />,
  probation: <path d="M6 1l5 5-5 5-5-5z" class="hollow" />,
  draining: <path d="M1 2h10L6 11z" class="hollow" />,
  unchecked: <circle cx="6" cy="6" r="4" class="hollow dashed" />,
};

export function StateIcon({state, x, y, size}: {state: State; x?: number; y?: number; size?: number}) {
  return (
    <svg
      class={`state s-${state}`}
      viewBox="0 0 12 12"
      width={size ?? 12}
      height={size ?? 12}
      x={x}
      y={y}
      aria-hidden="true"
    >
      {shapes[state]}
    </svg>
  );
}
