const WARNED = Symbol.for('m2m-guard@0/insecure-hosts')

/** Emits one process warning per host and process, because credentials and keys are sent to it without encryption. */
export function warnOfInsecureHosts(hosts: readonly string[]): void {
  const warned = warnedHosts()
  for (const host of hosts) {
    if (warned.has(host)) continue
    warned.add(host)
    process.emitWarning(
      `${host} is called over plain http, because the option insecureHosts lists it. ` +
        'Everyone on the path can read credentials and tokens, and can replace keys',
      { code: 'M2M_GUARD_INSECURE_HOST' },
    )
  }
}

/** The hosts that all copies of this package in the process have warned of. */
function warnedHosts(): Set<string> {
  const holder = globalThis as { [WARNED]?: Set<string> }
  return (holder[WARNED] ??= new Set())
}
