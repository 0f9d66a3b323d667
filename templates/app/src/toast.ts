/** Shows a text for some seconds; as text, never as HTML, as a user may have written it. */
export function toast(text: string): void {
  const line = document.createElement('p');
  line.role = 'status';
  line.textContent = text;
  document.body.append(line);
  setTimeout(() => line.remove(), 10_000);
}
