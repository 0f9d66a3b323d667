import { createClient } from 'message-flow/client';
import type { observatory } from '../../examples/observatory/shared/contract.ts';

/** All that the example's page asks of its client, but for stores. size.test.ts bundles and weighs it; nothing runs it. */
const client = createClient<typeof observatory>({ url: '/websocket', flow: '/flow' });
const show = (said: unknown) => console.log(said);

client.on('run/queued', show);
client.on('run/progress', show);
client.on('run/ended', show);
client.on('news', show);
client.on('TASK DONE', show);
client.onUnhandled(show);
client.onGap(show);
client.connection.subscribe(show);
show(client.connection.get());
