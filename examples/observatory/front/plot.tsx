import { type ReactNode, useId } from 'react';
import { type Axis, createScale, type Scale } from './scale.ts';

// In the units of the drawing, which is as wide as its place on the page: letters grow and shrink with it.
const WIDTH = 360;
const HEIGHT = 210;
const LEFT = 54;
const RIGHT = WIDTH - 10;
const TOP = 12;
const BOTTOM = HEIGHT - 40;

export interface PlotProps {
  title: string;
  /** What the plot shows, in a sentence, for who cannot see it. */
  description: string;
  x: Axis;
  y: Axis;
  /** Draws what the plot is about, inside the axes. */
  children: (x: Scale, y: Scale) => ReactNode;
}

/** Draws two axes around whatever is to be shown. Colours come from the style sheet. */
export function Plot({ title, description, x, y, children }: PlotProps): ReactNode {
  const id = useId();
  const across = createScale(x, LEFT, RIGHT);
  const up = createScale(y, BOTTOM, TOP);
  return (
    <figure className="plot">
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={`${id}-title ${id}-description`}>
        <title id={`${id}-title`}>{title}</title>
        <desc id={`${id}-description`}>{description}</desc>
        <g className="grid">
          {up.ticks.map(({ value, label }) => (
            <g key={label}>
              <line x1={LEFT} x2={RIGHT} y1={up.place(value)} y2={up.place(value)} />
              <text x={LEFT - 6} y={up.place(value)} dy="0.32em" textAnchor="end">
                {label}
              </text>
            </g>
          ))}
          {across.ticks.map(({ value, label }) => (
            <g key={label}>
              <line x1={across.place(value)} x2={across.place(value)} y1={BOTTOM} y2={BOTTOM + 4} />
              <text x={across.place(value)} y={BOTTOM + 16} textAnchor="middle">
                {label}
              </text>
            </g>
          ))}
        </g>
        {children(across, up)}
        <line className="base" x1={LEFT} x2={RIGHT} y1={BOTTOM} y2={BOTTOM} />
        <text className="axis" x={(LEFT + RIGHT) / 2} y={HEIGHT - 6} textAnchor="middle">
          {x.label}
        </text>
        <text className="axis" transform={`translate(11 ${(TOP + BOTTOM) / 2}) rotate(-90)`} textAnchor="middle">
          {y.label}
        </text>
      </svg>
    </figure>
  );
}

/** The path through points, in the coordinates of a plot. */
export function tracePath(points: readonly (readonly [number, number])[], x: Scale, y: Scale): string {
  return points.map(([a, b], i) => `${i === 0 ? 'M' : 'L'}${x.place(a).toFixed(1)} ${y.place(b).toFixed(1)}`).join('');
}

/** The smallest axis that holds all values, with a little air. */
export function boundsOf(values: readonly number[]): [from: number, to: number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const air = (high - low || Math.abs(high) || 1) * 0.05;
  return [low - air, high + air];
}
