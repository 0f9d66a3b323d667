/** What a bundler's development server calls, as far as the test does. The package has no types. */
declare module 'react-refresh/runtime' {
  const runtime: {
    injectIntoGlobalHook(global: object): void;
    register(component: unknown, id: string): void;
    setSignature(component: unknown, signature: string): void;
    performReactRefresh(): unknown;
  };
  export = runtime;
}
