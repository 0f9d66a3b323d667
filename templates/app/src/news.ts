import type { Client } from 'message-flow/client';
import type { app } from './contract.ts';

/** Hands on what comes, as text. */
export function followNews(client: Client<typeof app>, show: (text: string) => void): void {
  client.on('report/done', ({ text }) => show(text));
  client.channel('team/:team', { team: 'tea' }).on('report/ordered', ({ by }) => show(`${by} has ordered a report`));
  client.onGap(({ log, reason }) => {
    if (log.startsWith('user/')) show(`A report may have been missed: ${reason}`);
  });
}
