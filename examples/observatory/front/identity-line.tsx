import type { ReactNode } from 'react';

/** Says who this browser is, and how to send it a message from a terminal. */
export function IdentityLine({ user }: { user: string }): ReactNode {
  return (
    <section className="identity" aria-label="You">
      <p>
        You are <b id="user">{user}</b>. A second tab is you too; a private window is someone else, who sees nothing of
        yours. Say something from a terminal:
      </p>
      <pre>
        <code>{`npx message-flow send ${quoteForShell(user)} "TASK DONE" '"hello"'${nameGateway()}`}</code>
      </pre>
    </section>
  );
}

/** The command's own default is the port that `make` takes. */
function nameGateway(): string {
  return location.port === '5000' ? '' : ` --gateway ${location.origin}/gateway`;
}

function quoteForShell(word: string): string {
  return /^[\w@.+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
