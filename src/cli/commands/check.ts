import { takePositionals } from '../arguments.ts';
import { type Command, createCommand } from '../command.ts';
import { findGatewayFaults, GATEWAY_OPTIONS } from '../gateway-options.ts';
import { formatWebSocketUrl } from '../gateway-socket.ts';
import { textOption } from '../option.ts';
import { findUrlFault } from '../options.ts';
import { escapeControls } from '../safe-text.ts';
import { checkBroker, checkRoute, checkWebSocket, type Finding } from '../system-check.ts';

/** Short, so that the table's lines begin alike. */
const NAME_WIDTH = 15;

/** Checks a configuration, and a running system with it. */
export const checkCommand: Command = createCommand({
  name: 'check',
  says: 'checks a configuration, and a running gateway with it',
  usages: [''],
  notes: [
    'Prints a line a check: ok, failed with what to do, or skipped. Reads what message-flow gateway reads; with --gateway it asks',
    'a running one, and with a secret it signs in there. Exit code 1 when a check failed.',
  ],
  options: {
    ...GATEWAY_OPTIONS,
    gateway: textOption({
      says: "where a running gateway's HTTP routes are",
      placeholder: 'URL',
      check: (text) => findUrlFault(text, ['http:', 'https:']),
    }),
  },
  reportsMistakes: true,
  examples: [
    'message-flow check --config message-flow.json',
    'message-flow check --gateway http://localhost:5000/gateway --development',
  ],
  async run({ settings, sources, positionals, io, mistakes }) {
    takePositionals('check', positionals, []);
    let failures = 0;
    function tell({ name, state, detail }: Finding): void {
      if (state === 'failed') failures++;
      io.stdout.write(`${name.padEnd(NAME_WIDTH)}${state.padEnd(9)}${escapeControls(detail)}\n`.replace(/ +\n$/, '\n'));
    }

    // Without a broker in the configuration it is none of a gateway, and the default is not asked about.
    const faults = sources.has('broker')
      ? findGatewayFaults(settings, sources)
      : findGatewayFaults({ ...settings, single: true }, sources);
    const wrong = [...mistakes, ...faults];
    for (const detail of wrong) tell({ name: 'configuration', state: 'failed', detail });
    if (wrong.length === 0)
      tell({ name: 'configuration', state: 'ok', detail: [...sources.values()].join(', ') || 'nothing is set' });
    tell(await checkBroker(settings, sources.has('broker'), io));
    const { gateway, path, secret, development } = settings;
    if (gateway === undefined) {
      tell({ name: 'gateway', state: 'skipped', detail: 'name a running one by --gateway' });
      return failures === 0 ? 0 : 1;
    }
    for (const route of ['health', 'ready'] as const) tell(await checkRoute(gateway, route, io));
    for (const finding of await checkWebSocket(formatWebSocketUrl(gateway, path), secret, development, io))
      tell(finding);
    return failures === 0 ? 0 : 1;
  },
});
