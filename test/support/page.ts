import { createClient } from 'message-flow/client';
import type { observatory } from '../../examples/observatory/shared/contract.ts';

/** All that the example's page asks of its client, but for stores. size.test.ts bundles and weighs it; nothing runs it. */
const client = createClient<typeof observatory>({ url: '/websocket', flow: '/flow' });
/** Used by the pages that go on from this one: of a bare import nothing would be left, as the package has no side effects. */
export const show = (said: unknown): void => console.log(said);

client.on('run/queued', show);
client.on('run/progress', show);
client.on('run/ended', show);
client.on('news', show);
client.on('TASK DONE', show);
client.onUnhandled(show);
client.onGap(show);
client.connection.subscribe(show);
show(client.connection.get());
