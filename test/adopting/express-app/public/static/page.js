document.getElementById('order').addEventListener('submit', async (event) => {
  event.preventDefault();
  const title = new FormData(event.target).get('title');
  const { id } = await post('/reports', { title });
  await poll(id);
});

async function poll(id) {
  const report = await (await fetch(`/reports/${id}`)).json();
  if (report.state === 'done') show(report.text);
  else setTimeout(poll, 1_000, id);
}

function show(text) {
  const line = document.createElement('li');
  line.textContent = text;
  document.getElementById('reports').append(line);
}

async function post(path, body) {
  const headers = { 'content-type': 'application/json' };
  return (await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
}
