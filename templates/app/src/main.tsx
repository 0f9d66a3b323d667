import { createRoot } from 'react-dom/client';
import { client } from './client.ts';
import { followNews } from './news.ts';
import { Screen } from './screen.tsx';
import { toast } from './toast.ts';

followNews(client, toast);
client.connection.subscribe(({ state }) => {
  if (state === 'signed-out') location.assign('/sign-in.html');
});
createRoot(document.querySelector('main') as HTMLElement).render(<Screen client={client} />);
