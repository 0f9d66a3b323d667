import { Counter, Gauge, Registry } from 'prom-client';
import { CLOSE_CODES } from '../protocol/index.ts';

/** Counts what passes through a gateway, for Prometheus. */
export interface Traffic {
  countOpen(): void;
  countClose(code: number): void;
  countRefusal(reason: string): void;
  countEntries(entries: number, bytes: number): void;
  /** `reason`: why, or `untold`: the peer's dialect has no word for it. */
  countGap(reason: string): void;
  countFault(during: string): void;
  countPublished(result: 'stored' | 'failed' | 'refused'): void;
  /** The text that Prometheus reads, and its content type. */
  render(): Promise<{ readonly text: string; readonly contentType: string }>;
}

/** What is measured when asked for. */
export interface TrafficGauges {
  connections(): number;
  logs(): number;
  subscriptions(): number;
  ringBytes(): number;
  waitingReads(): number;
}

const OWN_CODES: readonly number[] = Object.values(CLOSE_CODES);

/** Creates counters of their own registry: several gateways in one process stay apart. */
export function createTraffic(gauges: TrafficGauges): Traffic {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter({ name: `message_flow_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `message_flow_${name}`,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge('connections', 'Open connections', gauges.connections);
  gauge('logs', 'Logs followed', gauges.logs);
  gauge('subscriptions', 'Subscriptions of connections to logs', gauges.subscriptions);
  gauge('ring_bytes', 'Memory held for the latest entries, in bytes', gauges.ringBytes);
  gauge('reads_waiting', 'Reads that wait for the broker', gauges.waitingReads);
  const opened = counter('connections_opened_total', 'Connections opened');
  const closed = counter('connections_closed_total', 'Connections closed, by close code', ['code']);
  const refused = counter('tokens_refused_total', 'Tokens refused, by reason', ['reason']);
  const entries = counter('entries_sent_total', 'Entries written to connections');
  const bytes = counter('entry_bytes_sent_total', 'Bytes of entries written to connections');
  const gaps = counter('gaps_sent_total', 'Gaps told, by reason; untold: to peers whose dialect has no word for it', [
    'reason',
  ]);
  const faults = counter('faults_total', 'Faults survived, by what was under way', ['during']);
  const published = counter('published_total', 'Messages posted to /publish, by result', ['result']);

  return {
    countOpen: () => opened.inc(),
    // A peer may send any code: those of the protocol and of RFC 6455, 7.4.1 have a series of their own.
    countClose: (code) => closed.inc({ code: code <= 1015 || OWN_CODES.includes(code) ? String(code) : 'other' }),
    countRefusal: (reason) => refused.inc({ reason }),
    countEntries(count, size) {
      entries.inc(count);
      bytes.inc(size);
    },
    countGap: (reason) => gaps.inc({ reason }),
    countFault: (during) => faults.inc({ during }),
    countPublished: (result) => published.inc({ result }),
    render: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  };
}
