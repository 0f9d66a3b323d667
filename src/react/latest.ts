import { useLayoutEffect, useRef } from 'react';

/**
 * Keeps what the latest render gave, for whoever is called later. It changes after all effects of the render before have
 * ended, so that what still comes to those goes to their own handler.
 */
export function useLatest<T>(value: T): { readonly current: T } {
  const latest = useRef(value);
  useLayoutEffect(() => {
    latest.current = value;
  });
  return latest;
}
