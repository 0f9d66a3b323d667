import { createClient } from 'message-flow/client';

const client = createClient({ url: '/websocket' });

/** Takes every message, as the page of 2016 does. `client.on('TASK DONE', …)`, one handler an event, does as well. */
function messageHandler(data) {
  switch (data.id) {
    case 'TASK DONE':
      show(data.data);
      break;
    default:
      console.log(`Unknown message ${JSON.stringify(data)} arrived`);
  }
}

/** As text, never as HTML: a message may hold what a user wrote. */
function show(text) {
  const line = document.createElement('li');
  line.textContent = text;
  document.getElementById('messages').append(line);
}

client.onUnhandled(({ event, data }) => messageHandler({ id: event, data }));
client.onGap(({ log, reason }) => show(`Something was missed in ${log}: ${reason}`));
client.connection.subscribe(({ connected, authenticated }) => {
  document.getElementById('connected').textContent = connected ? 'Online' : 'Offline';
  document.getElementById('authenticated').textContent = authenticated ? 'Yes' : 'No';
});
client.connect();

document.getElementById('send').addEventListener('submit', async (event) => {
  event.preventDefault();
  const message = new FormData(event.target).get('message');
  const headers = { 'content-type': 'application/json' };
  const response = await fetch('/send', { method: 'POST', headers, body: JSON.stringify({ message }) });
  show((await response.json()).data);
});
