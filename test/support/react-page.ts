import { createHooks } from 'message-flow/react';
import type { app } from '../client/stores/app.ts';
import { followed } from './stores-page.ts';

/** What a page that is made with React asks for, beside all else. size.test.ts bundles and weighs it; nothing runs it. */
console.log(createHooks<typeof app>(), followed.get());
