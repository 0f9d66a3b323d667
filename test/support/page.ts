import { createObservatoryClient } from '../../examples/observatory/front/client.ts';

/** All that the example's page asks of its client. size.test.ts bundles and weighs it; nothing runs it. */
const client = createObservatoryClient();
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
