connect();

function connect() {
  const socket = new WebSocket(`ws://${location.host}/websocket`);
  socket.onopen = () => say('Online', 'No');
  socket.onmessage = async ({ data: text }) => {
    if (text === '<3') return;
    const data = JSON.parse(text);
    if (data.id === 'AUTH REQUEST') socket.send(await (await fetch('/socket_auth_token')).text());
    else if (data.id === 'AUTH OK') say('Online', 'Yes');
    else if (data.id !== 'AUTH FAILED') messageHandler(data);
  };
  socket.onclose = () => {
    say('Offline', 'No');
    setTimeout(connect, 1_000);
  };
}

function messageHandler(data) {
  switch (data.id) {
    case 'report/done':
      show(data.data.text);
      break;
    default:
      console.error(`Unknown message ${JSON.stringify(data)} arrived`);
  }
}

function say(connected, authenticated) {
  document.getElementById('connected').textContent = connected;
  document.getElementById('authenticated').textContent = authenticated;
}

document.getElementById('order').addEventListener('submit', async (event) => {
  event.preventDefault();
  const title = new FormData(event.target).get('title');
  await post('/reports', { title });
});

function show(text) {
  const line = document.createElement('li');
  line.textContent = text;
  document.getElementById('reports').append(line);
}

async function post(path, body) {
  const headers = { 'content-type': 'application/json' };
  return (await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
}
