import type { ReactNode } from 'react';

export interface Toast {
  key: string;
  title: string;
  text: string;
}

/** Shows messages for a moment; who shows them takes them away again. */
export function Toasts({
  toasts,
  onDismiss,
}: {
  toasts: readonly Toast[];
  onDismiss: (key: string) => void;
}): ReactNode {
  return (
    <ul className="toasts" aria-live="polite">
      {toasts.map(({ key, title, text }) => (
        <li key={key}>
          <b>{title}</b>
          <p>{text}</p>
          <button type="button" className="quiet" aria-label={`Dismiss ${title}`} onClick={() => onDismiss(key)}>
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
