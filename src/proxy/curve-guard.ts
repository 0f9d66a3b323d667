import { deriveCurveKeys, encodeZ85, readAll, type Zeromq } from '../broker/zeromq/index.ts';

// ZeroMQ RFC 27: where a process asks whom to let in, and how it is answered.
const ZAP_ENDPOINT = 'inproc://zeromq.zap.01';

/** Lets in who has the peers' key, and nobody else. */
export interface CurveGuard {
  /** What the sockets that it guards are made with. */
  readonly options: {
    readonly context: InstanceType<Zeromq['Context']>;
    readonly curveServer: true;
    readonly curveSecretKey: string;
    readonly zapDomain: string;
  };
  close(): void;
}

/** Opens a guard over sockets of a context of its own. */
export async function openCurveGuard(zeromq: Zeromq, secret: string): Promise<CurveGuard> {
  const peerKey = deriveCurveKeys(secret, 'peer').publicKey;
  const context = new zeromq.Context();
  const gate = new zeromq.Reply({ context, linger: 0 });
  await gate.bind(ZAP_ENDPOINT);
  const isPeer = (key: Buffer | undefined) => key?.length === 32 && encodeZ85(key) === peerKey;
  // Rejects never: the library asks one question at a time, and takes the answer.
  void readAll(gate, async ([version = '', id = '', _domain, _address, _identity, mechanism, key]) => {
    const isGood = mechanism?.toString() === 'CURVE' && isPeer(key);
    await gate.send([version, id, ...(isGood ? ['200', 'OK'] : ['400', 'unknown key']), '', '']);
  });
  return {
    options: {
      context,
      curveServer: true,
      curveSecretKey: deriveCurveKeys(secret, 'proxy').secretKey,
      zapDomain: 'message-flow',
    },
    close: () => gate.close(),
  };
}
