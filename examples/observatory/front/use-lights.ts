import { useCallback, useEffect, useRef, useState } from 'react';
import type { Station } from './ring-figure.tsx';

const STEP_MS = 150;
const GLOW_MS = 600;

/** Lights stations of the ring one after the other, each for a moment. */
export function useLights(): { lit: ReadonlySet<Station>; light: (...stations: Station[]) => void } {
  const [lit, setLit] = useState<ReadonlySet<Station>>(new Set());
  const timers = useRef(new Set<ReturnType<typeof setTimeout>>());

  useEffect(() => {
    const pending = timers.current;
    return () => {
      for (const timer of pending) clearTimeout(timer);
      pending.clear();
    };
  }, []);

  const light = useCallback((...stations: Station[]) => {
    const later = (delayMs: number, change: () => void) => {
      const timer = setTimeout(() => {
        timers.current.delete(timer);
        change();
      }, delayMs);
      timers.current.add(timer);
    };
    for (const [i, station] of stations.entries()) {
      later(i * STEP_MS, () => setLit((now) => new Set(now).add(station)));
      later(i * STEP_MS + GLOW_MS, () => setLit((now) => new Set([...now].filter((other) => other !== station))));
    }
  }, []);

  return { lit, light };
}
