import { type ReactNode, useEffect, useState } from 'react';
import { desk } from './desk-client.ts';

/** Says who this browser is, and how to send it a message from a terminal. */
export function IdentityLine({ user }: { user: string }): ReactNode {
  const [options, setOptions] = useState<string>();

  useEffect(() => {
    desk.fetchPublishKeyFile().then(
      (file) => setOptions(nameGateway() + nameKeyFile(file)),
      () => setOptions(nameGateway()),
    );
  }, []);

  return (
    <section className="identity" aria-label="You">
      <p>
        You are <b id="user">{user}</b>. A second tab is you too; a private window is someone else, who sees nothing of
        yours. Say something from a terminal:
      </p>
      <pre>
        {options !== undefined && (
          <code>{`npx message-flow send ${quoteForShell(user)} "TASK DONE" '"hello"'${options}`}</code>
        )}
      </pre>
    </section>
  );
}

/** The command's own default is the port that `make` takes. */
function nameGateway(): string {
  return location.port === '5000' ? '' : ` --gateway ${location.origin}/gateway`;
}

function nameKeyFile(file: string | undefined): string {
  return file === undefined ? '' : ` --publish-key-file ${quoteForShell(file)}`;
}

function quoteForShell(word: string): string {
  return /^[\w@.+/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
