import type { ReactNode } from 'react';
import { describePeriod, labelPeriods } from '../shared/period-text.ts';
import type { Result } from '../shared/result.ts';
import { boundsOf, Plot, tracePath } from './plot.tsx';

/** Shows what was measured. */
export function SeriesPlot({ result }: { result: Result }): ReactNode {
  const times = result.series.map(([time]) => time);
  const domain = [times[0] ?? 0, times.at(-1) ?? 1] as const;
  return (
    <Plot
      title="The series"
      description={`${result.pointCount} values of ${result.valueName}, from ${domain[0]} to ${domain[1]}.`}
      x={{ label: result.timeName, type: 'linear', domain }}
      y={{ label: result.valueName, type: 'linear', domain: boundsOf(result.series.map(([, value]) => value)) }}
    >
      {(x, y) => <path className="curve thin" d={tracePath(result.series, x, y)} />}
    </Plot>
  );
}

/** Shows how well each period fits, and marks the one that fits best. */
export function PeriodogramPlot({ result }: { result: Result }): ReactNode {
  const { best, series, spectrum, timeUnit } = result;
  const shortest = spectrum[0]?.[0] ?? 1;
  const longest = spectrum.at(-1)?.[0] ?? 10;
  const halfSpan = ((series.at(-1)?.[0] ?? 0) - (series[0]?.[0] ?? 0)) / 2;
  const highest = Math.max(...spectrum.map(([, power]) => power), 0.01);
  const found = best ? `The best is ${describePeriod(best.period, timeUnit)}.` : 'None stands out.';
  return (
    <Plot
      title="The periodogram"
      description={`How much of the variation each of ${result.frequencyCount} periods explains. ${found}`}
      x={{ label: labelPeriods(timeUnit), type: 'log', domain: [shortest, longest] }}
      y={{ label: 'power', type: 'linear', domain: [0, highest * 1.2] }}
    >
      {(x, y) => (
        <>
          {halfSpan < longest && (
            <rect
              className="unknowable"
              x={x.place(halfSpan)}
              y={y.place(highest * 1.2)}
              width={x.place(longest) - x.place(halfSpan)}
              height={y.place(0) - y.place(highest * 1.2)}
            >
              <title>Longer than half the series: not seen to repeat</title>
            </rect>
          )}
          <path className="curve" d={tracePath(spectrum, x, y)} />
          {best && (
            <g className="best">
              <line x1={x.place(best.period)} x2={x.place(best.period)} y1={y.place(0)} y2={y.place(best.power)} />
              <circle cx={x.place(best.period)} cy={y.place(best.power)} r="4" />
              <text
                x={x.place(best.period)}
                y={y.place(best.power) - 9}
                textAnchor={x.place(best.period) > 260 ? 'end' : 'middle'}
              >
                {describePeriod(best.period, timeUnit)}
              </text>
            </g>
          )}
        </>
      )}
    </Plot>
  );
}

/** Shows the series laid over itself at the best period, two turns of it: its mean, and one standard deviation around. */
export function FoldedPlot({ result }: { result: Result }): ReactNode {
  const turns = [...result.folded, ...result.folded.map(([phase, ...rest]) => [phase + 1, ...rest] as const)];
  const upper = turns.map(([phase, mean, deviation]) => [phase, mean + deviation] as const);
  const lower = turns.map(([phase, mean, deviation]) => [phase, mean - deviation] as const);
  const period = describePeriod(result.best?.period ?? 0, result.timeUnit);
  return (
    <Plot
      title={`Folded at ${period}`}
      description={`The mean course of ${result.valueName}, without its trend, over two periods of ${period}.`}
      x={{ label: 'phase', type: 'linear', domain: [0, 2] }}
      y={{ label: 'without trend', type: 'linear', domain: boundsOf([...upper, ...lower].map(([, value]) => value)) }}
    >
      {(x, y) => (
        <>
          <path className="band" d={`${tracePath([...upper, ...lower.reverse()], x, y)}Z`} />
          <path
            className="curve"
            d={tracePath(
              turns.map(([phase, mean]) => [phase, mean]),
              x,
              y,
            )}
          />
        </>
      )}
    </Plot>
  );
}
