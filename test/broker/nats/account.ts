/** What the account of backends and gateways may do, as docs/delivery.md says: no more is needed, once the streams are there. */
export function createPermissions(prefix = 'message-flow'): string {
  const calls = ['messages', 'runs', 'control'].flatMap((kind) => {
    const stream = `${prefix}-${kind}`;
    return [
      `$JS.API.STREAM.INFO.${stream}`,
      `$JS.API.STREAM.MSG.GET.${stream}`,
      `$JS.API.DIRECT.GET.${stream}`,
      `$JS.API.CONSUMER.CREATE.${stream}`,
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
      `$JS.API.CONSUMER.DELETE.${stream}.*`,
    ];
  });
  const publish = [`${prefix}.log.>`, ...calls];
  const subscribe = [`${prefix}.live.>`, `${prefix}.inbox.>`];
  return `{ publish: ${JSON.stringify(publish)}, subscribe: ${JSON.stringify(subscribe)} }`;
}
