import { act, type ReactNode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { onTestFinished } from 'vitest';

/** A screen that React paints on. */
export interface Screen {
  readonly element: HTMLElement;
  readonly text: string;
  readonly root: Root;
  show(node: ReactNode): Promise<void>;
  clear(): Promise<void>;
}

/** Opens a screen that ends with its test. What React complains of fails the test. */
export function openScreen(): Screen {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  const { error } = console;
  console.error = (...said: unknown[]) => {
    throw new Error(`React complains: ${said.join(' ')}`);
  };
  const element = document.createElement('div');
  const root = createRoot(element);
  const clear = () => act(async () => root.unmount());
  onTestFinished(async () => {
    await clear();
    console.error = error;
  });
  return {
    element,
    get text() {
      return element.textContent ?? '';
    },
    root,
    show: (node) => act(async () => root.render(node)),
    clear,
  };
}
